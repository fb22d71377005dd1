"""What only a journal on a real disk meets: kills, full disks, other processes, damaged files."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from router.errors import Conflict, OutcomeUnknown, StorageFailed
from router.ports import Batch, Snapshot, StoredPolicy, Words
from router.runtime.journal_sqlite import SqliteJournal

REPOSITORY = Path(__file__).parents[2]
KILLS = 40


def a_batch(name: str, size: int = 20) -> Batch:
    return Batch(name, 1, 1, bytes(size), (Words(f"w-{name}", "note", b"x"),))


async def ids(journal: SqliteJournal) -> list[str]:
    return [stored.batch_id async for stored in journal.read(0)]


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def fill(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


async def append_until_it_fails(journal: SqliteJournal) -> None:
    version = await journal.version()
    while True:
        version = await journal.append(version, a_batch(f"more-{version}", 5000))


def python(*arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes; only root can have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:  # lazily: a failed test may have left files open, and the mount must not stay
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_no_acknowledged_batch_is_lost_by_a_kill(path: Path) -> None:
    program = REPOSITORY / "tests" / "runtime" / "journal_kills.py"
    output = await asyncio.to_thread(python, program, path, str(KILLS), "7")
    acknowledged = json.loads(output)
    assert len(acknowledged) >= KILLS
    journal = await SqliteJournal.open(path)
    try:
        stored = [each async for each in journal.read(0)]
        version = 0
        for each in stored:
            version += each.count
            assert each.version == version
            assert each.events in {each.batch_id.encode() * times for times in (1, 10, 5000)}
            refs = [f"{each.batch_id}-{number}" for number in range(each.count)]
            assert set(await journal.words(refs)) == set(refs)
        assert len(await journal.waiting(1_000_000)) == version
        surprises = [each.batch_id for each in stored if each.batch_id not in set(acknowledged)]
        assert [each.batch_id for each in stored if each.batch_id not in surprises] == acknowledged
        assert len(surprises) <= KILLS  # stored, and killed before it could be said
    finally:
        await journal.close()


async def test_the_file_is_durable_and_private(path: Path) -> None:
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("one"))
    writer = journal._writer
    assert writer is not None
    connection = writer._file.connected
    modes = await journal._write(
        lambda: [
            connection().execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]
    )
    assert modes == ["wal", 2]
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}
    await journal.close()
    assert files(path.parent) == ["journal.sqlite", "journal.sqlite.lock"]


async def test_a_second_writer_is_refused_with_the_remedy(path: Path) -> None:
    journal = await SqliteJournal.open(path)
    with pytest.raises(StorageFailed, match=f"process {os.getpid()}.*TOWNLINE_DATA_DIR"):
        await SqliteJournal.open(path)
    await journal.close()
    await (await SqliteJournal.open(path)).close()


async def test_one_may_read_beside_a_writer(path: Path) -> None:
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("one"))
    await journal.save_snapshot(Snapshot(1, b"state"))
    beside = await SqliteJournal.open_readonly(path)
    assert await ids(beside) == ["one"]
    await journal.append(1, a_batch("two"))
    assert await ids(beside) == ["one", "two"]
    assert await beside.version() == 2
    assert await beside.find_batch("two") == 2
    assert await beside.snapshots() == [Snapshot(1, b"state")]
    await beside.close()
    await journal.append(2, a_batch("three"))
    await journal.close()


async def test_a_journal_opened_for_reading_cannot_be_changed(path: Path) -> None:
    await (await SqliteJournal.open(path)).close()
    journal = await SqliteJournal.open_readonly(path)
    for change in (
        journal.append(0, a_batch("one")),
        journal.save_snapshot(Snapshot(1, b"")),
        journal.moved(["x"]),
    ):
        with pytest.raises(StorageFailed, match="reading only"):
            await change
    assert await journal.version() == 0
    await journal.close()


async def test_reading_needs_a_journal(path: Path) -> None:
    with pytest.raises(StorageFailed, match="there is no journal"):
        await SqliteJournal.open_readonly(path)
    assert files(path.parent) == []


async def test_a_file_that_is_no_journal_is_refused(path: Path) -> None:
    fill(path, b"something else entirely" * 100)
    for opening in (SqliteJournal.open, SqliteJournal.open_readonly):
        with pytest.raises(StorageFailed, match="not a journal"):
            await opening(path)


async def test_a_database_of_somebody_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StorageFailed, match="not a journal of townline"):
        await SqliteJournal.open(path)


async def test_a_journal_of_a_later_format_is_refused(path: Path) -> None:
    await (await SqliteJournal.open(path)).close()
    with sqlite3.connect(path) as later:
        later.execute("UPDATE meta SET value = '99'")
    later.close()
    for opening in (SqliteJournal.open, SqliteJournal.open_readonly):
        with pytest.raises(StorageFailed, match=r"format '99'.*newer"):
            await opening(path)


async def test_a_vanished_folder_is_an_error_not_an_empty_journal(path: Path) -> None:
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("one"))
    assert journal._writer is not None
    await journal._write(journal._writer.close)
    for file in path.parent.iterdir():
        file.unlink()
    with pytest.raises(StorageFailed, match="cannot be opened"):
        await journal.append(1, a_batch("two"))
    assert files(path.parent) == []
    await journal.close()


async def test_a_full_disk_refuses_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    path = small_disk / "journal.sqlite"
    filler = small_disk / "filler"
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("first"))
    room = journal.free_bytes()
    assert 1_000_000 < room < 2_200_000
    fill(filler, bytes(room - 100_000))
    with pytest.raises(StorageFailed, match="disk is full: free some space"):
        await append_until_it_fails(journal)
    version = await journal.version()
    lost = a_batch("big", 50_000)
    with pytest.raises(StorageFailed, match="disk is full"):
        await journal.append(version, lost)
    assert await journal.find_batch("big") is None
    assert await journal.version() == version
    assert len(await ids(journal)) == version  # reading goes on
    filler.unlink()
    assert await journal.append(version, lost) == version + 1
    await journal.close()
    journal = await SqliteJournal.open(path)
    assert len(await ids(journal)) == len(await journal.waiting(1000)) == version + 1
    await journal.close()


async def test_a_read_only_disk_is_told_and_can_still_be_read(small_disk: Path) -> None:
    path = small_disk / "journal.sqlite"
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("one"))
    await journal.close()
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    await asyncio.to_thread(subprocess.run, remount, check=True)
    with pytest.raises(StorageFailed, match="may not be written: make"):
        await SqliteJournal.open(path)
    journal = await SqliteJournal.open_readonly(path)
    assert await ids(journal) == ["one"]
    await journal.close()


LIMITED = """
import asyncio, pathlib, resource, signal, sys
from router.errors import StorageFailed
from router.ports import Batch
from router.runtime.journal_sqlite import SqliteJournal

async def main(path):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    journal = await SqliteJournal.open(path)
    version = await journal.append(0, Batch("first", 1, 1, b"x"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        while True:
            version = await journal.append(version, Batch(f"more-{version}", 1, 1, bytes(5000)))
    except StorageFailed as error:
        assert "disk reports an error" in str(error), error
    assert await journal.find_batch(f"more-{version}") is None
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert await journal.version() == version
    assert await journal.append(version, Batch("last", 1, 1, bytes(50_000))) == version + 1
    await journal.close()
    print(version)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


async def test_a_disk_that_reports_errors_refuses_and_heals(path: Path) -> None:
    version = int(await asyncio.to_thread(python, "-c", LIMITED, path))
    assert version > 1
    journal = await SqliteJournal.open(path)
    found = await ids(journal)
    assert (len(found), found[-1]) == (version + 1, "last")
    await journal.close()


class FailingConnection(sqlite3.Connection):
    """A connection whose next COMMIT fails as a failed flush does: before or after the fact."""

    fail: str | None = None  # "stored" | "lost" | "busy"

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        how = type(self).fail
        if sql != "COMMIT" or how is None:
            return super().execute(sql, *parameters)
        type(self).fail = None
        if how != "busy":
            super().execute("COMMIT" if how == "stored" else "ROLLBACK")
        error = sqlite3.OperationalError("disk I/O error")
        code = sqlite3.SQLITE_BUSY if how == "busy" else sqlite3.SQLITE_IOERR_FSYNC
        error.sqlite_errorcode = code
        raise error


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FailingConnection]]:
    real = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return real(*arguments, factory=FailingConnection, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)
    yield FailingConnection
    FailingConnection.fail = None


@pytest.mark.parametrize("how", ["stored", "lost"])
async def test_a_commit_that_fails_in_the_flush_is_settled_by_looking_the_batch_up(
    path: Path, failing: type[FailingConnection], how: str
) -> None:
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("one"))
    failing.fail = how
    with pytest.raises(OutcomeUnknown, match="disk reports an error"):
        await journal.append(1, a_batch("two"))
    assert journal._writer is not None
    assert journal._writer._file._connection is None  # opened again by the next call
    found = await journal.find_batch("two")
    assert found == (2 if how == "stored" else None)
    if found is None:
        assert await journal.append(1, a_batch("two")) == 2
    else:
        with pytest.raises(Conflict):
            await journal.append(1, a_batch("two"))
    assert await ids(journal) == ["one", "two"]
    assert len(await journal.waiting(9)) == 2
    await journal.close()


async def test_a_commit_that_never_began_is_a_plain_refusal(
    path: Path, failing: type[FailingConnection]
) -> None:
    journal = await SqliteJournal.open(path)
    failing.fail = "busy"
    with pytest.raises(StorageFailed, match="another program keeps it locked"):
        await journal.append(0, a_batch("one"))
    assert await journal.find_batch("one") is None
    assert await journal.append(0, a_batch("one")) == 1
    await journal.close()


async def test_only_a_batch_has_an_unknown_outcome(
    path: Path, failing: type[FailingConnection]
) -> None:
    journal = await SqliteJournal.open(path)
    policies = (StoredPolicy("p", b"p"),)
    await journal.append(0, Batch("one", 1, 1, b"", (Words("w", "note", b""),), policies))
    changes: tuple[Callable[[], Awaitable[None]], ...] = (
        lambda: journal.moved(["w"]),
        lambda: journal.save_snapshot(Snapshot(1, b"state")),
    )
    for change in changes:
        failing.fail = "lost"
        with pytest.raises(StorageFailed, match="disk reports an error"):
            await change()
        await change()
    assert await journal.waiting(9) == []
    assert await journal.snapshots() == [Snapshot(1, b"state")]
    await journal.close()


async def test_a_snapshot_that_was_cut_off_is_swept_by_the_next(path: Path) -> None:
    journal = await SqliteJournal.open(path)
    writer = journal._writer
    assert writer is not None
    await journal._write(writer.add_snapshot_part, 1, b"half of a state")
    assert await journal.snapshots() == []
    for version in range(1, 6):
        await journal.save_snapshot(Snapshot(version, bytes(700_000)))
    await journal.close()
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM snapshot_parts").fetchone() == (4,)
        pages = file.execute("PRAGMA page_count").fetchone()[0]
    file.close()
    assert pages * 4096 < 4 * 700_000  # room is used again


async def test_a_closed_journal_leaves_no_thread_behind(path: Path) -> None:
    journal = await SqliteJournal.open(path)
    await journal.append(0, a_batch("one"))
    assert await journal.version() == 1
    threads = [journal._writing._thread, journal._reading._thread]
    await journal.close()
    for thread in threads:
        await asyncio.to_thread(thread.join, 5)
    assert not any(thread.is_alive() for thread in threads)


OLDER = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (
    version INTEGER PRIMARY KEY, batch_id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 1), events BLOB NOT NULL
);
CREATE TABLE words (
    position INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE policies (hash TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE snapshots (id INTEGER PRIMARY KEY, version INTEGER NOT NULL UNIQUE);
CREATE TABLE snapshot_parts (position INTEGER PRIMARY KEY, snapshot INTEGER, body BLOB);
INSERT INTO meta VALUES ('format', '1');
"""


def older_journal(path: Path, words: list[Words]) -> None:
    path.parent.mkdir(exist_ok=True)
    with sqlite3.connect(path) as connection:
        connection.executescript(OLDER)
        connection.execute("INSERT INTO batches VALUES (3, 'old', 7, 3, x'93')")
        rows = [(each.ref, each.kind, each.body) for each in words]
        connection.executemany("INSERT INTO words (ref, kind, body) VALUES (?, ?, ?)", rows)
    connection.close()


@pytest.mark.parametrize("count", [0, 3])
async def test_a_journal_of_the_older_format_is_brought_up_to_date(path: Path, count: int) -> None:
    words = [Words(f"w{n}", "note", bytes([n])) for n in range(count)]
    older_journal(path, words)
    for _ in range(2):
        journal = await SqliteJournal.open(path)
        assert await journal.waiting(9) == words
        assert await journal.words(["w1"]) == {each.ref: each for each in words[1:2]}
        assert await ids(journal) == ["old"]
        await journal.close()
    journal = await SqliteJournal.open(path)
    await journal.append(3, a_batch("new"))
    await journal.moved([each.ref for each in words])
    assert [each.ref for each in await journal.waiting(9)] == ["w-new"]
    await journal.close()


async def test_a_journal_of_the_older_format_is_not_changed_by_who_only_reads(path: Path) -> None:
    older_journal(path, [])
    with pytest.raises(StorageFailed, match="start `townline run` once"):
        await SqliteJournal.open_readonly(path)
    journal = await SqliteJournal.open(path)
    await journal.close()
    journal = await SqliteJournal.open_readonly(path)
    assert await ids(journal) == ["old"]
    await journal.close()


async def test_who_only_reads_finds_the_words_that_wait(path: Path) -> None:
    writer = await SqliteJournal.open(path)
    await writer.append(0, a_batch("one"))
    reader = await SqliteJournal.open_readonly(path)
    assert [*await reader.words(["w-one", "w-two"])] == ["w-one"]
    await writer.append(1, a_batch("two"))
    await writer.moved(["w-one"])
    assert [*await reader.words(["w-one", "w-two"])] == ["w-two"]
    await reader.close()
    await writer.close()


@pytest.mark.parametrize("how", ["stored", "lost"])
async def test_words_are_found_after_an_outcome_that_nobody_knew(
    path: Path, failing: type[FailingConnection], how: str
) -> None:
    journal = await SqliteJournal.open(path)
    failing.fail = how
    with pytest.raises(OutcomeUnknown):
        await journal.append(0, a_batch("one"))
    stored = await journal.find_batch("one") is not None
    assert [*await journal.words(["w-one"])] == (["w-one"] if stored else [])
    await journal.append(int(stored), a_batch("two"))
    found = await journal.words(["w-one", "w-two"])
    assert set(found) == ({"w-one", "w-two"} if stored else {"w-two"})
    await journal.moved(["w-one", "w-two"])
    assert await journal.waiting(9) == []
    await journal.close()
