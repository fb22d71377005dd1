"""A clock for whom waiting takes no time: for what talks to real servers but waits by the clock."""

from __future__ import annotations

import asyncio

from router.core.model import Instant


class JumpingClock:
    def __init__(self, start: Instant = 1_790_000_000_000_000_000) -> None:
        self._now = start
        self.slept: list[Instant] = []  # spans, in order

    def now(self) -> Instant:
        return self._now

    async def sleep_until(self, instant: Instant) -> None:
        self.slept.append(instant - self._now)
        await asyncio.sleep(0.001)  # others, servers among them, act meanwhile
        self._now = max(self._now, instant)
