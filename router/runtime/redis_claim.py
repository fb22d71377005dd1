"""One daemon at a time serves a town from Redis: a claim that expires, kept beside the journal.

Losing it costs nobody the truth: appends compare the version. It keeps a second daemon, started by
mistake, from doing everything twice.
"""

from __future__ import annotations

import asyncio
import socket
from os import getpid
from typing import Any, Final

from redis.asyncio import Redis

from router.core.model import SECOND, Span
from router.errors import StorageFailed
from router.runtime.redis_scripts import CLAIM, RELEASE

KEPT_MS: Final = 5000  # after a crash the next daemon waits for so long


class Claim:
    """Taken, renewed by being called (a `Duty`), given back.

    Errors: every method passes on what the server's library raises.
    """

    name = "claim"
    period: Span = SECOND

    def __init__(self, redis: Redis, key: str, where: str) -> None:
        self._redis = redis
        self._key = key
        self._where = where
        self._who = f"{socket.gethostname()}:{getpid()}:{id(self):x}"
        self._is_ours = False

    async def take(self) -> None:
        """Take it; wait for as long as a daemon that was killed would have held it.

        Raises:
            StorageFailed: another daemon has it and renews it.
        """
        holder = await self._ask()
        if holder != self._who:
            await asyncio.sleep(KEPT_MS / 1000 + 0.1)
            holder = await self._ask()
        if holder != self._who:
            raise StorageFailed(f"{self._where}: daemon {holder} serves this town; stop it first")
        self._is_ours = True

    async def __call__(self) -> None:
        """Renew it."""
        await self._ask()

    async def give_back(self) -> None:
        """Let the next daemon have it at once."""
        if self._is_ours:
            self._is_ours = False
            await self._eval(RELEASE, self._who)

    async def _ask(self) -> str:
        holder: bytes = await self._eval(CLAIM, self._who, KEPT_MS)
        return holder.decode()

    async def _eval(self, script: str, *texts: Any) -> Any:
        asked: Any = self._redis.eval(script, 1, self._key, *texts)
        return await asked
