"""What a journal in Redis no longer keeps: where it begins, and how older batches go.

The beginning moves first, in one script; then the batches before it go, a few in each script, so
that no append waits for more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from router.ports import Beginning
from router.runtime.redis_scripts import FORGET, SHORTEN
from router.runtime.redis_server import answer
from router.runtime.redis_snapshots import kept

FORGOTTEN_AT_ONCE: Final = 100  # batches

_BEGINNING: Final = msgspec.msgpack.Decoder(Beginning)


async def beginning_in(redis: Redis, keys: Mapping[str, str]) -> Beginning | None:
    """Return where the journal begins; None: with the first event."""
    body = await answer(redis.hget(keys["beginning"], "record"))
    return None if body is None else _BEGINNING.decode(body)


async def begin_later(
    redis: Redis,
    keys: Mapping[str, str],
    prefix: str,
    parts: str,
    begins_at: int,
    beginning: Beginning,
) -> int:
    """Move the beginning, with the parts as its snapshot; return where the journal begins now."""
    names = [keys["snapshots"], parts, keys["beginning"]]
    snapshot = kept(beginning.version, prefix)
    record = msgspec.msgpack.encode(beginning)
    asked = redis.eval(SHORTEN, len(names), *names, *snapshot, begins_at, beginning.version, record)
    return int(await answer(asked))


async def put_beginning(redis: Redis, keys: Mapping[str, str], beginning: Beginning) -> None:
    """Have an empty journal begin there; its snapshot comes later."""
    snapshot, *_ = kept(beginning.version, "")
    record = msgspec.msgpack.encode(beginning)
    fields: dict[Any, Any] = {
        "version": beginning.version, "snapshot": snapshot, "record": record
    }  # fmt: skip
    await answer(redis.hset(keys["beginning"], mapping=fields))


async def forget(redis: Redis, keys: Mapping[str, str], version: int) -> None:
    """Forget all batches up to that version."""
    names = [keys["log"], keys["batches"]]
    while True:
        asked = redis.eval(FORGET, len(names), *names, version, FORGOTTEN_AT_ONCE)
        if await answer(asked) < FORGOTTEN_AT_ONCE:
            return
