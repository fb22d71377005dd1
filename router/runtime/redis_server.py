"""The Redis server: how it is reached, how much room it has, when its replicas have a batch."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from redis.asyncio import Redis, Sentinel
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as TookTooLong

from router.runtime import redis_address

TIMEOUT_S: Final = 5.0
SENTINEL_TIMEOUT_S: Final = 1.0  # the next one is asked then
ASK_EVERY_S: Final = 1.0  # who is the master
SETTLE_MS: Final = 1000  # a replica that takes longer is asked again
PLENTY: Final = 1 << 62  # bytes; the server has no limit of its own


def connect(url: str, *, retries: int) -> Redis:
    """Return a client that connects when it is first used.

    `redis://`, `rediss://` (TLS) and `unix://` as the library reads them; other addresses, see
    `redis_address`, ask Sentinels for the master. A server that has become
    a replica is left, so that the next command finds the master of that moment.
    """
    options: dict[str, Any] = {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries),
        "retry_on_error": [ReadOnlyError, *([Disconnected, TookTooLong] if retries else [])],
    }
    if redis_address.is_watched(url):
        return _of_sentinels(redis_address.watched(url), options)
    client: Redis = Redis.from_url(url, **options)
    return client


def _of_sentinels(address: redis_address.Watched, options: dict[str, Any]) -> Redis:
    never = Retry(NoBackoff(), 0)
    asked = {
        "socket_timeout": SENTINEL_TIMEOUT_S,
        "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        "retry": never,  # as it is, the library tries ten times before it asks the next one
    }
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
        address.sentinels, sentinel_kwargs={**asked, **address.asked, **address.tls}
    )
    # A repetition within the library goes to the server that did not answer, without asking who
    # the master is now.
    options = {**options, "retry": never}
    master: Redis = sentinel.master_for(
        address.master,
        connection_pool_class=_MasterPool,
        db=address.db,
        **address.servers,
        **address.tls,
        **options,
    )
    return master


class _MasterPool(SentinelConnectionPool):
    """Leaves a server within a second after Sentinels have named another.

    One that stood still, or is cut off, takes itself for the master for ten seconds after it is
    back. The library asks for a new connection only, and leaves those to Sentinels open at the end.
    """

    _asked_at = 0.0

    async def get_connection(self, *command: Any, **options: Any) -> AbstractConnection:
        now = asyncio.get_running_loop().time()
        if now >= self._asked_at + ASK_EVERY_S:
            self._asked_at = now
            with suppress(RedisError):  # nobody answers: what is connected is used
                await self.get_master_address()  # type: ignore[no-untyped-call]  # drops the others
        pool: Any = super()  # untyped, too
        found: AbstractConnection = await pool.get_connection(*command, **options)
        return found

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


async def settle(redis: Redis, keys: dict[str, str], replicas: int, batch_id: str) -> bytes | None:
    """Return once so many replicas have everything that was written until now.

    Returns the version after that batch as the same server has it; None when it does not: another
    one was promoted meanwhile, or the batch was never stored.
    What replicas have is told of a connection's own writes, so one is made.
    Errors: the library's; an answer that comes late is waited for.
    """
    while True:
        together = redis.pipeline(transaction=False)
        together.set(keys["settled"], replicas)
        together.execute_command("WAIT", replicas, SETTLE_MS)
        together.hget(keys["batches"], batch_id)
        _, reached, version = await together.execute()
        if int(reached) >= replicas:
            found: bytes | None = version
            return found


async def answer(asked: Any) -> Any:
    """Await a command; the library types its asynchronous commands as both kinds."""
    return await asked


async def room_of(redis: Redis) -> int:
    """Return the bytes by which the server's memory may still grow."""
    memory = await answer(redis.info(section="memory"))
    most = int(memory.get("maxmemory", 0))
    return max(0, most - int(memory["used_memory"])) if most else PLENTY
