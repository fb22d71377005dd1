"""History as a backup takes it: held still for a moment, then copied as it stood in that moment.

Words leave the journal's spool only after history has them. So whoever looks at the journal while
nobody can write to history finds every word in one of the two, and history never ahead. Holding it
takes as long as reading the spool does; the copy itself is in nobody's way.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, make_url, select

from router.errors import StorageFailed
from router.history.database import Database
from router.history.tables import blob_uses
from router.history.words import blobs_of
from router.ports import Words

WAITS_S: Final = 30.0  # for who writes just now


class EmbeddedHistory:
    """The SQLite file, which need not exist. Errors of all methods: `StorageFailed`."""

    is_embedded: Final = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pinned: sqlite3.Connection | None = None

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Let nobody write meanwhile; what it holds then is what `copy` copies."""
        if not self.path.exists():
            yield
            return
        held, self._pinned = await asyncio.to_thread(self._hold)
        try:
            yield
        finally:
            await asyncio.to_thread(held.close)

    def _hold(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        held = pinned = None
        try:
            held = _connected(self.path, "rw")
            held.execute("BEGIN IMMEDIATE")
            pinned = _connected(self.path, "ro")
            pinned.execute("BEGIN")
            pinned.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as error:
            for connection in (held, pinned):
                if connection is not None:
                    connection.close()
            raise StorageFailed(f"{self.path}: holding history still: {error}") from error
        return held, pinned

    async def copy(self, to: Path) -> bool:
        """Copy it into a new file; False when there is none."""
        if self._pinned is None:
            return False
        await asyncio.to_thread(self._copy, self._pinned, to)
        return True

    def _copy(self, pinned: sqlite3.Connection, to: Path) -> None:
        to.touch(mode=0o600)
        try:
            copy = sqlite3.connect(to)
            try:
                pinned.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise StorageFailed(f"{self.path}: copying history: {error}") from error

    async def blobs(self, waiting: Iterable[Words]) -> set[str]:
        """Return the blobs to which these words and those of the copy refer."""
        found = {blob for words in waiting for blob in blobs_of(words)}
        if self._pinned is not None:
            found |= await asyncio.to_thread(self._blobs, self._pinned)
        return found

    def _blobs(self, pinned: sqlite3.Connection) -> set[str]:
        try:
            return {blob for (blob,) in pinned.execute("SELECT DISTINCT blob FROM blob_uses")}
        except sqlite3.Error as error:
            raise StorageFailed(f"{self.path}: reading history: {error}") from error

    async def close(self) -> None:
        """Let the file go."""
        if self._pinned is not None:
            with suppress(sqlite3.Error):
                await asyncio.to_thread(self._pinned.close)
            self._pinned = None


class ServedHistory:
    """History on a database server, which has backups of its own. Errors: `StorageFailed`."""

    is_embedded: Final = False

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Nothing is held: the dump is made afterwards and has all that left the spool."""
        yield

    async def copy(self, _to: Path) -> bool:
        """Copy nothing."""
        return False

    async def blobs(self, waiting: Iterable[Words]) -> set[str]:
        """Return the blobs to which these words and those of history refer."""

        def named(connection: Connection) -> set[str]:
            return set(connection.execute(select(blob_uses.c.blob).distinct()).scalars())

        here = await self._database.read(named)
        return here | {blob for words in waiting for blob in blobs_of(words)}

    async def close(self) -> None:
        """Let the server go."""
        await self._database.close()


def history_at(url: str) -> EmbeddedHistory | ServedHistory:
    """Return the history of that SQLAlchemy URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return EmbeddedHistory(Path(str(parsed.database)))
    return ServedHistory(url)


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=WAITS_S,
        isolation_level=None,
        check_same_thread=False,  # one thread after the other
    )
