"""Every change to the embedded journal, each in one transaction; runs on the writer's thread only.

What it promises: after an error that is not `OutcomeUnknown` nothing was changed. A connection that
met an error of the disk is given up, and the next call opens another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from router.errors import Conflict, InvariantBroken, OutcomeUnknown, StorageFailed
from router.ports import Batch, Beginning, Words
from router.runtime import sqlite_spool
from router.runtime.sqlite_file import SqliteFile
from router.runtime.sqlite_reader import find_batch, last_version
from router.runtime.sqlite_schema import create_tables, storage_failed
from router.runtime.sqlite_shortening import BEGINS_AT, FORGET, move_beginning
from router.runtime.sqlite_spool import SpoolIndex

SNAPSHOTS_KEPT: Final = 2

# A COMMIT that ends so has not written its last page: nothing is stored. Any other failure (of the
# flush above all) may come after that page, and then a restart would find the batch stored.
_NOT_COMMITTED: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR_WRITE,
    }
)

_ADD_BATCH: Final = (  # nothing unless the journal stands where the batch was decided
    "INSERT INTO batches SELECT ?, ?, ?, ?, ?"
    " WHERE ? = (SELECT coalesce(max(version), 0) FROM batches)"
)
_ADD_POLICY: Final = "INSERT INTO policies VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"
_NEW_SNAPSHOT: Final = (
    "SELECT 1 + max((SELECT coalesce(max(id), 0) FROM snapshots),"
    " (SELECT coalesce(max(snapshot), 0) FROM snapshot_parts))"
)
_DROP_OLD_SNAPSHOTS: Final = (
    "DELETE FROM snapshots WHERE id NOT IN"
    f" (SELECT id FROM snapshots ORDER BY version DESC LIMIT {SNAPSHOTS_KEPT})"
    f" AND version IS NOT {BEGINS_AT}"
)
_DROP_ONE_PART: Final = (
    "DELETE FROM snapshot_parts WHERE position = (SELECT position FROM snapshot_parts"
    " WHERE snapshot NOT IN (SELECT id FROM snapshots) LIMIT 1)"
)


class SqliteWriter:
    """The one connection that writes."""

    def __init__(self, path: Path, spool: SpoolIndex) -> None:
        self._path = path
        self._spool = spool
        self._file = SqliteFile(path, write=True)

    def open(self) -> None:
        """Open the journal, with its tables if the file is empty. Errors: `StorageFailed`."""
        connection = self._file.connected()
        create_tables(connection, self._path)
        self._file.read("reading waiting words", self._spool.load)

    def close(self) -> None:
        """Give the connection back; an unfinished transaction is undone."""
        self._file.close()

    def append(self, expected_version: int, batch: Batch) -> int:
        """Store the batch right after that version; see `Journal.append`."""
        version = expected_version + batch.count
        with self._transaction("appending a batch") as connection:
            row = (version, batch.batch_id, batch.at, batch.count, batch.events, expected_version)
            try:
                added = connection.execute(_ADD_BATCH, row).rowcount
            except sqlite3.IntegrityError as error:
                raise InvariantBroken(
                    f"batch {batch.batch_id!r} of {batch.count} events: {error}"
                ) from error
            if not added:
                raise Conflict(expected_version, last_version(connection))
            here = self._spool.load(connection)
            words: dict[str, Words] = {}
            for each in batch.words:
                if each.ref not in here:
                    words.setdefault(each.ref, each)  # those that come twice are the same words
            if words:
                sqlite_spool.add(connection, version, [*words.values()])
            if batch.policies:
                connection.executemany(_ADD_POLICY, [(p.hash, p.body) for p in batch.policies])
        here.update(dict.fromkeys(words, version))
        return version

    def version(self) -> int:
        """Return the number of events stored."""
        return self._file.read("reading the version", last_version)

    def find_batch(self, batch_id: str) -> int | None:
        """Return the version after that batch, or None."""
        return self._file.read("looking up a batch", lambda c: find_batch(c, batch_id))

    def bring_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """Let words wait that do not; see `Journal.bring_words`."""
        doing = "bringing words"
        with self._repeatable(doing), self._transaction(doing) as connection:
            version = find_batch(connection, batch_id)
            here = self._spool.load(connection)
            missing = {} if version is None else {w.ref: w for w in words if w.ref not in here}
            if version is not None and missing:
                sqlite_spool.bring(connection, version, [*missing.values()])
        here.update(dict.fromkeys(missing, version or 0))

    def forget_words(self, refs: list[str]) -> None:
        """Delete words that history has."""
        doing = "forgetting moved words"
        with self._repeatable(doing), self._transaction(doing) as connection:
            here = self._spool.load(connection)
            sqlite_spool.remove(connection, self._spool.versions(connection, refs))
        for ref in refs:
            here.pop(ref, None)

    def change(self, doing: str, change: Callable[[sqlite3.Connection], None]) -> None:
        """Make the change in one transaction; it must bear being made twice."""
        with self._repeatable(doing), self._transaction(doing) as connection:
            change(connection)

    def new_snapshot(self) -> int:
        """Return an id under which no part of a snapshot stands."""

        def next_id(connection: sqlite3.Connection) -> int:
            (snapshot,) = connection.execute(_NEW_SNAPSHOT).fetchone()
            return int(snapshot)

        return self._file.read("saving a snapshot", next_id)

    def add_snapshot_part(self, snapshot: int, body: bytes) -> None:
        """Store the next part; a snapshot comes in parts so that appends pass in between."""
        sql = "INSERT INTO snapshot_parts (snapshot, body) VALUES (?, ?)"
        self._change("saving a snapshot", sql, [(snapshot, body)])

    def finish_snapshot(self, snapshot: int, version: int) -> None:
        """Make the parts of that id the snapshot of that version; keep the newest two."""
        self.change("saving a snapshot", lambda c: _keep_snapshot(c, snapshot, version))

    def begin_later(self, begins_at: int, beginning: Beginning, snapshot: int) -> None:
        """Move the beginning, with the parts of that id as its snapshot. Errors: `Conflict`."""

        def move(connection: sqlite3.Connection) -> None:
            move_beginning(connection, begins_at, beginning)
            _keep_snapshot(connection, snapshot, beginning.version)

        self.change("shortening the journal", move)

    def forget_batches(self, version: int) -> bool:
        """Delete some batches up to that version; False when there are none."""
        return self._change("shortening the journal", FORGET, [(version,)]) > 0

    def drop_snapshot_part(self) -> bool:
        """Delete one part that belongs to no kept snapshot; False when there is none."""
        return self._change("dropping a snapshot", _DROP_ONE_PART, [()]) > 0

    def _change(self, doing: str, sql: str, rows: Sequence[tuple[str | int | bytes, ...]]) -> int:
        with self._repeatable(doing), self._transaction(doing) as connection:
            return connection.executemany(sql, rows).rowcount

    @contextmanager
    def _repeatable(self, doing: str) -> Iterator[None]:
        """Only a batch has an outcome to settle; everything else is simply done again."""
        try:
            yield
        except OutcomeUnknown as error:
            raise StorageFailed(f"{doing}: {error}") from error

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        connection = self._file.connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
        except sqlite3.Error as error:
            self._file.undo(error)
            raise storage_failed(doing, self._path, error) from error
        except BaseException:
            self._file.undo(None)
            raise
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._file.undo(error)
            failed = storage_failed(doing, self._path, error)
            if getattr(error, "sqlite_errorcode", 0) in _NOT_COMMITTED:
                raise failed from error
            self._spool.forget()
            raise OutcomeUnknown(str(failed)) from error


def _keep_snapshot(connection: sqlite3.Connection, snapshot: int, version: int) -> None:
    connection.execute("DELETE FROM snapshots WHERE version = ?", (version,))
    connection.execute("INSERT INTO snapshots VALUES (?, ?)", (snapshot, version))
    connection.execute(_DROP_OLD_SNAPSHOTS)
