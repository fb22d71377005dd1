"""Times of day are the town's: desks and wallboards are told its zone, story lines are in it."""

from __future__ import annotations

from datetime import datetime

import pytest

from router.core.model import DAY, HOUR, ItemId
from router.core.state import State
from router.desk.stories import in_english, story_of
from router.desk.view_types import instant_of, time_of_day
from router.desk.views import PolicyView
from tests.desk.house import House
from tests.desk.test_api import _ask

TORONTO = "America/Toronto"


@pytest.mark.parametrize(
    ("utc", "zone", "shown"),
    [
        ("2026-11-01T05:30:00+00:00", TORONTO, "01:30"),  # the first of two
        ("2026-11-01T06:30:00+00:00", TORONTO, "01:30"),  # the second
        ("2026-11-01T07:00:00+00:00", TORONTO, "02:00"),
        ("2026-11-01T05:30:00+00:00", "America/St_Johns", "02:00"),
        ("2026-11-01T03:59:00+00:00", TORONTO, "2026-10-31 23:59"),
    ],
)
def test_a_time_of_day_is_that_of_the_towns_clocks(utc: str, zone: str, shown: str) -> None:
    now = instant_of(datetime.fromisoformat("2026-11-01T12:00:00+00:00"))
    assert time_of_day(zone, instant_of(datetime.fromisoformat(utc)), now) == shown


async def test_a_story_tells_the_towns_time_and_the_day_once_it_is_over(town_hall: House) -> None:
    await town_hall.form("F1")
    state = town_hall.engine.state
    assert told(state) == "sent a form report at 10:00"
    await town_hall.pass_time(DAY + HOUR)
    state = town_hall.engine.state
    assert "at 2026-11-23 10:00" in told(state)


def told(state: State) -> str:
    """Return the first line of the form's story."""
    return in_english(state, story_of(state, state.items[ItemId("F1")]))[0]


async def test_desks_wallboards_and_pages_are_told_the_zone(town_hall: House) -> None:
    async with town_hall.desk("amina") as amina:
        assert amina.welcome["policy"]["time_zone"] == TORONTO
    told = (await _ask(town_hall, "amina", "GET", "/policy")).json()
    assert told["time_zone"] == TORONTO
    assert set(told) == set(PolicyView.__struct_fields__)
