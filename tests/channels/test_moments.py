"""Instants are said in the town's zone and the resident's language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from channels.moments import moment

ZONE = "America/Toronto"


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()) * 10**9


NOW = instant("2026-11-22T10:00")


@pytest.mark.parametrize(
    ("local", "english", "french"),
    [
        ("2026-11-24T18:00", "Tuesday, November 24, at 6 pm", "mardi 24 novembre à 18 h"),
        ("2026-11-24T08:30", "Tuesday, November 24, at 8:30 am", "mardi 24 novembre à 8 h 30"),
        ("2026-12-01T12:00", "Tuesday, December 1, at noon", "mardi 1er décembre à midi"),
        ("2026-12-02T00:00", "Wednesday, December 2, at midnight", "mercredi 2 décembre à minuit"),
        ("2026-12-02T00:05", "Wednesday, December 2, at 12:05 am", "mercredi 2 décembre à 0 h 05"),
        ("2027-01-04T17:00", "Monday, January 4, 2027, at 5 pm", "lundi 4 janvier 2027 à 17 h"),
    ],
)
def test_an_instant_is_said_in_the_towns_zone(local: str, english: str, french: str) -> None:
    assert moment("en", instant(local), ZONE, NOW) == english
    assert moment("fr", instant(local), ZONE, NOW) == french
    assert moment("pl", instant(local), ZONE, NOW) == english
