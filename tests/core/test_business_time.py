"""Business time is summed in UTC, and a due instant is its inverse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.core.business_time import add, add_days, elapsed
from router.core.hours import Hours, Override, Range, openings_of, standing

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CLOSED_WEEK: tuple[tuple[Range, ...], ...] = ((),) * 7
OFFICE = ((Range(510, 990),),) * 5 + ((), ())  # Monday to Friday, 8:30 to 16:30
TOWN = Hours(
    "town-hall",
    "America/Toronto",
    OFFICE,
    {"2026-07-01": "Canada Day", "2026-12-25": "Christmas", "2026-12-28": "Boxing Day"},
    (Override("2026-12-24", "2026-12-24", (Range(510, 720),), "Christmas Eve"),),
)
NEVER = Hours("never", "America/Toronto", CLOSED_WEEK)
ALWAYS = Hours("always", "America/Toronto", ((Range(0, 1440),),) * 7)
NIGHT = Hours("night", "America/Toronto", ((Range(1200, 1560),),) * 5 + ((), ()))  # 20:00 to 2:00
CUT = Hours("cut", "America/Toronto", NIGHT.weekly, {"2026-06-06": "Fair"})
LUNCH = Hours("lunch", "America/Toronto", ((Range(510, 720), Range(780, 990)),) * 5 + ((), ()))


def toronto(text: str) -> int:
    zone = ZoneInfo("America/Toronto")
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


# --- elapsed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-06-02T09:00", "2026-06-02T11:00", 2),
        ("2026-06-02T16:00", "2026-06-03T09:00", 1),
        ("2026-06-05T16:00", "2026-06-08T09:00", 1),  # over a weekend
        ("2026-06-06T00:00", "2026-06-07T23:59", 0),
        ("2026-06-30T16:00", "2026-07-02T09:00", 1),  # over Canada Day
        ("2026-12-23T16:00", "2026-12-29T09:00", 4.5),  # a short day and two holidays
        ("2026-06-03T09:00", "2026-06-02T09:00", 0),  # the wrong way round
    ],
)
def test_only_open_hours_count(start: str, end: str, hours: float) -> None:
    assert elapsed(TOWN, toronto(start), toronto(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-06-02", 24)]
)
def test_a_day_is_as_long_as_it_is(day: str, hours: int) -> None:
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    start, end = toronto(f"{day}T00:00"), toronto(f"{following}T00:00")
    assert elapsed(ALWAYS, start, end) == hours * HOUR
    assert add(ALWAYS, start, hours * HOUR) == end


# --- add --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-06-02T09:00", 4, "2026-06-02T13:00"),
        ("2026-06-02T15:30", 4, "2026-06-03T11:30"),
        ("2026-06-05T15:30", 4, "2026-06-08T11:30"),
        ("2026-06-06T03:00", 4, "2026-06-08T12:30"),  # counts from Monday's opening
        ("2026-06-30T15:30", 4, "2026-07-02T11:30"),
        ("2026-06-02T09:00", 7.5, "2026-06-02T16:30"),  # exactly at closing, not next morning
        ("2026-06-02T09:00", 40, "2026-06-09T09:00"),
        ("2026-03-06T16:00", 8, "2026-03-09T16:00"),  # the clock change lies in between
        ("2026-06-06T03:00", 0, "2026-06-06T03:00"),
        ("2026-06-06T03:00", -1, "2026-06-06T03:00"),
    ],
)
def test_a_span_of_business_time_is_over_at(start: str, hours: float, due: str) -> None:
    assert add(TOWN, toronto(start), int(hours * HOUR)) == toronto(due)


def test_hours_that_never_open_have_no_due_instant() -> None:
    assert add(NEVER, toronto("2026-06-02T09:00"), 1) is None
    assert add_days(NEVER, toronto("2026-06-02T09:00"), 0) is None


def test_hours_that_open_once_run_out() -> None:
    once = Hours(
        "once", "UTC", CLOSED_WEEK, {}, (Override("2026-06-02", "2026-06-02", (Range(0, 60),)),)
    )
    start = toronto("2026-06-01T00:00")
    assert add(once, start, HOUR) == toronto("2026-06-01T21:00")
    assert add(once, start, HOUR + 1) is None
    assert add_days(once, start, 0) == toronto("2026-06-01T21:00")
    assert add_days(once, start, 1) is None


def test_years_of_business_time_are_no_matter() -> None:
    start = toronto("2026-06-02T09:00")
    assert add(ALWAYS, start, 3 * 365 * DAY) == start + 3 * 365 * DAY
    due = add(TOWN, start, 2080 * HOUR)
    assert due is not None
    assert elapsed(TOWN, start, due) == 2080 * HOUR


# --- add_days ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "start", "days", "due"),
    [
        (TOWN, "2026-06-02T09:00", 0, "2026-06-02T16:30"),
        (TOWN, "2026-06-02T09:00", 2, "2026-06-04T16:30"),
        (TOWN, "2026-06-02T16:29", 1, "2026-06-03T16:30"),
        (TOWN, "2026-06-02T16:30", 1, "2026-06-04T16:30"),  # closed already: counts as Wednesday
        (TOWN, "2026-06-02T07:00", 1, "2026-06-03T16:30"),  # before opening: counts as Tuesday
        (TOWN, "2026-06-05T12:00", 1, "2026-06-08T16:30"),
        (TOWN, "2026-06-06T12:00", 0, "2026-06-08T16:30"),
        (TOWN, "2026-06-06T12:00", 1, "2026-06-09T16:30"),
        (TOWN, "2026-06-30T12:00", 1, "2026-07-02T16:30"),  # Canada Day is no business day
        (TOWN, "2026-12-23T12:00", 1, "2026-12-24T12:00"),  # a short day is one
        (TOWN, "2026-12-24T12:00", 0, "2026-12-29T16:30"),
        (TOWN, "2026-06-02T09:00", -3, "2026-06-02T16:30"),
        (
            LUNCH,
            "2026-06-02T12:30",
            0,
            "2026-06-02T16:30",
        ),  # the end of the day, not of the morning
        (LUNCH, "2026-06-02T09:00", 1, "2026-06-03T16:30"),
        (NIGHT, "2026-06-03T01:00", 0, "2026-06-03T02:00"),  # Tuesday's evening still
        (NIGHT, "2026-06-03T01:00", 1, "2026-06-04T02:00"),
        (NIGHT, "2026-06-06T01:00", 1, "2026-06-09T02:00"),  # Friday's evening, then Monday's
        (CUT, "2026-06-05T21:00", 0, "2026-06-06T00:00"),  # a holiday begins at midnight
        (ALWAYS, "2026-06-02T00:00", 0, "2026-06-03T00:00"),
        (ALWAYS, "2026-06-02T12:00", 1, "2026-06-04T00:00"),
    ],
)
def test_business_days_end_with_their_opening(
    hours: Hours, start: str, days: int, due: str
) -> None:
    assert add_days(hours, toronto(start), days) == toronto(due)


# --- properties -------------------------------------------------------------------------------

BASE = date(2026, 10, 25)  # clock changes of Europe and America within the fortnight


@st.composite
def days_of_hours(draw: st.DrawFn) -> tuple[Range, ...]:
    """At most three ranges a day; only the last may run past midnight, to 4:00 at most."""
    cuts = sorted(draw(st.sets(st.integers(20, 100), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return tuple(Range(a * 15, min(b * 15 + 3, 1680)) for a, b in pairs if a * 15 < 1440)


@st.composite
def any_hours(draw: st.DrawFn) -> Hours:
    def day(n: int) -> str:
        return (BASE + timedelta(days=n)).isoformat()

    zone = draw(st.sampled_from(["UTC", "America/Toronto", "Europe/Berlin", "America/Havana"]))
    weekly = tuple(draw(days_of_hours()) for _ in range(7))
    holidays = draw(st.dictionaries(st.integers(0, 13).map(day), st.just("holiday"), max_size=4))
    overrides = tuple(
        Override(day(n), day(n), draw(days_of_hours()))
        for n in draw(st.sets(st.integers(0, 13), max_size=3))
    )
    return Hours("h", zone, weekly, holidays, overrides)


FIRST = int(datetime(2026, 10, 24, tzinfo=UTC).timestamp()) * SECOND
MOMENTS = st.integers(0, 16 * DAY).map(lambda n: FIRST + n)
SPANS = st.integers(1, 60 * HOUR)


@given(any_hours(), MOMENTS, SPANS)
def test_add_is_the_inverse_of_elapsed(hours: Hours, start: int, span: int) -> None:
    due = add(hours, start, span)
    if due is None:
        assert not any(hours.weekly)
        return
    assert elapsed(hours, start, due) == span
    assert elapsed(hours, start, due - 1) == span - 1
    assert standing(hours, due - 1).is_open


@given(any_hours(), MOMENTS, MOMENTS)
def test_elapsed_is_undone_by_add(hours: Hours, start: int, end: int) -> None:
    passed = elapsed(hours, start, end)
    due = add(hours, start, passed)
    assert due is not None
    assert due <= max(start, end)
    assert elapsed(hours, due, max(start, end)) == 0


@given(any_hours(), MOMENTS, MOMENTS, MOMENTS)
def test_elapsed_adds_up_and_is_never_more_than_the_clock(
    hours: Hours, a: int, b: int, c: int
) -> None:
    a, b, c = sorted((a, b, c))
    assert elapsed(hours, a, b) + elapsed(hours, b, c) == elapsed(hours, a, c)
    assert 0 <= elapsed(hours, a, b) <= b - a


@given(any_hours(), MOMENTS, st.integers(0, 3 * DAY), SPANS, SPANS)
def test_add_never_goes_back(hours: Hours, start: int, later: int, span: int, more: int) -> None:
    assume(any(hours.weekly))  # overrides alone run out
    due = add(hours, start, span)
    assert due is not None
    after, longer = add(hours, start + later, span), add(hours, start, span + more)
    assert after is not None
    assert longer is not None
    assert start < due <= after
    assert due < longer


def test_the_last_nanosecond_of_a_day_still_counts_as_that_day() -> None:
    closing, tomorrow = toronto("2026-06-02T16:30"), toronto("2026-06-03T16:30")
    assert add_days(TOWN, closing - SECOND, 0) == closing
    assert add_days(TOWN, closing - 1, 0) == closing
    assert add_days(TOWN, closing, 0) == tomorrow
    assert add_days(TOWN, closing + 1, 0) == tomorrow


@given(any_hours(), MOMENTS, st.integers(0, 3 * DAY), st.integers(0, 12))
def test_business_days_never_go_back(hours: Hours, start: int, later: int, days: int) -> None:
    assume(any(hours.weekly))  # overrides alone run out
    due = add_days(hours, start, days)
    assert due is not None
    after, longer = add_days(hours, start + later, days), add_days(hours, start, days + 1)
    assert after is not None
    assert longer is not None
    assert start < due <= after
    assert due < longer


@given(any_hours(), MOMENTS, st.integers(0, 12))
def test_business_days_are_dates_with_an_opening(hours: Hours, start: int, days: int) -> None:
    due = add_days(hours, start, days)
    if due is None:
        return
    around = date(1970, 1, 1) + timedelta(days=start // DAY - 2)
    ends = [
        openings_of(hours, around + timedelta(days=n))[-1][1]
        for n in range(150)
        if openings_of(hours, around + timedelta(days=n))
    ]
    assert due == [end for end in ends if end > start][days]
