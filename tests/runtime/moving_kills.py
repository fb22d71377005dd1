"""Run by test_moving: moves a journal and is killed at each step in turn, until one comes through.

Prints one JSON list: what a daemon that was started after each kill was told. Everything runs in
children made by fork, so that a kill costs milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from itertools import count

from router.errors import StorageFailed
from router.runtime import journal_copy, redis_alone
from router.runtime.journals import open_to_write
from router.runtime.moving import at_address, move_journal
from router.runtime.settings import Settings

redis_alone.KEPT_MS = 50  # type: ignore[attr-defined]
journal_copy.PAGE_BATCHES = 3  # type: ignore[misc]


def move(source: Settings, target: Settings, dies_at: int) -> None:
    steps = count()

    def progress(_what: str, _done: int, _whole: int) -> None:
        if next(steps) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(move_journal(source, target, progress))


def as_daemon(target: Settings, told: int) -> None:
    """Write what a daemon is told, "" when it may begin."""

    async def begin() -> str:
        try:
            journal = await open_to_write(target)
        except StorageFailed as error:
            return str(error)
        version = await journal.version()
        await journal.close()
        return f"stands at {version}" if version else ""

    os.write(told, asyncio.run(begin()).encode())


def forked(work: object, *args: object) -> int:
    """Return how the child ended."""
    assert callable(work)
    child = os.fork()
    if child == 0:
        try:
            work(*args)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(source: str, target: str) -> None:
    old, new = (at_address(Settings(), "", each) for each in (source, target))
    found: list[str] = []
    for dies_at in count():
        ended = forked(move, old, new, dies_at)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL, ended
        reading, writing = os.pipe()
        assert forked(as_daemon, new, writing) == 0
        os.close(writing)
        with os.fdopen(reading) as pipe:
            found.append(pipe.read())
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
