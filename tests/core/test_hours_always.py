"""Opening hours always: an independent judge agrees, and every change is one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import assume, example, given
from hypothesis import strategies as st
from opening_hours import OpeningHours

from router.core.hours import (
    HORIZON,
    Emergency,
    Hours,
    Override,
    Range,
    Standing,
    next_close,
    next_open,
    open_intervals,
    standing,
)

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
OFFICE = ((Range(510, 990),),) * 5 + ((), ())  # Monday to Friday, 8:30 to 16:30
EVERY_DAY = ((Range(0, 1440),),) * 7


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


# --- an independent judge ---------------------------------------------------------------------

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


@st.composite
def ranges(draw: st.DrawFn, end_max: int = 2880) -> Range:
    start = draw(st.integers(0, 95)) * 15
    end = start + draw(st.integers(1, 96)) * 15
    return Range(start, min(end, end_max))


WEEKS = st.lists(st.lists(ranges(), max_size=3).map(tuple), min_size=7, max_size=7).map(tuple)
ZONES = st.sampled_from(
    [
        "UTC",
        "America/Toronto",
        "America/Havana",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "America/Santiago",
    ]
)


def judge_of(weekly: tuple[tuple[Range, ...], ...]) -> OpeningHours:
    """The same week for a library that knows the notation of OpenStreetMap."""

    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    rules = [
        f"{name} {clock(r.start)}-{clock(r.end)}"
        for name, day in zip(WEEKDAYS, weekly, strict=True)
        for r in day
    ]
    return OpeningHours(", ".join(rules) or "24/7 off")


@given(WEEKS, st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_the_judge_finds_the_same_openings(
    weekly: tuple[tuple[Range, ...], ...], day: date
) -> None:
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the judge knows no zones
    end = start + timedelta(days=15)
    theirs: list[tuple[datetime, datetime]] = []
    for begin, stop, state, _ in judge_of(weekly).intervals(start, end):
        if str(state) == "open":
            theirs.append((begin, stop))
    hours = Hours("h", "UTC", weekly)
    ours = open_intervals(hours, utc(start.isoformat()), utc(end.isoformat()))
    assert [(utc(b.isoformat()), utc(e.isoformat())) for b, e in theirs] == list(ours)


DAYS_OF_CHANGE = ("2026-03-08", "2026-11-01", "2027-03-14", "2027-11-07", "2026-03-29")
ON_A_DAY_OF_CHANGE = st.builds(
    lambda day, minute: datetime.fromisoformat(day) + timedelta(minutes=minute),
    st.sampled_from(DAYS_OF_CHANGE),
    st.integers(0, 2 * 1440),
)
ANY_TIME = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))  # noqa: DTZ001


@given(WEEKS, ZONES, st.one_of(ON_A_DAY_OF_CHANGE, ANY_TIME))
@example(OFFICE, "America/Toronto", datetime(2026, 3, 8, 12))  # noqa: DTZ001
@example(EVERY_DAY, "America/Toronto", datetime(2026, 11, 1, 12))  # noqa: DTZ001
def test_the_judge_agrees_by_the_clock_on_the_wall(
    weekly: tuple[tuple[Range, ...], ...], zone: str, moment: datetime
) -> None:
    """Everywhere but within two hours of a clock change, where a time on the wall is no instant."""
    moment = moment.replace(microsecond=0)
    local = moment.replace(tzinfo=ZoneInfo(zone))
    around = (local - timedelta(hours=2), local, local + timedelta(hours=2))
    assume(len({at.utcoffset() for at in around}) == 1)
    hours = Hours("h", zone, weekly)
    now = int(local.timestamp()) * SECOND
    assert standing(hours, now).is_open == judge_of(weekly).is_open(moment)


# --- properties -------------------------------------------------------------------------------

BASE = date(2026, 10, 25)  # clock changes of Europe and America within the fortnight


@st.composite
def any_hours(draw: st.DrawFn) -> Hours:
    def day(n: int) -> str:
        return (BASE + timedelta(days=n)).isoformat()

    holidays = draw(st.dictionaries(st.integers(0, 13).map(day), st.sampled_from("ab")))
    overrides = [
        Override(day(first), day(first + draw(st.integers(0, 4))), tuple(open_at), reason)
        for first, open_at, reason in draw(
            st.lists(
                st.tuples(
                    st.integers(0, 13), st.lists(ranges(), max_size=2), st.sampled_from("xy")
                ),
                max_size=3,
            )
        )
    ]
    return Hours("h", draw(ZONES), draw(WEEKS), holidays, tuple(overrides))


MOMENTS = st.integers(0, 20 * 24 * 60).map(lambda m: utc("2026-10-24T00:00") + m * 60 * SECOND)


@given(any_hours(), MOMENTS)
def test_the_next_change_is_after_now_and_the_first_that_changes(hours: Hours, now: int) -> None:
    holds = standing(hours, now)
    if holds.changes_at is None:
        return
    assert holds.changes_at > now
    before, after = standing(hours, holds.changes_at - 1), standing(hours, holds.changes_at)
    assert before == holds
    assert (after.is_open, after.rule, after.reason) != (holds.is_open, holds.rule, holds.reason)
    halfway = standing(hours, (now + holds.changes_at) // 2)
    assert halfway == holds


@given(any_hours(), MOMENTS)
def test_standing_agrees_with_the_openings(hours: Hours, now: int) -> None:
    opened = list(open_intervals(hours, now - 3 * DAY, now + 3 * DAY))
    assert standing(hours, now).is_open == any(start <= now < end for start, end in opened)
    for start, end in opened:
        assert now - 3 * DAY <= start < end <= now + 3 * DAY
    for (_, end), (start, _) in pairwise(opened):
        assert end < start
        assert not standing(hours, end).is_open
        assert standing(hours, start).is_open


@given(any_hours(), MOMENTS)
def test_the_next_opening_and_closing_are_the_edges_of_the_openings(hours: Hours, now: int) -> None:
    opened = list(open_intervals(hours, now, now + 40 * DAY))
    first = next_open(hours, now)
    assert first == (opened[0][0] if opened else first)
    closes = next_close(hours, now)
    if opened and opened[0][0] == now:
        assert closes is None or closes == opened[0][1] or closes > now + 40 * DAY
    else:
        assert closes == now


@given(any_hours(), MOMENTS, st.booleans(), st.integers(-50, 50), st.integers(-2, 60))
def test_an_emergency_holds_from_since_to_before_until(
    hours: Hours, now: int, closed: bool, offset: int, length: int
) -> None:
    since = now + offset * HOUR
    emergency = Emergency(closed, since, since + length * HOUR, "e")
    holds = standing(hours, now, emergency)
    if since <= now < since + length * HOUR:
        assert holds == Standing(not closed, "emergency", "e", since + length * HOUR)
    else:
        usual = standing(hours, now)
        assert (holds.is_open, holds.rule) == (usual.is_open, usual.rule)
    if holds.changes_at is not None:
        assert now < holds.changes_at
        changed = standing(hours, holds.changes_at, emergency)
        assert (changed.is_open, changed.rule, changed.reason) != (
            holds.is_open,
            holds.rule,
            holds.reason,
        )
    opens = next_open(hours, now, emergency)
    if opens is not None:
        assert now <= opens <= now + HORIZON
        assert standing(hours, opens, emergency).is_open
        assert opens == now or not standing(hours, opens - 1, emergency).is_open


def by_the_minute(hours: Hours, day: date, minute: int) -> bool:
    """The rules once more, said as directly as can be: open at this minute of this date?"""

    def ranges_on(on: date) -> tuple[tuple[Range, ...], bool]:
        covering = [o for o in hours.overrides if o.first <= on.isoformat() <= o.last]
        if covering:
            best = min(
                covering,
                key=lambda o: (
                    date.fromisoformat(o.last) - date.fromisoformat(o.first),
                    o.ranges != (),
                ),
            )
            return best.ranges, best.ranges == ()
        if on.isoformat() in hours.holidays:
            return (), True
        return hours.weekly[on.weekday()], False

    today, shut = ranges_on(day)
    yesterday, _ = ranges_on(day - timedelta(days=1))
    late = not shut and any(r.start <= minute + 1440 < r.end for r in yesterday)
    return late or any(r.start <= minute < r.end for r in today)


@given(any_hours(), st.integers(-1, 20), st.integers(0, 1439))
def test_holidays_and_overrides_agree_with_the_rules_said_directly(
    hours: Hours, days: int, minute: int
) -> None:
    hours = msgspec.structs.replace(hours, time_zone="UTC")
    day = BASE + timedelta(days=days)
    now = utc(day.isoformat()) + minute * 60 * SECOND
    assert standing(hours, now).is_open == by_the_minute(hours, day, minute)
