"""The tables of the embedded journal, and what errors of SQLite and the disk mean to an operator.

One file holds everything that must survive: events in batches, residents' words until history has
them, compiled policies, the two newest snapshots. Nothing here decides when to write.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

from router.errors import StorageFailed

FORMAT: Final = "1"  # raise when older programs could no longer read the file

TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (
    version  INTEGER PRIMARY KEY,      -- number of events stored up to and including this batch
    batch_id TEXT    NOT NULL UNIQUE,
    at       INTEGER NOT NULL,         -- sequencer time, nanoseconds UTC
    count    INTEGER NOT NULL CHECK (count >= 1),
    events   BLOB    NOT NULL          -- msgpack array of tagged events
);
CREATE TABLE words (
    position INTEGER PRIMARY KEY,      -- order of arrival
    ref      TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    body     BLOB NOT NULL
);
CREATE TABLE policies (hash TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE snapshots (
    id      INTEGER PRIMARY KEY,
    version INTEGER NOT NULL UNIQUE    -- the row appears once all its parts are stored
);
CREATE TABLE snapshot_parts (
    position INTEGER PRIMARY KEY,
    snapshot INTEGER NOT NULL,         -- id of a row of snapshots, or of one that never came
    body     BLOB NOT NULL
);
"""

_MEANING: Final[dict[int, str]] = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space in {folder}",
    sqlite3.SQLITE_READONLY: "it may not be written: make {folder} writable for this user",
    sqlite3.SQLITE_PERM: "access is denied: give {folder} to the user who runs townline",
    sqlite3.SQLITE_AUTH: "access is denied: give {folder} to the user who runs townline",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that {folder} exists and is ours",
    sqlite3.SQLITE_IOERR: "the disk reports an error: check the disk and the system's log",
    sqlite3.SQLITE_BUSY: "another program keeps it locked: end that program",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked: end that program",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a journal: move it away or restore a backup",
}


def create_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file; leave a journal of our format as it is.

    Errors: `StorageFailed`, also for a journal of another format or a file of somebody else.
    """
    try:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            connection.executescript(
                f"BEGIN IMMEDIATE; {TABLES} INSERT INTO meta VALUES ('format', '{FORMAT}'); COMMIT;"
            )
    except sqlite3.Error as error:
        raise storage_failed("making the journal", path, error) from error
    check_format(connection, path)


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Errors: `StorageFailed` when this program cannot read the file."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    except sqlite3.OperationalError:
        row = None
    except sqlite3.Error as error:
        raise storage_failed("opening the journal", path, error) from error
    if row is None:
        raise StorageFailed(f"{path} is not a journal of townline: name another file")
    if row[0] != FORMAT:
        raise StorageFailed(
            f"{path} has journal format {row[0]!r} and this townline reads {FORMAT!r}: "
            "run the townline that wrote it, or a newer one"
        )


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 for errors of the Python module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def storage_failed(doing: str, path: Path, error: sqlite3.Error | OSError) -> StorageFailed:
    """Return the error in words for an operator: what failed, where, why, what to do."""
    if isinstance(error, OSError):
        code = {
            errno.ENOSPC: sqlite3.SQLITE_FULL,
            errno.EDQUOT: sqlite3.SQLITE_FULL,
            errno.EROFS: sqlite3.SQLITE_READONLY,
            errno.EACCES: sqlite3.SQLITE_PERM,
            errno.EPERM: sqlite3.SQLITE_PERM,
            errno.EIO: sqlite3.SQLITE_IOERR,
        }.get(error.errno or 0, 0)
        detail = error.strerror or str(error)
    else:
        code = primary_code(error)
        detail = f"{getattr(error, 'sqlite_errorname', 'SQLite')}: {error}"
    meaning = _MEANING.get(code, "it failed").format(folder=path.parent)
    return StorageFailed(f"{doing}: {path}: {meaning} ({detail})")
