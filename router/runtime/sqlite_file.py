"""One connection to the embedded journal that heals: given up after an error, opened on next use.

A `SqliteFile` belongs to one thread. It never creates the file: a journal that vanished must be an
error, not an empty journal.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from router.errors import StorageFailed
from router.runtime.sqlite_schema import primary_code, storage_failed

Found = TypeVar("Found")

# The log is carried over into the file when it has so many pages (32 MB; SQLite's own rule: 1,000).
# Commits wait meanwhile: seldom is better, and pages that change in every commit go over once.
LOG_PAGES: Final = 8_000
BUSY_TIMEOUT_S: Final = 1.0  # a program that reads beside us is in nobody's way for longer

# After these SQLite has undone the transaction and the connection is as good as before. Keeping it
# matters when the disk is full: opening another needs room for its side files.
_HARMLESS: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CONSTRAINT})


class SqliteFile:
    """The connection of one thread."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self._write = write
        self._connection: sqlite3.Connection | None = None

    def connected(self) -> sqlite3.Connection:
        """Return the connection, opened if need be. Errors: `StorageFailed`."""
        if self._connection is None:
            opened = _for_writing if self._write else _for_reading
            self._connection = opened(self._path)
        return self._connection

    def read(self, doing: str, query: Callable[[sqlite3.Connection], Found]) -> Found:
        """Return what the query finds. Errors: `StorageFailed`, which says what was being done."""
        connection = self.connected()
        try:
            return query(connection)
        except sqlite3.Error as error:
            self.undo(error)
            raise storage_failed(doing, self._path, error) from error

    def undo(self, error: sqlite3.Error | None) -> None:
        """End an open transaction without a trace; give the connection up if the error says so."""
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()
        if error is not None and primary_code(error) not in _HARMLESS:
            self.close()

    def close(self) -> None:
        """Give the connection up; an open transaction is undone."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _for_writing(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        # What a failed flush left behind the last good batch goes away now, or a later crash
        # could bring back a batch that was looked up and not found.
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        connection.close()
        raise storage_failed("opening the journal", path, error) from error
    return connection


def _for_reading(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path, "mode=ro")
    except StorageFailed:
        # A journal that was closed cleanly has no side files, and where none can be made (a
        # read-only disk, another user's folder) SQLite reads it only if told that nobody writes.
        if Path(f"{path}-wal").exists() or os.access(path.parent, os.W_OK):
            raise
        return _connect(path, "mode=ro&immutable=1")


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = None
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?{options}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,  # every BEGIN and COMMIT is ours
        )
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise storage_failed("opening the journal", path, error) from error
    return connection
