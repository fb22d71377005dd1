"""Opening hours by example: precedence, midnight, clock changes, hours without end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from router.core.hours import (
    Emergency,
    Hours,
    Override,
    Range,
    Standing,
    local_date,
    next_close,
    next_open,
    open_intervals,
    openings_of,
    standing,
)

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
CLOSED_WEEK: tuple[tuple[Range, ...], ...] = ((),) * 7
OFFICE = ((Range(510, 990),),) * 5 + ((), ())  # Monday to Friday, 8:30 to 16:30
EVERY_DAY = ((Range(0, 1440),),) * 7


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def toronto(text: str) -> int:
    zone = ZoneInfo("America/Toronto")
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


TOWN = Hours(
    id="town-hall",
    time_zone="America/Toronto",
    weekly=OFFICE,
    holidays={
        "2026-07-01": "Canada Day",
        "2026-12-25": "Christmas Day",
        "2026-12-28": "Boxing Day (observed)",
    },
    overrides=(
        Override("2026-12-24", "2026-12-24", (Range(510, 720),), "Christmas Eve"),
        Override("2026-12-28", "2026-12-28", (Range(600, 720),), "Snow desk"),
    ),
)


# --- one instant at a time --------------------------------------------------------------------


def test_a_working_day_is_open_until_its_end() -> None:
    expected = Standing(True, "open", "", toronto("2026-06-02T16:30"))
    assert standing(TOWN, toronto("2026-06-02T09:00")) == expected


def test_hours_are_half_open() -> None:
    begin, end = toronto("2026-06-02T08:30"), toronto("2026-06-02T16:30")
    assert [standing(TOWN, t).is_open for t in (begin - 1, begin, end - 1, end)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_weekend_is_one_stretch_of_closed() -> None:
    expected = Standing(False, "closed", "", toronto("2026-06-08T08:30"))
    assert standing(TOWN, toronto("2026-06-05T16:30")) == expected
    assert standing(TOWN, toronto("2026-06-07T12:00")) == expected


def test_a_holiday_is_closed_and_says_its_name() -> None:
    expected = Standing(False, "holiday", "Canada Day", toronto("2026-07-02T00:00"))
    assert standing(TOWN, toronto("2026-07-01T10:00")) == expected


def test_the_evening_before_a_holiday_changes_rule_at_midnight_though_it_stays_closed() -> None:
    assert standing(TOWN, toronto("2026-06-30T20:00")).changes_at == toronto("2026-07-01T00:00")
    assert next_open(TOWN, toronto("2026-06-30T20:00")) == toronto("2026-07-02T08:30")


def test_a_dated_override_shortens_the_day_and_speaks_for_all_of_it() -> None:
    morning = standing(TOWN, toronto("2026-12-24T09:00"))
    assert morning == Standing(True, "override", "Christmas Eve", toronto("2026-12-24T12:00"))
    after = standing(TOWN, toronto("2026-12-24T13:00"))
    assert after == Standing(False, "override", "Christmas Eve", toronto("2026-12-25T00:00"))


def test_a_dated_override_beats_a_holiday() -> None:
    expected = Standing(True, "override", "Snow desk", toronto("2026-12-28T12:00"))
    assert standing(TOWN, toronto("2026-12-28T11:00")) == expected


def test_the_shortest_override_wins_then_the_closed_one_then_the_first() -> None:
    hours = Hours(
        "pool",
        "UTC",
        CLOSED_WEEK,
        {},
        (
            Override("2026-07-01", "2026-08-31", (Range(600, 1200),), "summer"),
            Override("2026-07-10", "2026-07-10", (Range(600, 660),), "half day"),
            Override("2026-07-10", "2026-07-10", (), "repairs"),
            Override("2026-07-11", "2026-07-11", (Range(600, 660),), "written first"),
            Override("2026-07-11", "2026-07-11", (Range(600, 720),), "written second"),
        ),
    )
    reasons = [standing(hours, utc(f"2026-07-{day}T10:30")).reason for day in ("09", "10", "11")]
    assert reasons == ["summer", "repairs", "written first"]


def test_two_holidays_in_a_row_change_at_the_midnight_between_them() -> None:
    hours = Hours("h", "UTC", OFFICE, {"2026-12-25": "Christmas", "2026-12-26": "Boxing Day"})
    assert standing(hours, utc("2026-12-25T10:00")).changes_at == utc("2026-12-26T00:00")


# --- past midnight ----------------------------------------------------------------------------


def night(holidays: dict[str, str] | None = None, overrides: tuple[Override, ...] = ()) -> Hours:
    """Open from Friday 20:00 to Saturday 02:00 and at no other time."""
    weekly = ((),) * 4 + ((Range(1200, 1560),),) + ((), ())
    return Hours("night", "UTC", weekly, holidays or {}, overrides)


@pytest.mark.parametrize(
    ("hours", "until"),
    [
        pytest.param(night(), "2026-06-06T02:00", id="a plain closed Saturday keeps the tail"),
        pytest.param(night({"2026-06-06": "Fair"}), "2026-06-06T00:00", id="a holiday cuts it"),
        pytest.param(
            night(overrides=(Override("2026-06-06", "2026-06-06"),)),
            "2026-06-06T00:00",
            id="a closing override cuts it",
        ),
        pytest.param(
            night(overrides=(Override("2026-06-06", "2026-06-06", (Range(600, 660),)),)),
            "2026-06-06T02:00",
            id="an override with ranges keeps it",
        ),
        pytest.param(
            night(
                {"2026-06-06": "Fair"},
                (Override("2026-06-06", "2026-06-06", (Range(600, 660),)),),
            ),
            "2026-06-06T02:00",
            id="an override with ranges takes the holiday's place",
        ),
    ],
)
def test_what_runs_past_midnight_ends(hours: Hours, until: str) -> None:
    assert standing(hours, utc("2026-06-05T23:00")).is_open
    assert next_close(hours, utc("2026-06-05T23:00")) == utc(until)


def test_a_holiday_takes_the_whole_evening_that_starts_on_it() -> None:
    hours = night({"2026-06-05": "Founders' Day"})
    assert list(open_intervals(hours, utc("2026-06-05T00:00"), utc("2026-06-07T00:00"))) == []


def test_past_midnight_the_rule_is_that_of_the_day_on_which_it_started() -> None:
    late = (Override("2026-06-05", "2026-06-05", (Range(1200, 1500),), "Budget night"),)
    hours = Hours("h", "UTC", OFFICE, {}, late)
    expected = Standing(True, "override", "Budget night", utc("2026-06-06T01:00"))
    assert standing(hours, utc("2026-06-06T00:30")) == expected
    assert standing(hours, utc("2026-06-06T01:00")).rule == "closed"
    ordinary = night(overrides=(Override("2026-06-06", "2026-06-06", (Range(600, 660),)),))
    assert standing(ordinary, utc("2026-06-06T00:30")).rule == "open"


# --- emergency --------------------------------------------------------------------------------

OPEN_AT, SHUT_AT = toronto("2026-06-02T10:00"), toronto("2026-06-02T20:00")


def test_an_emergency_closes_until_it_ends() -> None:
    closing = Emergency(True, OPEN_AT, OPEN_AT + HOUR, "water main")
    inside = standing(TOWN, OPEN_AT, closing)
    assert inside == Standing(False, "emergency", "water main", OPEN_AT + HOUR)
    assert standing(TOWN, OPEN_AT + HOUR, closing) == standing(TOWN, OPEN_AT + HOUR)
    assert next_open(TOWN, OPEN_AT, closing) == OPEN_AT + HOUR


def test_an_emergency_forces_open_also_on_a_holiday() -> None:
    flood = Emergency(False, toronto("2026-07-01T00:00"), toronto("2026-07-01T12:00"), "flood")
    noon = toronto("2026-07-01T12:00")
    assert standing(TOWN, toronto("2026-07-01T11:00"), flood).is_open
    assert next_close(TOWN, toronto("2026-07-01T11:00"), flood) == noon
    assert standing(TOWN, noon, flood).rule == "holiday"


def test_an_emergency_to_come_bounds_what_holds_now() -> None:
    closing = Emergency(True, OPEN_AT + HOUR, None, "training")
    assert standing(TOWN, OPEN_AT, closing) == Standing(True, "open", "", OPEN_AT + HOUR)
    assert next_close(TOWN, OPEN_AT, closing) == OPEN_AT + HOUR
    always = Hours("h", "UTC", EVERY_DAY)
    assert standing(always, OPEN_AT, closing).changes_at == OPEN_AT + HOUR


def test_an_emergency_of_no_length_is_none() -> None:
    empty = Emergency(True, OPEN_AT + HOUR, OPEN_AT + HOUR)
    assert standing(TOWN, OPEN_AT, empty) == standing(TOWN, OPEN_AT)


def test_an_emergency_without_end_has_no_next_opening() -> None:
    closing = Emergency(True, OPEN_AT, None, "strike")
    assert standing(TOWN, OPEN_AT, closing).changes_at is None
    assert next_open(TOWN, OPEN_AT, closing) is None


def test_a_forced_opening_that_meets_the_usual_hours_closes_with_them() -> None:
    early = Emergency(False, toronto("2026-06-02T06:00"), toronto("2026-06-02T09:00"), "storm")
    assert next_open(TOWN, toronto("2026-06-01T20:00"), early) == toronto("2026-06-02T06:00")
    assert next_close(TOWN, toronto("2026-06-02T07:00"), early) == toronto("2026-06-02T16:30")


# --- clock changes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "span", "expected"),
    [
        # spring: 2:00 jumps to 3:00 at 07:00 UTC
        ("America/Toronto", "2026-03-08", (60, 240), ("06:00", "08:00")),
        ("America/Toronto", "2026-03-08", (150, 240), ("07:00", "08:00")),
        ("America/Toronto", "2026-03-08", (60, 150), ("06:00", "07:00")),
        ("America/Toronto", "2027-03-14", (60, 240), ("06:00", "08:00")),
        ("America/Toronto", "2027-03-14", (121, 240), ("07:00", "08:00")),
        # autumn: 2:00 falls back to 1:00 at 06:00 UTC
        ("America/Toronto", "2026-11-01", (30, 90), ("04:30", "06:30")),
        ("America/Toronto", "2026-11-01", (90, 180), ("05:30", "08:00")),
        ("America/Toronto", "2026-11-01", (75, 105), ("05:15", "06:45")),
        ("America/Toronto", "2027-11-07", (0, 240), ("04:00", "09:00")),
        ("America/St_Johns", "2026-03-08", (150, 240), ("05:30", "06:30")),
        ("Europe/Berlin", "2026-03-29", (150, 240), ("01:00", "02:00")),
        ("Europe/Berlin", "2026-10-25", (150, 240), ("00:30", "03:00")),
        ("America/Havana", "2026-03-08", (0, 120), ("05:00", "06:00")),  # midnight is jumped over
        ("America/Havana", "2026-11-01", (0, 120), ("04:00", "07:00")),  # midnight comes twice
        ("Australia/Lord_Howe", "2026-10-04", (135, 240), ("-1 15:30", "-1 17:00")),  # half an hour
        ("Australia/Lord_Howe", "2026-04-05", (105, 180), ("-1 14:45", "-1 16:30")),
        ("America/Edmonton", "2026-03-08", (510, 990), ("14:30", "22:30")),
    ],
)
def test_local_times_of_a_clock_change(
    zone: str, day: str, span: tuple[int, int], expected: tuple[str, str]
) -> None:
    def instant(text: str) -> int:
        before, _, clock = text.rpartition(" ")
        return utc(f"{day}T{clock}") + int(before or 0) * DAY

    hours = Hours("h", zone, CLOSED_WEEK, {}, (Override(day, day, (Range(*span),)),))
    found = openings_of(hours, date.fromisoformat(day))
    assert found == ((instant(expected[0]), instant(expected[1])),)


def test_a_range_inside_the_jumped_hour_never_opens() -> None:
    only = (Override("2026-03-08", "2026-03-08", (Range(130, 170),)),)
    hours = Hours("h", "America/Toronto", CLOSED_WEEK, {}, only)
    assert next_open(hours, utc("2026-03-01T00:00")) is None


def test_a_date_that_the_zone_skipped_has_no_hours() -> None:
    hours = Hours("h", "Pacific/Apia", ((Range(540, 1020),),) * 7)
    opened = list(open_intervals(hours, utc("2011-12-29T19:00"), utc("2011-12-31T04:00")))
    assert opened == [
        (utc("2011-12-29T19:00"), utc("2011-12-30T03:00")),  # the 29th, at UTC-10
        (utc("2011-12-30T19:00"), utc("2011-12-31T03:00")),  # the 31st, at UTC+14
    ]
    assert openings_of(hours, date(2011, 12, 30)) == ()


def test_a_closed_date_is_closed_from_the_first_of_two_midnights() -> None:
    hours = Hours("h", "America/Havana", ((Range(1200, 1440),),) * 7, {"2026-11-01": "holiday"})
    assert next_close(hours, utc("2026-11-01T03:00")) == utc("2026-11-01T04:00")


def test_a_date_that_is_shown_again_after_midnight_is_over() -> None:
    """In 1990 the clocks of St. John's went back at 0:01, into the evening before."""
    hours = Hours("h", "America/St_Johns", CLOSED_WEEK, {"1990-10-28": "holiday"})
    shown_again = utc("1990-10-28T02:45")
    assert standing(hours, shown_again).rule == "holiday"
    assert local_date(hours, shown_again) == date(1990, 10, 28)


def test_a_working_day_is_as_long_on_either_side_of_a_clock_change() -> None:
    opened = list(open_intervals(TOWN, utc("2026-03-01T00:00"), utc("2026-03-20T00:00")))
    assert {end - start for start, end in opened} == {8 * HOUR}
    assert {(start % DAY) // HOUR for start, _ in opened} == {13, 12}


# --- without end ------------------------------------------------------------------------------


def test_hours_that_never_open_say_so_at_once() -> None:
    never = Hours("never", "America/Toronto", CLOSED_WEEK)
    assert standing(never, OPEN_AT) == Standing(False, "closed", "", None)
    assert next_open(never, OPEN_AT) is None
    assert next_close(never, OPEN_AT) == OPEN_AT
    assert list(open_intervals(never, OPEN_AT, OPEN_AT + 5000 * DAY)) == []


def test_hours_that_never_close_say_so_at_once() -> None:
    always = Hours("always", "America/Toronto", EVERY_DAY)
    assert standing(always, OPEN_AT) == Standing(True, "open", "", None)
    assert next_close(always, OPEN_AT) is None
    end = OPEN_AT + 800 * DAY
    assert list(open_intervals(always, OPEN_AT, end)) == [(OPEN_AT, end)]


@pytest.mark.parametrize(("days", "found"), [(399, True), (402, False)])
def test_an_opening_beyond_400_days_is_not_in_sight(days: int, found: bool) -> None:
    start = datetime(2026, 6, 2, tzinfo=UTC)
    far = (start + timedelta(days=days)).date().isoformat()
    marks = {(start + timedelta(days=d)).date().isoformat(): "closed" for d in range(0, 500, 2)}
    for holidays in ({}, marks):
        holidays = {d: name for d, name in holidays.items() if d != far}
        only = (Override(far, far, (Range(0, 60),)),)
        hours = Hours("h", "UTC", CLOSED_WEEK, holidays, only)
        opens = next_open(hours, utc("2026-06-02T00:00"))
        assert opens == (utc(f"{far}T00:00") if found else None)


# --- as a value -------------------------------------------------------------------------------


def test_hours_are_stored_as_msgpack() -> None:
    stored = msgspec.msgpack.encode(TOWN)
    assert msgspec.msgpack.decode(stored, type=Hours) == TOWN
    closing = Emergency(True, 5, None, "x")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(closing), type=Emergency) == closing


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (60, 60), (61, 60), (0, 2881)])
def test_an_impossible_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"range {start}-{end}"):
        Range(start, end)


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="found 5"):
        Hours("h", "UTC", OFFICE[:5])


def test_no_answer_is_taken_from_other_hours() -> None:
    """Answers are kept by identity; more hours than are kept at once, some of them gone by then."""
    kept = [Hours(f"h{n}", "UTC", ((Range(n, n + 1),),) * 7) for n in range(300)]
    for _ in range(2):
        for n, hours in enumerate(kept):
            gone = Hours("gone", "UTC", CLOSED_WEEK)
            assert next_open(gone, utc("2026-06-02T00:00")) is None
            del gone
            assert next_open(hours, utc("2026-06-02T00:00")) == utc("2026-06-02T00:00") + n * (
                60 * SECOND
            )
