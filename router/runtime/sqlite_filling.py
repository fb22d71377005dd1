"""An SQLite journal that is filled from another one, and that nothing else opens until it is whole.

What marks it is the format that it claims to have, so that programs of every release refuse it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from router.errors import StorageFailed
from router.ports import Beginning, StoredBatch, StoredPolicy, Words
from router.runtime import sqlite_spool
from router.runtime.journal_sqlite import SqliteJournal, claim
from router.runtime.sqlite_reader import last_version
from router.runtime.sqlite_schema import FORMAT, TABLES, UNFINISHED, check_format, format_of
from router.runtime.sqlite_shortening import move_beginning

WORDS_PER_ROW: Final = 500  # history takes so many at once; a row is rewritten when some are taken


class SqliteFilling(SqliteJournal):
    """A `Filling`. Made by `begin`."""

    @classmethod
    async def begin(cls, path: Path) -> SqliteFilling:
        """Begin a journal, or go on with one that was not filled to its end.

        Errors: `StorageFailed` when the file holds something else, or another process has it.
        """
        journal = cls(path, await asyncio.to_thread(claim, path))
        await journal._opened(journal._change("beginning a journal", journal._begin))
        return journal

    async def begin_at(self, beginning: Beginning) -> None:
        """Have the journal, which is empty, begin there; its snapshot is saved later."""
        change = partial(move_beginning, begins_at=0, beginning=beginning)
        await self._change("beginning a journal", change)

    async def fill(self, page: Sequence[StoredBatch], policies: Sequence[StoredPolicy]) -> None:
        """Store these batches after those that are here, and what they adopted, or nothing."""

        def store(connection: Connection) -> None:
            rows = [(b.version, b.batch_id, b.at, b.count, b.events) for b in page]
            connection.executemany("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "INSERT INTO policies VALUES (?, ?) ON CONFLICT (hash) DO NOTHING",
                [(policy.hash, policy.body) for policy in policies],
            )

        await self._change("filling the journal", store)

    async def put_words(self, words: Sequence[Words]) -> None:
        """Let these words wait, in their order, and no others."""

        def put(connection: Connection) -> None:
            connection.execute("DELETE FROM spool")
            newest = last_version(connection)
            size = max(WORDS_PER_ROW, -(-len(words) // newest))  # a row for each event at most
            rows = [words[start : start + size] for start in range(0, len(words), size)]
            for version, row in enumerate(rows, newest - len(rows) + 1):
                sqlite_spool.add(connection, version, row)

        await self._change("filling the journal", put)
        self._spool.forget()

    async def finish(self) -> None:
        """Let everybody open it."""
        await self._change("finishing the journal", lambda c: _mark(c, FORMAT))

    async def _change(self, doing: str, change: Callable[[Connection], None]) -> None:
        await self._write(self._to_write().change, doing, change)

    def _begin(self, connection: Connection) -> None:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('format', ?)", (UNFINISHED,))
        elif format_of(connection) != UNFINISHED:
            check_format(connection, self._path)
            if last_version(connection):
                raise StorageFailed(
                    f"{self._path} holds a journal already: name another file, or move it away"
                )
            _mark(connection, UNFINISHED)


def _mark(connection: Connection, journal_format: str) -> None:
    connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (journal_format,))
