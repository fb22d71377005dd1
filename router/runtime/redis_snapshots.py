"""Snapshots beside the journal in Redis: each comes in parts, so that appends pass in between.

A part that is sent again would be there twice: these connections must not repeat by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from redis.asyncio import Redis

from router.ports import Snapshot
from router.runtime.redis_scripts import KEEP_SNAPSHOT
from router.runtime.redis_server import answer

PART_BYTES: Final = 512 * 1024  # an append waits for one part at most
PARTS_KEPT_S: Final = 3600  # of a snapshot that was never finished
SNAPSHOTS_KEPT: Final = 2
DIGITS: Final = 19  # of a version in the key of a snapshot


async def send(redis: Redis, prefix: str, who: str, snapshot: Snapshot) -> str:
    """Send the snapshot in parts; return the key under which they are.

    Shape: keys of snapshots begin with `prefix`; nobody else is `who`.
    """
    parts = f"{prefix}parts:{who}:{id(snapshot):x}"
    await answer(redis.delete(parts))
    for start in range(0, len(snapshot.body), PART_BYTES):
        await answer(redis.append(parts, snapshot.body[start : start + PART_BYTES]))
        if start == 0:
            await answer(redis.expire(parts, PARTS_KEPT_S))
    return parts


async def keep(
    redis: Redis, keys: Mapping[str, str], prefix: str, parts: str, version: int
) -> None:
    """Make the parts the snapshot of that version; drop those that are kept no longer."""
    names = [keys["snapshots"], parts, keys["beginning"]]
    await answer(redis.eval(KEEP_SNAPSHOT, len(names), *names, *kept(version, prefix)))


def kept(version: int, prefix: str) -> tuple[str, int, str]:
    """Return the arguments of `KEEP_SNAPSHOT`."""
    return f"{version:0{DIGITS}}", SNAPSHOTS_KEPT, prefix


async def snapshots_in(redis: Redis, keys: Mapping[str, str], prefix: str) -> list[Snapshot]:
    """Return the kept snapshots, newest first."""
    names = await answer(redis.zrange(keys["snapshots"], 0, -1))
    found = []
    for name in reversed(names):
        body = await answer(redis.get(prefix + name.decode()))
        if body is not None:  # else a newer one has just taken its place
            found.append(Snapshot(int(name), body))
    return found
