"""Large bytes in a folder: original mails and attachments, named by what they hold.

A file is written under another name, brought to disk, then renamed: half a blob is never seen, and
a repeat finds its file there already. Two levels of folders keep listings short.

Bytes that nobody refers to any more are dropped while equal ones may be arriving. So a put touches
the file that is there, a drop spares what was put lately, and a lock on the folder, held by every
program that serves it, keeps the two from passing each other between the look and the deed.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from router.core.model import Span
from router.errors import StorageFailed
from router.runtime import durable

_NAME: Final = re.compile(r"[0-9a-f]{64}(?:\.[0-9a-f]{8})?")  # or that of an unfinished file
_LOCK: Final = ".lock"


class FolderBlobs:
    """A `Blobs` port. Errors of all methods: `StorageFailed`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, body: bytes) -> str:
        """Keep the bytes; return their name once they are on disk."""
        return await asyncio.to_thread(self._put, body)

    async def get(self, name: str) -> bytes | None:
        """Return the bytes; None when nobody has them."""
        return await asyncio.to_thread(self._get, name)

    async def drop_older(self, name: str, age: Span) -> bool:
        """Forget them unless they were put less than `age` ago; return whether they are gone.

        Ages are measured by the file system's own clock, which may differ from everybody else's.
        """
        return await asyncio.to_thread(self._drop, name, age)

    async def names(self, shelf: str) -> list[str]:
        """Return what the folder of this shelf ("00" to "ff") holds, unfinished files too."""
        return await asyncio.to_thread(self._names, shelf)

    def _put(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        path = self._path(name)
        draft = path.with_name(f"{name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked(fcntl.LOCK_SH):
                try:
                    os.utime(path)
                except FileNotFoundError:
                    _write(draft, body)
                    draft.rename(path)
                durable.sync(path.parent)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise StorageFailed(f"{path.parent}: {error.strerror or error}") from error
        return name

    def _get(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"{self._folder}: {error.strerror or error}") from error

    def _drop(self, name: str, age: Span) -> bool:
        path = self._path(name)
        try:
            if not path.exists():
                return True
            with self._locked(fcntl.LOCK_EX) as now:
                if age and now - path.stat().st_mtime_ns < age:
                    return False
                path.unlink()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise StorageFailed(f"{self._folder}: {error.strerror or error}") from error
        return True

    def _names(self, shelf: str) -> list[str]:
        try:
            return sorted(path.name for path in (self._folder / shelf).glob("*/*"))
        except OSError as error:
            raise StorageFailed(f"{self._folder}: {error.strerror or error}") from error

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StorageFailed(f"{name[:80]!r} is no name of a blob")
        return self._folder / name[:2] / name[2:4] / name

    @contextmanager
    def _locked(self, how: int) -> Iterator[int]:
        """Hold the folder; gives what its file system thinks the time is, as nanoseconds."""
        lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, how)
            os.utime(lock)
            yield os.fstat(lock).st_mtime_ns
        finally:
            os.close(lock)


def _write(path: Path, body: bytes) -> None:
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
