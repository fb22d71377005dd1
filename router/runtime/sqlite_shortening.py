"""Where the embedded journal begins once it has been shortened, as functions of a connection.

It stands beside the format of the file: programs that are older than this begin at a snapshot as
well, and refuse when they can read none.
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

import msgspec

from router.errors import Conflict
from router.ports import Beginning

FORGOTTEN_AT_ONCE: Final = 200  # batches in one transaction

FORGET: Final = (
    "DELETE FROM batches WHERE version IN"
    f" (SELECT version FROM batches WHERE version <= ? ORDER BY version LIMIT {FORGOTTEN_AT_ONCE})"
)
BEGINS_AT: Final = "(SELECT json_extract(value, '$.version') FROM meta WHERE key = 'beginning')"

_BEGINNING: Final = msgspec.json.Decoder(Beginning)


def beginning_in(connection: Connection) -> Beginning | None:
    """Return where the journal begins; None: with the first event."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'beginning'").fetchone()
    return None if row is None else _BEGINNING.decode(row[0])


def move_beginning(connection: Connection, begins_at: int, beginning: Beginning) -> None:
    """Have it begin there. Errors: `Conflict` when it begins neither at `begins_at` nor there."""
    found = beginning_in(connection)
    here = 0 if found is None else found.version
    if here not in (begins_at, beginning.version):
        raise Conflict(begins_at, here)
    connection.execute(
        "INSERT INTO meta VALUES ('beginning', ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (msgspec.json.encode(beginning).decode(),),
    )
