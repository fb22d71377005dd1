"""Run by test_backup: makes a backup, or restores one, killed at each step until one comes through.

Prints one JSON list: what was found after each kill. Everything runs in children made by fork.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from router.errors import StorageFailed
from router.history.copying import EmbeddedHistory
from router.runtime import backup_file
from router.runtime.backup import back_up
from router.runtime.journals import open_to_write
from router.runtime.restore import restore
from tests.runtime.backup_town import SECRET, About, settings_of


def dying(at: int) -> Callable[[str, int, int], None]:
    steps = count()

    def progress(_what: str, _done: int, _whole: int) -> None:
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return progress


def make(folder: Path, to: Path, at: int) -> None:
    async def work() -> None:
        history = EmbeddedHistory(folder / "var/history.sqlite")
        await back_up(settings_of(folder), history, to, About(), dying(at))
        await history.close()

    asyncio.run(work())


def bring_back(folder: Path, file: Path, at: int) -> None:
    settings = settings_of(folder)
    with backup_file.opened(file) as backup:
        history = folder / "var/history.sqlite"
        asyncio.run(restore(backup, settings, history, SECRET, dying(at)))


def as_daemon(folder: Path) -> None:
    """Exit 0 when a daemon that starts now is refused, 3 when it finds no journal."""

    async def begin() -> int:
        if not (folder / "var/journal.sqlite").exists():
            return 3
        try:
            journal = await open_to_write(settings_of(folder))
        except StorageFailed as error:
            return 0 if "not filled to its end" in str(error) else 1
        await journal.close()
        return 2

    os._exit(asyncio.run(begin()))


def forked(work: Callable[[], None]) -> int:
    """Return how the child ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(what: str, folder: Path, file: Path) -> None:
    found: list[int | bool] = []
    work = make if what == "backup" else bring_back
    for at in count():
        ended = forked(lambda at=at: work(folder, file, at))  # type: ignore[misc]
        if ended == 0:
            break
        assert ended == -signal.SIGKILL, ended
        found.append(file.exists() if what == "backup" else forked(lambda: as_daemon(folder)))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
