"""Every question that is asked of the embedded journal, as a function of a connection."""

from __future__ import annotations

import sqlite3
from typing import Final

from router.core.model import Instant
from router.ports import Snapshot, StoredBatch

PAGE_BATCHES: Final = 512  # read at once, so that memory stays bounded however long the journal is
PAGE_BYTES: Final = 1024 * 1024  # the batch that goes beyond is the page's last


def last_version(connection: sqlite3.Connection) -> int:
    """Return the number of events stored."""
    row = connection.execute("SELECT version FROM batches ORDER BY version DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def last_instant(connection: sqlite3.Connection) -> Instant:
    """Return the sequencer time of the newest batch, 0 for the empty journal."""
    row = connection.execute("SELECT at FROM batches ORDER BY version DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def find_batch(connection: sqlite3.Connection, batch_id: str) -> int | None:
    """Return the version after that batch, or None."""
    row = connection.execute(
        "SELECT version FROM batches WHERE batch_id = ?", (batch_id,)
    ).fetchone()
    return None if row is None else int(row[0])


def batches_after(connection: sqlite3.Connection, version: int) -> list[StoredBatch]:
    """Return the next page of batches, oldest first; empty at the end of the journal."""
    rows = connection.execute(
        "SELECT version, batch_id, at, count, events FROM batches"
        " WHERE version > ? ORDER BY version LIMIT ?",
        (version, PAGE_BATCHES),
    )
    page: list[StoredBatch] = []
    size = 0
    for row in rows:
        page.append(StoredBatch(*row))
        size += len(row[4])
        if size > PAGE_BYTES:
            break
    rows.close()  # or the read transaction would stay open and the log could not be emptied
    return page


def mentions(connection: sqlite3.Connection, text: str) -> tuple[int, int] | None:
    """Return the versions before the first and after the last batch whose events hold the text.

    SQLite compares bytes: the whole journal at the speed at which the disk is read.
    """
    before, after = connection.execute(
        "SELECT min(version - count), max(version) FROM batches WHERE instr(events, ?)",
        (text.encode(),),
    ).fetchone()
    return None if after is None else (int(before), int(after))


def policy(connection: sqlite3.Connection, policy_hash: str) -> bytes | None:
    """Return the stored policy's bytes."""
    row = connection.execute("SELECT body FROM policies WHERE hash = ?", (policy_hash,)).fetchone()
    return None if row is None else bytes(row[0])


def snapshots(connection: sqlite3.Connection) -> list[Snapshot]:
    """Return the complete snapshots, newest first."""
    connection.execute("BEGIN")  # so that no part is dropped between the two questions
    ids = connection.execute("SELECT id, version FROM snapshots ORDER BY version DESC").fetchall()
    found = []
    for snapshot, version in ids:
        parts = connection.execute(
            "SELECT body FROM snapshot_parts WHERE snapshot = ? ORDER BY position", (snapshot,)
        )
        found.append(Snapshot(version, b"".join(body for (body,) in parts)))
    connection.execute("COMMIT")
    return found
