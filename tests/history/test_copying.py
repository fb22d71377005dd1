"""History on a server is dumped after the backup; the two together lose nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from sqlalchemy import Column, Connection, select

from router.history.copying import EmbeddedHistory, ServedHistory, history_at
from router.history.database import Database, default_url
from router.history.feeder import HistoryFeeder
from router.history.tables import contacts, feed, messages
from router.runtime.backup import back_up
from router.runtime.backup_file import opened
from router.runtime.clock import VirtualClock
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.restore import restore
from tests.fakes.postgres_server import PostgresServer
from tests.runtime.backup_town import SECRET, START, About, WrittenTown, settings_of

from .conftest import on_postgresql


def silent(_what: str, _done: int, _whole: int) -> None:
    pass


def test_the_address_says_whose_copy_it_is(tmp_path: Path) -> None:
    here = history_at(default_url(tmp_path))
    assert isinstance(here, EmbeddedHistory)
    assert here.path == tmp_path / "history.sqlite"
    assert not ServedHistory.is_embedded


def refs(connection: Connection, column: Column[str]) -> list[str]:
    return list(connection.execute(select(column).order_by(column)).scalars())


@on_postgresql
async def test_a_backup_and_the_dump_after_it_lose_nothing(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    town = await WrittenTown.open(tmp_path / "old", url)
    await town.mail()
    await town.feed()
    await town.mail()  # its words wait
    history = history_at(url)
    path, manifest = await back_up(
        settings_of(tmp_path / "old"), history, tmp_path, About(), silent
    )
    await history.close()
    assert (manifest.history, manifest.blobs, manifest.journal.words) == ("elsewhere", 2, 2)
    await town.mail()
    await town.feed()
    await town.close()
    dump = tmp_path / "history.dump"
    name = url.rpartition("/")[2]
    body = await asyncio.to_thread(postgres.run, "pg_dump", "--format=custom", name)
    await asyncio.to_thread(dump.write_bytes, body)
    new = postgres.url()
    target = f"--dbname={new.rpartition('/')[2]}"
    await asyncio.to_thread(postgres.run, "pg_restore", target, str(dump))
    with opened(path) as backup:
        await restore(backup, settings_of(tmp_path / "new"), None, SECRET, silent)
    database = Database(new)
    journal = await SqliteJournal.open(tmp_path / "new/var/journal.sqlite")
    await HistoryFeeder(database, journal, journal, VirtualClock(START))()
    for column, letter in ((messages.c.ref, "w"), (contacts.c.ref, "c")):
        found = await database.read(partial(refs, column=column))
        assert found == [f"{letter}-M{number}" for number in range(3)]
    stands_at = await database.read(lambda c: c.execute(select(feed.c.position)).scalar_one())
    assert stands_at == await journal.version() == manifest.journal.version
    await journal.close()
    await database.close()
