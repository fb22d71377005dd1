"""An event loop in which waiting takes no time, and the clocks that are read from it.

Nothing in a simulation waits for the machine (no socket, no thread), so whenever nothing is ready
the loop jumps to its next timer. The same seed therefore meets the same interleaving every time.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Final

from router.core.model import SECOND, Instant, Span

SPINS_MAX: Final = 300_000
"""Turns of the loop at one instant, after which something turns in a circle."""


class Stuck(Exception):
    """Nothing will ever happen again, or something happens over and over without time passing."""


class _Jump(selectors.SelectSelector):
    """Never waits: the time that it was told to wait is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: Span = 0
        self.spins = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Stuck("nobody waits for time any more")
        self.spins = self.spins + 1 if timeout <= 0 else 0
        if self.spins > SPINS_MAX:
            raise Stuck(f"time stands still at {self.passed / SECOND} s")
        self.passed += max(0, -int(-timeout * SECOND // 1))
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module's text."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    @property
    def passed(self) -> Span:
        """Return the virtual nanoseconds since the loop was made."""
        return self._jump.passed

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._jump.passed / SECOND


class LoopClock:
    """A `Clock` on a virtual loop that can also leap; made inside the running loop."""

    def __init__(self, start: Instant) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self._loop = loop
        self._offset = start - loop.passed
        self._gap: Span = 0
        self._sleepers: dict[asyncio.Future[None], None] = {}  # in the order they lay down

    def now(self) -> Instant:
        """Return nanoseconds UTC."""
        return self._offset + self._loop.passed

    async def sleep_until(self, instant: Instant) -> None:
        """Return once `now()` has reached `instant`."""
        while (left := instant - self.now()) > 0:
            woken: asyncio.Future[None] = self._loop.create_future()
            self._sleepers[woken] = None
            alarm = self._loop.call_later(left / SECOND, _wake, woken)
            try:
                await woken
            finally:
                alarm.cancel()
                del self._sleepers[woken]
        await asyncio.sleep(0)

    def leap(self, span: Span) -> None:
        """Let `span` pass at once, as if the machine had slept."""
        self._offset += span
        self._gap += span
        for woken in list(self._sleepers):
            _wake(woken)

    def take_gap(self) -> Span:
        """Return by how much time has leapt since the last call."""
        gap, self._gap = self._gap, 0
        return gap


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
