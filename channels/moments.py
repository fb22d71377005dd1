"""Instants as people say them, in the town's zone and the resident's language. Pure.

A language that is not here is answered in English.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from router.core.model import SECOND, Instant

DEFAULT: Final = "en"

_AT: Final = {"en": ", at ", "fr": " à "}  # between a day and its hour
_TO: Final = {"en": "to", "fr": "à"}
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


def span_of_day(language: str, starts: Instant, ends: Instant, zone: str, now: Instant) -> str:
    """Return a time of one day: "Tuesday, November 24, 8 am to 10 am", "mardi 24 novembre, ..."."""
    language = language if language in _DAYS else DEFAULT
    day, _, begins = moment(language, starts, zone, now).rpartition(_AT[language])
    return f"{day}, {begins} {_TO[language]} {_clock(language, _local(ends, zone))}"


def _clock(language: str, at: datetime) -> str:
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        return (_MIDNIGHT if at.hour == 0 else _NOON)[language]
    if language == "fr":
        return f"{at.hour} h" + (f" {at.minute:02}" if at.minute else "")
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'am' if at.hour < 12 else 'pm'}"


def _local(instant: Instant, zone: str) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, ZoneInfo(zone))


def iso(instant: Instant, zone: str, *, to: str = "minutes") -> str:
    """Return an instant as ISO 8601 with the town's offset, to the minute or to "seconds"."""
    return _local(instant, zone).isoformat(timespec=to)


def instant_of(text: str) -> Instant | None:
    """Return the instant that `iso` wrote; None when the text is none with an offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if read.tzinfo is None else int(read.timestamp()) * SECOND
