"""The windows that residents may choose, against minutes looked at one by one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core.hours import Hours, Range, standing
from router.core.model import DAY, HOUR, MINUTE, SECOND, Instant, QueueId
from router.core.policy_calls import CallbackWindows
from router.core.windows import CALLBACK, OFFERED_MAX, node_of, offered, starts_in, told
from tests.core.test_callback_choices import calling
from tests.core.town import OPEN, Desk, town

ZONE = ZoneInfo("America/Toronto")
DAY_BEFORE_CLOCKS_GO_BACK = OPEN - 23 * DAY  # Saturday 2026-10-31 11:00


def local(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, ZONE)


def of_hours(*ranges: tuple[int, int]) -> Hours:
    week = tuple(Range(first, last) for first, last in ranges)
    office = town().hours["office"]
    return replace(office, weekly=(week,) * 7)


@given(
    length=st.sampled_from([30, 60, 90, 120, 150, 240]),
    days=st.integers(0, 6),
    passed=st.integers(0, 3 * 24 * 60),
    opens=st.integers(0, 20 * 60),
    lasts=st.integers(30, 600),
    begin=st.sampled_from([OPEN, DAY_BEFORE_CLOCKS_GO_BACK]),
)
def test_every_window_is_ahead_aligned_and_wholly_open_and_the_first_such_are_offered(
    length: int, days: int, passed: int, opens: int, lasts: int, begin: Instant
) -> None:
    policy = calling(windows=CallbackWindows(length=length * MINUTE, most=1, days=days))
    hours = of_hours((opens, min(opens + lasts, 24 * 60)))
    policy = replace(policy, hours={"office": hours})
    desk = Desk(policy, now=begin + passed * MINUTE)
    found = offered(desk.state, desk.now, policy.queues[QueueId("general")])
    fits = []
    last = local(desk.now).date().toordinal() + days
    for minute in range(1, (days + 2) * 25 * 60):
        start = (desk.now // MINUTE + minute) * MINUTE
        clock = local(start)
        if (clock.hour * 60 + clock.minute) % length or clock.date().toordinal() > last:
            continue
        if clock.fold:  # the hour that comes twice: its first time is the window
            continue
        inside = range(start, start + length * MINUTE, MINUTE)
        if all(standing(hours, each).is_open for each in inside):
            fits.append(start)
    assert list(found) == fits[:OFFERED_MAX]


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=3))
def test_a_node_keeps_the_windows_that_were_offered(minutes: list[int]) -> None:
    starts = tuple(minute * MINUTE for minute in minutes)
    assert starts_in(node_of(starts)) == starts
    assert not node_of(starts).startswith(CALLBACK)


def test_a_window_is_told_by_the_towns_clock() -> None:
    policy = calling(windows=CallbackWindows(length=2 * HOUR, most=1, days=1))
    week = {"fr": "lundi, mardi, mercredi, jeudi, vendredi, samedi, dimanche"}
    desk = Desk(replace(policy, texts={**policy.texts, "weekdays": week}))
    queue = policy.queues[QueueId("general")]
    for days, key, day in (
        (0, "callback_today", "lundi"),
        (1, "callback_tomorrow", "mardi"),
        (4, "callback_day", "vendredi"),
    ):
        noon = {"day": day, "from": "12:00", "until": "14:00"}
        start = OPEN + 2 * HOUR + days * DAY
        assert told(desk.state, desk.now, queue, start, "fr") == (key, noon)


def test_no_windows_where_the_queue_has_none() -> None:
    desk = Desk()
    assert offered(desk.state, desk.now, desk.policy.queues[QueueId("general")]) == ()
