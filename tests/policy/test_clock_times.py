"""Opening hours, dates and holidays that cannot be."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import FALLBACK, HOURS, Mistake, expect

TIMES = {
    "ends before it begins": Mistake(
        HOURS, "mon-fri: 08:00-19:00", "mon-fri: 19:00-18:00", "19:00-18:00",
        "hours.calling_back.weekly.mon-fri", "ends before it begins",
    ),
    "ends when it begins": Mistake(
        HOURS, "mon-fri: 08:00-19:00", "mon-fri: 08:00-08:00", "08:00-08:00",
        "hours.calling_back.weekly.mon-fri", "ends when it begins",
    ),
    "overlap": Mistake(
        HOURS, "mon-fri: 08:00-19:00", "mon-fri: 08:00-12:00, 11:30-19:00", "08:00-12:00, 11:30",
        "hours.calling_back.weekly.mon-fri", "08:00-12:00 and 11:30-19:00 overlap",
    ),
    "no time of day": Mistake(
        HOURS, "mon-fri: 08:00-19:00", "mon-fri: 08:00-25:00", "08:00-25:00",
        "hours.calling_back.weekly.mon-fri", "25:00 is no time of day",
    ),
    "not written as a time": Mistake(
        HOURS, "mon-fri: 08:00-19:00", "mon-fri: 8-19", "8-19",
        "hours.calling_back.weekly.mon-fri", "write for example 08:00-18:00",
    ),
    "day named twice": Mistake(
        HOURS, "      mon-fri: 08:00-19:00\n", "      mon-fri: 08:00-19:00\n      wed: closed\n",
        "calling_back:", "hours.calling_back", "weekly names wed twice",
    ),
    "runs into the next day": Mistake(
        HOURS, "mon-fri: 08:00-19:00", "mon-thu: 08:00-19:00\n      fri: 20:00-10:00",
        "calling_back:", "hours.calling_back", "fri runs past midnight into the hours of sat",
    ),
    "unknown weekday": Mistake(
        HOURS, "sat, sun: 09:00-16:00", "sat, son: 09:00-16:00", "sat, son",
        "hours.recreation_line.weekly.sat, son", "did you mean",
    ),
    "dates end before they begin": Mistake(
        HOURS, "first: 2026-12-24, last: 2026-12-26", "first: 2026-12-24, last: 2026-12-06",
        "first: 2026-12-24",
        "hours.recreation_line.dates[0]", "ends on 2026-12-06, before it begins on 2026-12-24",
        inside=-1,
    ),
    "removed holiday is none": Mistake(
        HOURS, "removed: []", "removed: [2026-11-11]", "2026-11-11", "holidays.removed[0]",
        "2026-11-11 is no statutory holiday",
    ),
    "unknown province": Mistake(
        HOURS, "province: ON", "province: XX", "XX", "holidays.province", "no holidays are known",
    ),
    "shifts overlap": Mistake(
        FALLBACK, "first: 2026-12-28", "first: 2026-12-27", "first: 2026-12-27",
        "on_call.operations_on_call.shifts[1]", "overlaps the shift from 2026-12-21 to 2026-12-27",
        inside=-1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TIMES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(TIMES[name], town)
