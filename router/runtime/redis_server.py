"""The Redis server: how it is reached, how much room it has, what its "stored" is worth."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TookTooLong

SENTINEL: Final = "redis+sentinel"
SCHEMES: Final = ("redis", "rediss", "unix", SENTINEL)
TIMEOUT_S: Final = 5.0
SETTLE_MS: Final = 1000  # a replica that takes longer is asked again
PLENTY: Final = 1 << 62  # bytes; the server has no limit of its own


def connect(url: str, *, retries: int) -> Redis:
    """Return a client that connects when it is first used.

    `redis://`, `rediss://` (TLS) and `unix://` as the library reads them;
    `redis+sentinel://host:26379,host:26379/DB?master=NAME` asks Sentinels for the master.
    """
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), retries)
    options: dict[str, Any] = {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "retry": retry,
        "retry_on_error": [Disconnected, TookTooLong] if retries else [],
    }
    parts = urlsplit(url)
    if parts.scheme != SENTINEL:
        client: Redis = Redis.from_url(url, **options)
        return client
    hosts = [host.rpartition(":") for host in parts.netloc.rpartition("@")[2].split(",")]
    make: Any = Sentinel  # the library leaves it untyped
    sentinel = make([(host, int(port)) for host, _, port in hosts], **options)
    master: Redis = sentinel.master_for(
        parse_qs(parts.query)["master"][0],
        db=int(parts.path.strip("/") or 0),
        username=parts.username,
        password=parts.password,
        **options,
    )
    return master


async def settle(redis: Redis, key: str, replicas: int) -> None:
    """Return once so many replicas have everything that was written until now.

    What replicas have is told of a connection's own writes, so one is made, to `key`.
    Errors: the library's; an answer that comes late is waited for.
    """
    while True:
        both = redis.pipeline(transaction=False)
        both.set(key, replicas)
        both.execute_command("WAIT", replicas, SETTLE_MS)
        if int((await both.execute())[1]) >= replicas:
            return


async def room_of(redis: Redis) -> int:
    """Return the bytes by which the server's memory may still grow."""
    asked: Any = redis.info(section="memory")
    memory = await asked
    most = int(memory.get("maxmemory", 0))
    return max(0, most - int(memory["used_memory"])) if most else PLENTY


async def worries(redis: Redis) -> list[str]:
    """Return what could lose a stored batch, each with the remedy; [] when nothing could.

    A server that does not tell (managed ones often refuse CONFIG) is a worry of its own.
    """
    try:
        asked: Any = redis.config_get("append*", "min-replicas-to-write", "maxmemory-policy")
        told: dict[str, str] = await asked
        replicas: Any = redis.info(section="replication")
        connected = int((await replicas).get("connected_slaves", 0))
    except RedisError as error:
        return [f"the server does not tell how it persists ({error}): ask whoever runs it"]
    found = []
    if _of(told, "appendonly") != "yes":
        found.append("appendonly is off: a crash of the server loses contacts; set appendonly yes")
    elif _of(told, "appendfsync") != "always":
        found.append(
            f"appendfsync is {_of(told, 'appendfsync')}: a power cut loses the last second;"
            " set appendfsync always"
        )
    if connected and _of(told, "min-replicas-to-write") in ("0", ""):
        found.append(
            "replicas are connected but min-replicas-to-write is 0: a fail-over may lose what"
            " they have not got; set min-replicas-to-write 1, and TOWNLINE_JOURNAL_REPLICAS=1"
        )
    if _of(told, "maxmemory-policy") not in ("noeviction", ""):
        found.append(
            f"maxmemory-policy is {_of(told, 'maxmemory-policy')}: a full server would drop the"
            " journal; set maxmemory-policy noeviction"
        )
    return found


def _of(told: dict[Any, Any], name: str) -> str:
    value = told.get(name, told.get(name.encode(), ""))
    return value.decode() if isinstance(value, bytes) else str(value)
