"""`townline resident` and `townline audit`, without a daemon and beside one."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from router import cli, cli_history
from router.errors import StorageFailed
from router.history.audit import Audit
from router.history.contacts import Contacts
from router.history.database import Database, default_url
from router.history.feeder import HistoryFeeder
from router.ports import Batch
from router.runtime.clock import VirtualClock
from router.runtime.folder_lock import FolderLock
from router.runtime.journal_sqlite import SqliteJournal

from .conftest import START
from .written_past import PAT, SAM, SECRET, Past, email_key

T = TypeVar("T")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWNLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("TOWNLINE_SECRET", SECRET.decode())
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "var"


def on_history(data: Path, work: Callable[[Database, SqliteJournal], Awaitable[T]]) -> T:
    """Do something as the daemon, which then stops."""

    async def use() -> T:
        database = Database(default_url(data))
        journal = await SqliteJournal.open(data / "journal.sqlite")
        try:
            return await work(database, journal)
        finally:
            await journal.close()
            await database.close()

    return asyncio.run(use())


def write_mails(data: Path) -> None:
    """Sam and Pat write; the daemon stops before history has read of it."""

    async def write(database: Database, journal: SqliteJournal) -> None:
        past = Past(database, VirtualClock(START), data)
        for name, address in (("A", SAM), ("B", PAT)):
            await past.mail(name, address, f"words of {name}", files=[b"photo"])
        for batch in past.store.batches:
            words = tuple(past.store.words.values()) if batch is past.store.batches[-1] else ()
            await journal.append(
                batch.version - batch.count,
                Batch(batch.batch_id, batch.at, batch.count, batch.events, words),
            )

    on_history(data, write)


def feed(data: Path) -> None:
    on_history(data, lambda d, j: HistoryFeeder(d, j, j, VirtualClock(START))())


def bodies(data: Path) -> dict[str, bytes]:
    async def find(database: Database, journal: SqliteJournal) -> dict[str, bytes]:
        contacts = Contacts(database, journal)
        found = await contacts.words(["w-A", "c-A", "w-B", "c-B"])
        return {ref: words.body for ref, words in found.items()}

    return on_history(data, find)


def run(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli.app, list(words), input=answer)


def test_an_export_without_a_daemon_reads_the_journal_first(data: Path, tmp_path: Path) -> None:
    write_mails(data)
    done = run("resident", "export", "SAM@example.org", "--to", str(tmp_path / "x.zip"))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        text = archive.read("data.json").decode()
        assert len(archive.namelist()) == 3
    assert json.loads(text)["items"][0]["id"] == "A"
    assert "words of A" in text
    assert "words of B" not in text
    assert "2 files" in done.output


def test_a_redaction_shows_what_there_is_and_asks(data: Path) -> None:
    write_mails(data)
    done = run("resident", "redact", SAM, answer="n\n")
    assert done.exit_code == 1
    assert "of these still open" in done.output
    assert set(bodies(data)) == {"w-A", "c-A", "w-B", "c-B"}
    done = run("resident", "redact", SAM, answer="y\n")
    assert done.exit_code == 0, done.output
    assert "messages and notes deleted" in done.output
    assert set(bodies(data)) == {"w-B", "c-B"}


def test_beside_a_daemon_its_journal_is_left_alone(data: Path) -> None:
    write_mails(data)
    feed(data)
    lock = FolderLock(data / "journal.sqlite.lock")
    try:
        done = run("resident", "redact", SAM, "--yes")
    finally:
        lock.release()
    assert done.exit_code == 0, done.output
    assert "Delete all" not in done.output
    assert set(bodies(data)) == {"w-B", "c-B"}


def test_beside_a_daemon_that_does_not_feed_history_nothing_is_done(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mails(data)
    monkeypatch.setattr(cli_history, "FEED_WAIT", 0)
    lock = FolderLock(data / "journal.sqlite.lock")
    try:
        done = run("resident", "redact", SAM, "--yes")
    finally:
        lock.release()
    assert isinstance(done.exception, StorageFailed)
    assert "something would be overlooked" in str(done.exception)
    assert len(bodies(data)) == 4


def test_where_there_is_no_journal_none_is_made(data: Path) -> None:
    done = run("resident", "redact", SAM, "--yes")
    assert isinstance(done.exception, StorageFailed)
    assert not (data / "journal.sqlite").exists()


def test_what_is_no_address_is_refused_before_anything_is_opened(data: Path) -> None:
    done = run("resident", "redact", "sam", "--yes")
    assert done.exit_code == 2
    assert not data.exists()


def test_the_trail_is_shown_by_item_by_person_and_by_day(data: Path) -> None:
    async def note(database: Database, _: SqliteJournal) -> None:
        clock = VirtualClock(START)
        audit = Audit(database, clock)
        await audit.note("ann", "item-read", "ABCDEFGH12")
        await audit.note("ann", "file-read", "ABCDEFGH12 photo.jpg")
        await clock.advance_to(START + 3 * 86_400_000_000_000)
        await audit.note("bob", "item-read", "ZZCDEFGH12")

    on_history(data, note)
    everything = run("audit").output
    assert everything.index("ZZCDEFGH12") < everything.index("photo.jpg")
    about = run("audit", "--item", "abcdefgh12").output
    assert ("photo.jpg" in about, "bob" in about) == (True, False)
    assert "ann" not in run("audit", "--who", "Bob").output
    late = run("audit", "--since", "2026-11-20").output
    assert ("bob" in late, "ann" in late) == (True, False)
    assert run("audit", "--since", "soon").exit_code == 2
    assert "bob" in run("audit", "--limit", "1").output


def test_redaction_is_in_the_trail_under_the_key(data: Path) -> None:
    write_mails(data)
    run("resident", "redact", SAM, "--yes")
    shown = run("audit", "--who", "operator").output
    assert "resident-redacted" in shown
    assert email_key(SAM) in shown
    assert SAM not in shown
