"""What a Redis server, its replicas and its Sentinels could lose, asked at the start.

Every worry names its remedy. None keeps a daemon from starting: whoever runs the server may know
better.
"""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import RedisError, ResponseError

from router.runtime.redis_server import answer

SENTINELS_MIN: Final = 3
DOWN_AFTER_MS: Final = (1000, 10_000)  # least and most that make sense


async def worries(redis: Redis, replicas: int) -> list[str]:
    """Return what could lose a batch, or keep others from being stored, each with the remedy.

    `replicas` must have a batch before it counts as stored. A server that does not
    tell (managed ones often refuse CONFIG) is a worry of its own.
    """
    pool = redis.connection_pool
    is_watched = isinstance(pool, SentinelConnectionPool)
    try:
        asked = redis.config_get("append*", "min-replicas-to-write", "maxmemory-policy")
        told: dict[Any, Any] = await answer(asked)
        info = await answer(redis.info(section="replication"))
        connected = int(info.get("connected_slaves", 0))
    except RedisError as error:
        found = [f"the server does not tell how it persists ({error}): ask whoever runs it"]
    else:
        found = _of_server(told)
        if is_watched or connected or replicas:
            least = int(_of(told, "min-replicas-to-write") or 0)
            found += _of_replicas(connected, least, replicas)
    return [*found, *await _of_sentinels(pool)] if is_watched else found


def _of_server(told: dict[Any, Any]) -> list[str]:
    found = []
    if _of(told, "appendonly") != "yes":
        found.append("appendonly is off: a crash of the server loses contacts; set appendonly yes")
    elif _of(told, "appendfsync") != "always":
        found.append(
            f"appendfsync is {_of(told, 'appendfsync')}: a power cut loses the last second;"
            " set appendfsync always"
        )
    if _of(told, "maxmemory-policy") not in ("noeviction", ""):
        found.append(
            f"maxmemory-policy is {_of(told, 'maxmemory-policy')}: a full server would drop the"
            " journal; set maxmemory-policy noeviction"
        )
    return found


def _of_replicas(connected: int, least: int, replicas: int) -> list[str]:
    if not connected:
        return ["no replica is connected: nobody can take over from the server; run two"]
    found = []
    if not least:
        found.append(
            "min-replicas-to-write is 0: a server that is cut off goes on taking in what a"
            " fail-over loses; set min-replicas-to-write 1"
        )
    if not replicas:
        found.append(
            "TOWNLINE_JOURNAL_REPLICAS is 0: a fail-over loses what was acknowledged before"
            " replicas had it; set it to 1"
        )
    needed = max(least, replicas)
    if connected <= needed:
        found.append(
            f"{needed} replicas must have a batch and {connected} are connected: after a fail-over"
            f" nothing is taken in until the old server is back; run {needed + 1}"
        )
    return found


async def _of_sentinels(pool: Any) -> list[str]:
    found: list[str] = []
    sentinels: list[Redis] = list(pool.sentinel_manager.sentinels)
    for sentinel in sentinels:
        where = "{host}:{port}".format(**sentinel.connection_pool.connection_kwargs)
        try:
            found += _of_watch(await _told(sentinel, pool.service_name))
        except ResponseError as error:
            found.append(f"the Sentinel at {where} cannot name another server: {error}")
        except RedisError as error:
            found.append(f"the Sentinel at {where} does not answer ({error}): start it")
    if len(sentinels) == 1:
        found.append("the address names one Sentinel: daemons are lost without it; name all")
    return list(dict.fromkeys(found))  # what all of them say is said once


async def _told(sentinel: Redis, name: str) -> dict[str, Any]:
    """Errors: `ResponseError` when it does not know the name, or too few Sentinels agree."""
    told: dict[str, Any] = await answer(sentinel.sentinel_master(name))
    await answer(sentinel.sentinel_ckquorum(name))
    return told


def _of_watch(told: dict[str, Any]) -> list[str]:
    found = []
    count = int(told["num-other-sentinels"]) + 1
    if count < SENTINELS_MIN:
        found.append(
            f"Sentinels that watch the server: {count}; when one is lost with it, nobody is"
            " promoted; run three, on three machines"
        )
    after_ms = int(told["down-after-milliseconds"])
    least, most = DOWN_AFTER_MS
    if after_ms < least:
        found.append(
            f"down-after-milliseconds is {after_ms}: Sentinels ask once a second, and take a server"
            " that was just promoted for dead; set 2000"
        )
    if after_ms > most:
        found.append(
            f"down-after-milliseconds is {after_ms}: nothing is taken in for so long after the"
            " server died; set 5000"
        )
    return found


def _of(told: dict[Any, Any], name: str) -> str:
    value = told.get(name, told.get(name.encode(), ""))
    return value.decode() if isinstance(value, bytes) else str(value)
