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
from router.ports import Words
from router.runtime import sqlite_spool

FORMAT: Final = "2"  # raise when older programs could no longer read the file
UNFINISHED: Final = "unfinished"  # stands there until the journal is filled, see sqlite_filling
_OLDER: Final = "1"  # had a row for each word; brought up to date when it is opened for writing

SPOOL: Final = """
CREATE TABLE spool (
    version INTEGER PRIMARY KEY,       -- of the batch that the words came with
    words   BLOB NOT NULL              -- msgpack array of those that history does not have yet
);
"""
TABLES: Final = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (
    version  INTEGER PRIMARY KEY,      -- number of events stored up to and including this batch
    batch_id TEXT    NOT NULL UNIQUE,
    at       INTEGER NOT NULL,         -- sequencer time, nanoseconds UTC
    count    INTEGER NOT NULL CHECK (count >= 1),
    events   BLOB    NOT NULL          -- msgpack array of tagged events
);
{SPOOL}
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
    """Make the tables in an empty file; bring one of the older format up to date.

    Errors: `StorageFailed`, also for a journal of another format or a file of somebody else.
    """
    try:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            connection.executescript(
                f"BEGIN IMMEDIATE; {TABLES} INSERT INTO meta VALUES ('format', '{FORMAT}'); COMMIT;"
            )
        elif format_of(connection) == _OLDER:
            _upgrade(connection)
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise storage_failed("making the journal", path, error) from error
    check_format(connection, path)


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Errors: `StorageFailed` when this program cannot read the file."""
    try:
        found = format_of(connection)
    except sqlite3.Error as error:
        raise storage_failed("opening the journal", path, error) from error
    if found is None:
        raise StorageFailed(f"{path} is not a journal of townline: name another file")
    if found == UNFINISHED:
        raise StorageFailed(
            f"{path} was not filled to its end: run the `townline migrate-journal` or `townline "
            "restore` that began it once more, or remove the file"
        )
    if found == _OLDER:
        raise StorageFailed(
            f"{path} has journal format {found!r}: start `townline run` once, it brings the file "
            f"to format {FORMAT!r}"
        )
    if found != FORMAT:
        raise StorageFailed(
            f"{path} has journal format {found!r} and this townline reads {FORMAT!r}: "
            "run the townline that wrote it, or a newer one"
        )


def format_of(connection: sqlite3.Connection) -> str | None:
    """Return the format that the file claims to have; None for no journal."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    except sqlite3.OperationalError:
        return None
    return None if row is None else str(row[0])


def _upgrade(connection: sqlite3.Connection) -> None:
    """Move the words that wait into one row, that of the newest batch; all or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute("SELECT ref, kind, body FROM words ORDER BY position")
    words = [Words(*row) for row in rows]
    connection.execute("DROP TABLE words")
    connection.execute(SPOOL)
    if words:
        (version,) = connection.execute("SELECT max(version) FROM batches").fetchone()
        sqlite_spool.add(connection, version, words)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (FORMAT,))
    connection.execute("COMMIT")


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
