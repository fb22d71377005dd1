"""A virtual clock that can also leap, as a machine that slept does."""

from __future__ import annotations

from router.core.model import Instant, Span
from router.runtime.clock import VirtualClock


class LeapableClock(VirtualClock):
    def __init__(self, start: Instant) -> None:
        super().__init__(start)
        self._gap: Span = 0
        self.gaps_asked = 0

    async def leap(self, span: Span) -> None:
        """Let `span` pass at once, as if nobody had been there."""
        self._gap += span
        self._now += span
        await self.advance_to(self._now)

    def take_gap(self) -> Span:
        self.gaps_asked += 1
        gap, self._gap = self._gap, 0
        return gap
