"""A journal in Redis that one program has alone, to move it: no daemon serves the town meanwhile.

Daemons are counted when they open the journal and every second from then on; while somebody has it
alone a daemon that opens it is refused, and so is every append. Whoever is killed has it for a few
seconds longer; a daemon that is killed while it starts counts for a minute.
"""

from __future__ import annotations

import asyncio
from functools import partial

from router.core.model import SECOND, Span
from router.errors import StorageFailed
from router.ports import Duty
from router.runtime.journal_redis import RedisJournal
from router.runtime.redis_link import KEPT_MS
from router.runtime.redis_scripts import ALONE


class RedisAlone(RedisJournal):
    """Made by `open`; its duty keeps others out.

    Errors of `open`: `StorageFailed` also when a daemon runs, somebody else has it alone, or it was
    not filled to its end.
    """

    async def _prepare(self) -> None:
        await self._take()
        await self._refuse_unfinished()

    async def _take(self) -> None:
        """Wait for as long as one who was killed still counts, no longer."""
        until = asyncio.get_running_loop().time() + 1.2 * KEPT_MS / 1000
        while True:
            try:
                await self.keep_alone()
            except StorageFailed:
                if asyncio.get_running_loop().time() >= until:
                    raise
                await asyncio.sleep(KEPT_MS / 10_000)
            else:
                return

    async def keep_alone(self) -> None:
        """Take or renew it. Errors: `StorageFailed`: somebody else is there."""
        keys = [self._keys[name] for name in ("alone", "daemons")]
        ask = partial(self._reading.eval, ALONE, len(keys), *keys, self._who, KEPT_MS)
        other = await self._guarded("keeping others out", ask)
        if other:
            raise StorageFailed(
                f"{self._where}: {other.decode()} serves this town or moves its journal: stop every"
                " daemon first"
            )

    def duties(self) -> list[Duty]:
        """Return what must be done over and over while it is open."""
        return [*super().duties(), KeepAlone(self)]


class KeepAlone:
    """A `Duty`: what nobody renews is let go."""

    name = "alone"
    period: Span = SECOND

    def __init__(self, journal: RedisAlone) -> None:
        self._journal = journal

    async def __call__(self) -> None:
        """Renew it."""
        await self._journal.keep_alone()
