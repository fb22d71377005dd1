"""Time for the practice line: waiting on a clock, and a clock that moves when told.

Nothing here asks the machine for the time; a real clock is handed in.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Final, Protocol, TypeVar

SECOND: Final = 1_000_000_000
"""Nanoseconds in a second: instants and spans are whole nanoseconds."""

T = TypeVar("T")

LOOP_PASSES: Final = 40
"""Turns of the event loop after which everything that could run without waiting has run."""


class Clock(Protocol):
    """What the practice line needs of time; the town's own clock has the same shape."""

    def now(self) -> int:
        """Return nanoseconds UTC."""
        ...

    async def sleep_until(self, instant: int) -> None:
        """Return once `now()` has reached `instant`."""
        ...


def utc(instant: int) -> datetime:
    """Return the instant as an aware datetime."""
    return datetime.fromtimestamp(instant / SECOND, UTC)


async def within(clock: Clock, limit_s: float, work: Awaitable[T]) -> T | None:
    """Return what `work` gives, or None when it takes longer than `limit_s`; it is then cancelled.

    Errors: `work` must not raise; give it a result that can say what went wrong.
    """

    async def run() -> T:
        return await work

    async with asyncio.TaskGroup() as group:
        running = group.create_task(run())
        alarm = group.create_task(clock.sleep_until(clock.now() + round(limit_s * SECOND)))
        await asyncio.wait((running, alarm), return_when=asyncio.FIRST_COMPLETED)
        alarm.cancel()
        if not running.done():
            running.cancel()
            return None
    return running.result()


class VirtualClock:
    """A clock that stands still until it is moved, sleeper by sleeper, in the order they are due.

    Before every step it lets the program settle: whatever can run runs, and requests on their way
    (`busy`) are waited for, but no longer than `patience_s` of real time after the last of them
    began or ended, so that a partner which hangs for ever does not stop the clock.
    """

    def __init__(self, start: int = 1_790_000_000 * SECOND, *, patience_s: float = 0.3) -> None:
        self._now = start
        self._patience_s = patience_s
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._busy = 0
        self._progress = 0  # how often something real began or ended

    def now(self) -> int:
        """Return nanoseconds UTC."""
        return self._now

    async def sleep_until(self, instant: int) -> None:
        """Return once the clock was moved to `instant` or beyond."""
        if instant <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (instant, next(self._order), woken))
        await woken

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Hold the clock while something real is going on, such as a request to another process."""
        self._busy += 1
        self._progress += 1
        try:
            yield
        finally:
            self._busy -= 1
            self._progress += 1

    async def settle(self) -> None:
        """Let everything run that can run at this instant."""
        loop = asyncio.get_running_loop()
        give_up, seen = loop.time() + self._patience_s, self._progress
        while True:
            for _ in range(LOOP_PASSES):
                await asyncio.sleep(0)
            if self._progress != seen:
                give_up, seen = loop.time() + self._patience_s, self._progress
            elif not self._busy or loop.time() > give_up:
                return
            if self._busy:
                await asyncio.sleep(0.0005)

    async def advance(self, seconds: float) -> None:
        """Move on by that much, waking every sleeper at its own instant."""
        target = self._now + round(seconds * SECOND)
        await self.settle()
        while await self._step(target):
            pass
        self._now = target
        await self.settle()

    async def run_until(self, reached: Callable[[], bool], *, limit_s: float = 3600) -> None:
        """Move from sleeper to sleeper until `reached()`.

        Errors: `TimeoutError` when that does not happen within `limit_s`, or when nothing sleeps
            any more and so nothing can change.
        """
        limit = self._now + round(limit_s * SECOND)
        await self.settle()
        while not reached():
            if not await self._step(limit):
                waited = "nothing is waiting for time" if not self._sleepers else f"{limit_s} s"
                raise TimeoutError(f"not reached: {waited}")

    async def _step(self, limit: int) -> bool:
        while self._sleepers and self._sleepers[0][2].done():  # cancelled meanwhile
            heapq.heappop(self._sleepers)
        if not self._sleepers or self._sleepers[0][0] > limit:
            return False
        self._now = max(self._now, self._sleepers[0][0])
        while self._sleepers and self._sleepers[0][0] <= self._now:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)
        await self.settle()
        return True
