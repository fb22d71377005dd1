"""Time never goes back, whatever the machine's clock does, and sleepers wake in order."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.model import DAY, HOUR, MINUTE, SECOND, Instant, Span
from router.ports import Clock
from router.runtime import clock as clock_module
from router.runtime.clock import SlewedTime, SystemClock, VirtualClock

NOON = 1_790_000_000 * SECOND
MS = SECOND // 1000


class Machine:
    """A wall clock and a steady clock that the test moves; they begin at odd values."""

    def __init__(self, not_before: Instant = 0) -> None:
        self.wall, self.monotonic = NOON, 12_345
        self.time = SlewedTime(wall=NOON, monotonic=12_345, not_before=not_before)

    def pass_time(self, span: Span, *, reading_every: Span) -> Instant:
        for _ in range(span // reading_every):
            self.wall += reading_every
            self.monotonic += reading_every
            self.now()
        return self.now()

    def now(self) -> Instant:
        return self.time.at(wall=self.wall, monotonic=self.monotonic)


def test_time_is_the_wall_clock_while_nothing_happens() -> None:
    machine = Machine()
    assert machine.now() == NOON
    assert machine.pass_time(HOUR, reading_every=MINUTE) == NOON + HOUR
    assert (machine.time.gap, machine.time.ahead_of_wall) == (0, 0)


def test_a_small_step_ahead_is_worked_off_at_500_ppm() -> None:
    machine = Machine()
    machine.wall += 400 * MS
    machine.pass_time(SECOND, reading_every=SECOND // 10)  # seen only after the first anchor
    behind = machine.wall - machine.now()
    machine.pass_time(100 * SECOND, reading_every=SECOND)
    assert behind - (machine.wall - machine.now()) == 50 * MS
    machine.pass_time(HOUR, reading_every=SECOND)
    assert abs(machine.wall - machine.now()) < MS
    assert machine.time.gap == 0


def test_rare_readings_do_not_overshoot() -> None:
    machine = Machine()
    machine.wall += 100 * MS
    machine.pass_time(10 * HOUR, reading_every=HOUR)
    assert 0 <= machine.wall - machine.now() <= 100 * MS


def test_a_clock_set_back_makes_time_slower_never_earlier() -> None:
    machine = Machine()
    before = machine.now()
    machine.wall -= HOUR
    assert machine.now() >= before
    now = machine.pass_time(100 * SECOND, reading_every=SECOND // 10)
    assert 100 * SECOND - 60 * MS <= now - before < 100 * SECOND
    assert HOUR - MINUTE < machine.time.ahead_of_wall < HOUR
    assert machine.time.gap == 0


def test_a_leap_ahead_is_followed_at_once_and_told() -> None:
    machine = Machine()
    machine.pass_time(SECOND, reading_every=SECOND // 10)
    machine.wall += 2 * HOUR  # the machine slept; its steady clock stood still
    machine.pass_time(SECOND // 10, reading_every=SECOND // 10)
    assert machine.now() == machine.wall
    assert machine.time.gap == 2 * HOUR


def test_time_begins_at_the_last_stored_instant_if_the_wall_is_before_it() -> None:
    machine = Machine(not_before=NOON + DAY)
    assert machine.now() == NOON + DAY
    assert machine.time.ahead_of_wall == DAY
    assert Machine(not_before=NOON - DAY).now() == NOON


@given(
    not_before=st.integers(NOON - DAY, NOON + DAY),
    moves=st.lists(
        st.tuples(
            st.integers(0, 10 * SECOND) | st.integers(0, DAY),  # steady time that passes
            st.just(0) | st.integers(-2 * SECOND, 2 * SECOND) | st.integers(-DAY, DAY),  # jump
        ),
        max_size=30,
    ),
)
def test_time_never_goes_back_nor_runs_by_more_than_500_ppm(
    not_before: Instant, moves: list[tuple[Span, Span]]
) -> None:
    machine = Machine(not_before)
    last, gap = machine.now(), machine.time.gap
    assert last >= not_before
    for passed, jump in moves:
        machine.monotonic += passed
        machine.wall += passed + jump
        now = machine.now()
        leap = machine.time.gap - gap
        most = passed * 500 // 1_000_000 + 1
        assert now >= last
        assert abs(now - last - leap - passed) <= most
        assert leap >= 0
        last, gap = now, machine.time.gap


def test_the_system_clock_tells_the_time_of_the_machine() -> None:
    clock = SystemClock(not_before=0)
    assert abs(clock.now() - time.time_ns()) < SECOND
    assert clock.take_gap() == 0
    assert abs(clock.ahead_of_wall()) < SECOND
    readings = [clock.now() for _ in range(1000)]
    assert readings == sorted(readings)


def test_the_system_clock_does_not_precede_the_journal() -> None:
    later = time.time_ns() + HOUR
    clock = SystemClock(not_before=later)
    assert clock.now() >= later
    assert clock.ahead_of_wall() > HOUR - SECOND


async def test_a_gap_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock(not_before=0)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + HOUR)
    monkeypatch.setattr(clock_module, "ANCHOR_EVERY", 0)
    assert abs(clock.take_gap() - HOUR) < SECOND
    assert clock.take_gap() == 0


async def test_a_leap_wakes_those_who_slept_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock(not_before=0)
    monkeypatch.setattr(clock_module, "ANCHOR_EVERY", 0)
    monkeypatch.setattr(clock_module, "SLEEP_AT_MOST", MS)
    sleeping = asyncio.ensure_future(clock.sleep_until(clock.now() + HOUR))
    await asyncio.sleep(0.003)
    assert not sleeping.done()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 2 * HOUR)
    await asyncio.wait_for(sleeping, 60)


async def test_the_system_clock_wakes_not_before_the_instant() -> None:
    clock = SystemClock(not_before=0)
    for span in (-SECOND, 0, 1, 100_000, 3 * MS):
        due = clock.now() + span
        await clock.sleep_until(due)
        assert due <= clock.now() < due + SECOND + max(0, -span)


@pytest.mark.parametrize("clock", [SystemClock(0), VirtualClock(0)], ids=["system", "virtual"])
async def test_a_sleeper_can_be_cancelled(clock: Clock) -> None:
    sleeping = asyncio.ensure_future(clock.sleep_until(clock.now() + HOUR))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping


async def test_sleepers_wake_in_order_each_at_its_own_instant() -> None:
    clock = VirtualClock(NOON)
    woken: list[tuple[str, Instant]] = []

    async def sleep(name: str, span: Span) -> None:
        await clock.sleep_until(NOON + span)
        woken.append((name, clock.now() - NOON))

    async with asyncio.TaskGroup() as tasks:
        for name, span in (("c", 30), ("a", 10), ("b1", 20), ("b2", 20), ("late", 99)):
            tasks.create_task(sleep(name, span))
        await clock.advance_to(NOON + 25)
        assert woken == [("a", 10), ("b1", 20), ("b2", 20)]
        assert clock.now() == NOON + 25
        assert clock.next_due() == NOON + 30
        await clock.advance_to(NOON + 99)
    assert woken[3:] == [("c", 30), ("late", 99)]
    assert clock.next_due() is None


async def test_a_woken_task_can_sleep_again_within_the_same_advance() -> None:
    clock = VirtualClock(0)
    beats = []

    async def beat() -> None:
        for instant in range(10, 60, 10):
            await clock.sleep_until(instant)
            beats.append(clock.now())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beat())
        await clock.advance_to(45)
        assert beats == [10, 20, 30, 40]
        await clock.advance_to(50)
    assert beats[-1] == 50


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = VirtualClock(0)
    sleeping = asyncio.ensure_future(clock.sleep_until(10))
    await asyncio.sleep(0)
    assert clock.next_due() == 10
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    assert clock.next_due() is None
    await clock.advance_to(20)


async def test_one_who_is_cancelled_by_an_earlier_sleeper_does_not_wake() -> None:
    clock = VirtualClock(0)
    second = asyncio.ensure_future(clock.sleep_until(10))

    async def cancel_the_other() -> None:
        await clock.sleep_until(5)
        second.cancel()

    first = asyncio.ensure_future(cancel_the_other())
    await clock.advance_to(20)
    assert first.done()
    assert second.cancelled()


async def test_virtual_time_cannot_go_back_and_the_past_needs_no_sleep() -> None:
    clock = VirtualClock(10)
    await clock.sleep_until(10)
    await clock.sleep_until(3)
    await clock.advance_to(10)
    with pytest.raises(ValueError, match="back"):
        await clock.advance_to(9)
    assert clock.now() == 10
