"""Sequencer time: the only place that asks the machine what time it is, and the only way to wait.

`SlewedTime` is the arithmetic, `SystemClock` feeds it the machine's two clocks, `VirtualClock`
moves only when told. None of them ever goes back.

Three things happen to a wall clock, and each has one answer:

* it drifts or is corrected a little (NTP): the difference is worked off at 500 ppm at most;
* it is set back: sequencer time stays ahead and runs 500 ppm slow until the wall has caught up
  (`ahead_of_wall` tells the operator by how much);
* it leaps forward by more than a second (the machine slept, or the clock had been wrong): sequencer
  time leaps too, and `take_gap` says by how much, so that nobody is punished for the gap.
"""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from itertools import count
from typing import Final

from router.core.model import SECOND, Instant, Span

SLEW_PPM_MAX: Final = 500  # what NTP itself allows: half a millisecond per second
LEAP_MIN: Final[Span] = SECOND  # wall ahead by more than this: leap instead of slewing
ANCHOR_EVERY: Final[Span] = SECOND // 10  # how often the wall clock is looked at
SLEW_OVER: Final[Span] = SECOND  # a difference is spread over this long, if 500 ppm allow it
SLEEP_AT_MOST: Final[Span] = SECOND  # monotonic timers stand still while the machine sleeps
SETTLE_TURNS: Final = 20  # turns of the event loop in which woken tasks reach their next wait


class SlewedTime:
    """Wall time that never goes back, made of a wall clock and a steady one.

    Between two anchors time is a straight line of slope 1 +- 500 ppm, so it is continuous and
    never falls, whatever the wall clock does.
    """

    def __init__(self, *, wall: Instant, monotonic: Span, not_before: Instant) -> None:
        self.gap: Span = 0  # sum of the leaps so far
        self.ahead_of_wall: Span = 0  # at the last anchor; negative: behind
        self._anchor: Instant = max(wall, not_before)
        self._anchor_monotonic: Span = monotonic
        self._slew_ppm = 0
        self._re_anchor(self._anchor, wall, monotonic)

    def at(self, *, wall: Instant, monotonic: Span) -> Instant:
        """Return sequencer time for these two readings; `monotonic` must not fall."""
        passed = monotonic - self._anchor_monotonic
        now = self._anchor + passed + min(passed, SLEW_OVER) * self._slew_ppm // 1_000_000
        if passed < ANCHOR_EVERY:
            return now
        if wall - now > LEAP_MIN:
            self.gap += wall - now
            now = wall
        self._re_anchor(now, wall, monotonic)
        return now

    def _re_anchor(self, now: Instant, wall: Instant, monotonic: Span) -> None:
        self.ahead_of_wall = now - wall
        wanted_ppm = (wall - now) * 1_000_000 // SLEW_OVER
        self._slew_ppm = max(-SLEW_PPM_MAX, min(SLEW_PPM_MAX, wanted_ppm))
        self._anchor, self._anchor_monotonic = now, monotonic


class SystemClock:
    """The `Clock` of a running daemon. One thread, the event loop's, uses it.

    `not_before` is the last stored instant (0 for an empty journal): `now()` never precedes it,
    even when the machine came up with its clock set back.
    """

    def __init__(self, not_before: Instant) -> None:
        self._time = SlewedTime(
            wall=time.time_ns(), monotonic=time.monotonic_ns(), not_before=not_before
        )
        self._gap_taken: Span = 0

    def now(self) -> Instant:
        """Return nanoseconds UTC; never less than what it returned before."""
        return self._time.at(wall=time.time_ns(), monotonic=time.monotonic_ns())

    async def sleep_until(self, instant: Instant) -> None:
        """Return once `now()` has reached `instant`; a leap forward is noticed within a second."""
        while (left := instant - self.now()) > 0:  # noqa: ASYNC110 - time itself is the event
            await asyncio.sleep(min(left, SLEEP_AT_MOST) / SECOND)

    def take_gap(self) -> Span:
        """Return by how much time has leapt since the last call (usually 0).

        Only leaps while this clock was running count: the outage before a start is the last
        stored instant up to the first `now()`, which the one who replays the journal knows.
        """
        self.now()
        gap = self._time.gap - self._gap_taken
        self._gap_taken = self._time.gap
        return gap

    def ahead_of_wall(self) -> Span:
        """Return how far sequencer time is ahead of the wall clock (negative: behind).

        More than a second means that the machine's clock was set back: the operator must know.
        """
        self.now()
        return self._time.ahead_of_wall


class VirtualClock:
    """A `Clock` that stands still until it is told to advance; for tests and practice."""

    def __init__(self, start: Instant) -> None:
        self._now = start
        self._sleepers: list[tuple[Instant, int, asyncio.Future[None]]] = []  # sorted
        self._arrivals = count()

    def now(self) -> Instant:
        """Return the instant of the last advance."""
        return self._now

    async def sleep_until(self, instant: Instant) -> None:
        """Return once the clock has been advanced to `instant`."""
        if instant <= self._now:
            await asyncio.sleep(0)
            return
        sleeper = (instant, next(self._arrivals), asyncio.get_running_loop().create_future())
        insort(self._sleepers, sleeper)
        try:
            await sleeper[2]
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    def next_due(self) -> Instant | None:
        """Return the earliest instant somebody sleeps until, None when nobody sleeps."""
        return self._sleepers[0][0] if self._sleepers else None

    async def advance_to(self, instant: Instant) -> None:
        """Let time pass, waking each sleeper at its own instant.

        Ties: sleepers of one instant wake in the order in which they lay down. After each, the
        other tasks get some turns of the loop, so that a woken task can act and sleep again
        before time moves on. Work in threads is not waited for.
        """
        if instant < self._now:
            raise ValueError(f"time cannot go back from {self._now} to {instant}")
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= instant:
            due, _, sleeping = self._sleepers.pop(0)
            self._now = max(self._now, due)
            if not sleeping.done():
                sleeping.set_result(None)
            await self._settle()
        self._now = instant
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(SETTLE_TURNS):
            await asyncio.sleep(0)
