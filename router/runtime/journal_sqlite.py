"""The embedded journal: `Journal` and `Spool` in one SQLite file, nothing to install.

Two threads, one connection each: everything that changes the file, or must come after a change
that was begun (`version`, `find_batch`), waits its turn on the writer's; the rest reads beside it.
WAL and synchronous=FULL: an append has reached the disk when it returns. A lock file beside the
journal keeps a second writing process out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Final, ParamSpec, TypeVar

from router.core.model import Instant
from router.errors import StorageFailed
from router.ports import Batch, Beginning, Duty, Snapshot, StoredBatch, Words
from router.runtime import sqlite_reader, sqlite_spool
from router.runtime.beginnings import check_follows, check_kept
from router.runtime.errands import Errands
from router.runtime.folder_lock import FolderLock
from router.runtime.sqlite_file import SqliteFile
from router.runtime.sqlite_schema import check_format, storage_failed
from router.runtime.sqlite_shortening import beginning_in
from router.runtime.sqlite_spool import SpoolIndex
from router.runtime.sqlite_writer import SqliteWriter

P = ParamSpec("P")
T = TypeVar("T")

SNAPSHOT_PART_BYTES: Final = 512 * 1024  # an append waits for one part at most


class SqliteJournal:
    """Made by `open` or `open_readonly`; `close` it in the same event loop.

    An append that is cancelled may still be stored: `find_batch` answers after it has ended.
    """

    def __init__(self, path: Path, lock: FolderLock | None) -> None:
        self._path = path.absolute()
        self._lock = lock  # who holds it writes
        self._spool = SpoolIndex()
        self._writer = None if lock is None else SqliteWriter(self._path, self._spool)
        self._reader = SqliteFile(self._path, write=False)
        self._writing = Errands("journal-writer")
        self._reading = Errands("journal-reader")
        self._saving = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> SqliteJournal:
        """Open the journal for writing; make it, and its folder, if there is none.

        Errors: `StorageFailed` when another process writes to it, when it cannot be written,
            or when it is of another format.
        """
        journal = cls(path, await asyncio.to_thread(claim, path))
        return await journal._opened(journal._write(journal._to_write().open))

    @classmethod
    async def open_readonly(cls, path: Path) -> SqliteJournal:
        """Open an existing journal to read it, beside a running daemon or without one.

        Errors: `StorageFailed` when there is none or it is of another format; later, from every
            method that would change it.
        """
        if not await asyncio.to_thread(path.exists):
            raise StorageFailed(f"there is no journal at {path}: check TOWNLINE_DATA_DIR")
        journal = cls(path, None)
        check = partial(check_format, path=path)
        return await journal._opened(journal._read("opening the journal", check))

    async def append(self, expected_version: int, batch: Batch) -> int:
        """Store the batch right after that version; see `Journal.append`."""
        return await self._write(self._to_write().append, expected_version, batch)

    async def bring_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """See `Journal.bring_words`."""
        await self._write(self._to_write().bring_words, batch_id, words)

    async def find_batch(self, batch_id: str) -> int | None:
        """Return the version after that batch, or None; waits for a running append to end."""
        if self._writer is None:
            query = partial(sqlite_reader.find_batch, batch_id=batch_id)
            return await self._read("looking up a batch", query)
        return await self._write(self._writer.find_batch, batch_id)

    async def version(self) -> int:
        """Return the number of events stored; waits for a running append to end."""
        if self._writer is None:
            return await self._read("reading the version", sqlite_reader.last_version)
        return await self._write(self._writer.version)

    async def last_instant(self) -> Instant:
        """Return the sequencer time of the newest batch, 0 for the empty journal."""
        return await self._read("reading the last instant", sqlite_reader.last_instant)

    async def read(self, after_version: int) -> AsyncIterator[StoredBatch]:
        """Yield the batches after that version, oldest first; about a megabyte at a time."""
        while True:
            query = partial(sqlite_reader.batches_after, version=after_version)
            page = await self._read("reading the journal", query)
            if not page:
                return
            for stored in page:
                await check_follows(self, stored, after_version)
                yield stored
                after_version = stored.version

    async def beginning(self) -> Beginning | None:
        """Return where the journal begins; None: with the first event."""
        return await self._read("reading the beginning", beginning_in)

    async def shorten(self, begins_at: int, beginning: Beginning, state: bytes) -> None:
        """Have the journal begin there; see `Journal.shorten`."""
        writer = self._to_write()
        check_kept(beginning, await self.version())
        async with self._saving:
            number = await self._put_parts(writer, state)
            await self._write(writer.begin_later, begins_at, beginning, number)
            await self._drop_parts(writer)
        while await self._write(writer.forget_batches, beginning.version):
            pass

    async def mentions(self, text: str) -> tuple[int, int] | None:
        """Return the versions around the batches whose events hold the text; None: none does."""
        query = partial(sqlite_reader.mentions, text=text)
        return await self._read("searching the journal", query)

    async def policy(self, policy_hash: str) -> bytes | None:
        """Return the stored policy's bytes."""
        query = partial(sqlite_reader.policy, policy_hash=policy_hash)
        return await self._read("reading a policy", query)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot and the one before it; appends pass between its parts."""
        writer = self._to_write()
        async with self._saving:
            number = await self._put_parts(writer, snapshot.body)
            await self._write(writer.finish_snapshot, number, snapshot.version)
            await self._drop_parts(writer)

    async def _put_parts(self, writer: SqliteWriter, body: bytes) -> int:
        number = await self._write(writer.new_snapshot)
        for start in range(0, len(body), SNAPSHOT_PART_BYTES):
            part = body[start : start + SNAPSHOT_PART_BYTES]
            await self._write(writer.add_snapshot_part, number, part)
        return number

    async def _drop_parts(self, writer: SqliteWriter) -> None:
        while await self._write(writer.drop_snapshot_part):
            pass

    async def snapshots(self) -> list[Snapshot]:
        """Return the kept snapshots, newest first."""
        return await self._read("reading the snapshots", sqlite_reader.snapshots)

    async def waiting(self, limit: int) -> list[Words]:
        """Return the oldest words that history does not have yet."""
        query = partial(sqlite_spool.waiting, limit=limit)
        return await self._read("reading waiting words", query)

    async def words(self, refs: list[str]) -> dict[str, Words]:
        """Return those of the asked-for words that are still here."""

        def find(connection: Connection) -> dict[str, Words]:
            return sqlite_spool.find(connection, self._spool.versions(connection, refs))

        return await self._read("reading words", find)

    async def moved(self, refs: list[str]) -> None:
        """Forget words that history has stored."""
        await self._write(self._to_write().forget_words, refs)

    def free_bytes(self) -> int:
        """Return what the journal may still grow by: the operator is told before it is nothing."""
        try:
            return shutil.disk_usage(self._path.parent).free
        except OSError as error:
            raise storage_failed("measuring free space", self._path, error) from error

    def duties(self) -> list[Duty]:
        """Return nothing: a file needs no looking after."""
        return []

    async def close(self) -> None:
        """Give file, threads and lock back once running work has ended; harmless twice."""
        if self._closed:
            return
        self._closed = True
        await self._reading.run(self._reader.close)
        if self._writer is not None:
            await self._writing.run(self._writer.close)
        for thread in (self._reading, self._writing):
            thread.end()
        if self._lock is not None:
            self._lock.release()

    async def _opened(self, opening: Awaitable[None]) -> SqliteJournal:
        try:
            await opening
        except BaseException:
            await self.close()
            raise
        return self

    def _to_write(self) -> SqliteWriter:
        if self._writer is None:
            raise StorageFailed(f"{self._path} was opened for reading only")
        return self._writer

    def _write(self, change: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return self._on(self._writing, partial(change, *args, **kwargs))

    def _read(self, doing: str, query: Callable[[Connection], T]) -> Awaitable[T]:
        return self._on(self._reading, partial(self._reader.read, doing, query))

    def _on(self, thread: Errands, work: Callable[[], T]) -> Awaitable[T]:
        if self._closed:
            raise StorageFailed(f"{self._path} is closed")
        return thread.run(work)


def claim(path: Path) -> FolderLock:
    """Make the folder and an empty file that only we may read (residents' words); lock it."""
    path = path.absolute()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return FolderLock(path.with_name(f"{path.name}.lock"))
    except OSError as error:
        raise storage_failed("opening the journal", path, error) from error
