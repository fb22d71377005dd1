"""Instants as people say them, in the town's zone and the resident's language. Pure.

A language that is not here is answered in English.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from router.core.model import SECOND, Instant

DEFAULT: Final = "en"

_NOON: Final = {"en": "noon", "fr": "midi"}
_MIDNIGHT: Final = {"en": "midnight", "fr": "minuit"}
_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_MONTHS: Final = {
    "en": [
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ],
    "fr": [
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ],
}


def moment(language: str, instant: Instant, zone: str, now: Instant) -> str:
    """Return an instant as people say it: "Tuesday, November 24, at 6 pm".

    Shape: in the town's zone; the year is said when it is not the present one. French begins
        without article, to follow "le": "mardi 24 novembre à 18 h".
    """
    language = language if language in _DAYS else DEFAULT
    at = _local(instant, zone)
    clock = _clock(language, at)
    day, month = _DAYS[language][at.weekday()], _MONTHS[language][at.month - 1]
    other_year = at.year != _local(now, zone).year
    if language == "fr":
        number = "1er" if at.day == 1 else str(at.day)
        return f"{day} {number} {month}{f' {at.year}' if other_year else ''} à {clock}"
    return f"{day}, {month} {at.day}{f', {at.year}' if other_year else ''}, at {clock}"


def _clock(language: str, at: datetime) -> str:
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        return (_MIDNIGHT if at.hour == 0 else _NOON)[language]
    if language == "fr":
        return f"{at.hour} h" + (f" {at.minute:02}" if at.minute else "")
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'am' if at.hour < 12 else 'pm'}"


def _local(instant: Instant, zone: str) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, ZoneInfo(zone))
