"""A process that is stopped for a while: nothing of it happens until it goes on."""

from __future__ import annotations

import asyncio

from tests.simulation.virtual_loop import LoopClock


class Stalls:
    """Where one daemon's tasks wait while it is stopped."""

    def __init__(self) -> None:
        self._going = asyncio.Event()
        self._going.set()

    @property
    def is_stopped(self) -> bool:
        """Say whether nothing of it happens now."""
        return not self._going.is_set()

    def stop(self) -> None:
        """Let nothing happen, as SIGSTOP does."""
        self._going.clear()

    def go_on(self) -> None:
        """Let it happen again."""
        self._going.set()

    async def pass_by(self) -> None:
        """Return once the process is not stopped."""
        while not self._going.is_set():
            await self._going.wait()


class StallingClock(LoopClock):
    """The clock of a daemon: who sleeps does not wake while the process is stopped."""

    def __init__(self, start: int, stalls: Stalls) -> None:
        super().__init__(start)
        self._stalls = stalls

    async def sleep_until(self, instant: int) -> None:
        """Return once `now()` has reached `instant` and the process runs."""
        await super().sleep_until(instant)
        await self._stalls.pass_by()
