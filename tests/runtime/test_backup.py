"""A backup beside a running daemon holds one moment; restored, the town is where it was."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pydantic import SecretStr
from typer.testing import CliRunner

from router import cli
from router.core.model import DAY
from router.core.state import State
from router.errors import StorageFailed, WrongPlace
from router.history import database
from router.history.copying import EmbeddedHistory, history_at
from router.history.feeder import HistoryFeeder
from router.history.words import blobs_of
from router.ports import Words
from router.runtime.backup import WORK, back_up
from router.runtime.backup_file import BackupReader, Manifest, opened
from router.runtime.beginnings import begins_at
from router.runtime.clock import VirtualClock
from router.runtime.journal_copy import contents
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.journals import open_to_read, open_to_write
from router.runtime.published import policy_files
from router.runtime.recovery import batches_after, recover
from router.runtime.restore import check_backup, restore
from router.runtime.settings import Settings
from router.runtime.shortening import Shortening
from tests.fakes.redis_server import PROGRAM, redis_server
from tests.runtime.backup_town import SECRET, About, WrittenTown, settings_of, write_policy


def silent(_what: str, _done: int, _whole: int) -> None:
    pass


async def make(folder: Path, to: Path) -> tuple[Path, Manifest]:
    settings = settings_of(folder)
    history = EmbeddedHistory(folder / "var/history.sqlite")
    try:
        return await back_up(settings, history, to, About(), silent)
    finally:
        await history.close()


async def bring_back(folder: Path, file: Path, settings: Settings | None = None) -> None:
    with opened(file) as backup:
        history = folder / "var/history.sqlite"
        await restore(backup, settings or settings_of(folder), history, SECRET, silent)


async def write_town(folder: Path, mails: int = 4) -> None:
    """Some of the mails are in history, the last two wait."""
    town = await WrittenTown.open(folder)
    for number in range(mails):
        await town.mail()
        if number == mails - 3:
            await town.feed()
    await town.close()
    write_policy(folder)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    asyncio.run(write_town(tmp_path / "old"))
    return tmp_path / "old"


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as history:
        return list(history.execute(query))


async def everything(settings: Settings) -> object:
    journal = await open_to_read(settings)
    try:
        return (
            [batch async for batch in journal.read(await begins_at(journal))],
            await journal.waiting(999),
            await contents(journal, silent),
        )
    finally:
        await journal.close()


async def test_a_shortened_journal_comes_back_as_it_was(old: Path, tmp_path: Path) -> None:
    journal = await SqliteJournal.open(old / "var/journal.sqlite")
    history = database.Database(database.default_url(old / "var"))
    feeder = HistoryFeeder(history, journal, journal, VirtualClock(0))
    much_later = VirtualClock(About.now + 99 * DAY)
    await Shortening(journal, much_later, 1, feeder.position, "1")()
    beginning = await journal.beginning()
    leads_to = (await recover(journal)).hash()
    await journal.close()
    await history.close()
    assert beginning is not None
    path, manifest = await make(old, tmp_path)
    assert manifest.journal.begins_at == beginning.version
    assert manifest.journal.state == leads_to
    for folder in (tmp_path / "new", tmp_path / "newer"):
        await bring_back(folder, path)
        assert await everything(settings_of(folder)) == await everything(settings_of(old))
        [(position,)] = rows(folder / "var/history.sqlite", "SELECT position FROM feed")
        assert beginning.version <= position <= manifest.journal.version
        path, _ = await make(folder, tmp_path / f"{folder.name}.zip")


async def check_moment(folder: Path) -> int:
    """Fail unless what was restored there is one moment; return the journal's version."""
    history = folder / "var/history.sqlite"
    journal = await open_to_read(settings_of(folder))
    try:
        mentioned: set[str] = set()
        async for events in batches_after(journal, State()):
            for event in events:
                mentioned |= {getattr(event, name, "") for name in ("words_ref", "ref")} - {""}
                mentioned |= {getattr(event, "contact_ref", "")} - {""}
        waiting = await journal.waiting(9999)
        version = await journal.version()
    finally:
        await journal.close()
    bodies = rows(history, "SELECT ref, kind, body FROM messages")
    kept = {ref for (ref,) in rows(history, "SELECT ref FROM contacts")}
    kept |= {ref for ref, _, _ in bodies} | {words.ref for words in waiting}
    assert mentioned
    assert mentioned <= kept
    [(position,)] = rows(history, "SELECT position FROM feed")
    assert position <= version
    said = [Words(ref, kind, bytes(body)) for ref, kind, body in bodies]
    for words in (*said, *waiting):
        for blob in blobs_of(words):
            assert (folder / "var/blobs" / blob[:2] / blob[2:4] / blob).exists()
    return version


async def test_a_town_comes_back_as_it_was(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    path, manifest = await make(old, tmp_path)
    assert path.name == "townline-town-20261118T110640Z.zip"
    assert path.stat().st_mode & 0o077 == 0
    await bring_back(new, path)
    assert sorted(os.listdir(new / "var")) == [
        "blobs", "history.sqlite", "journal.sqlite", "journal.sqlite.lock", "policies",
    ]  # fmt: skip
    assert sorted(os.listdir(tmp_path)) == ["new", "old", path.name]
    before, after = [await everything(settings_of(each)) for each in (old, new)]
    assert after == before
    assert (manifest.history, manifest.blobs, manifest.missing) == ("sqlite", 4, ())
    for table in ("contacts", "messages", "items", "item_events", "blob_uses", "feed"):
        query = f"SELECT * FROM {table}"
        assert rows(new / "var/history.sqlite", query) == rows(old / "var/history.sqlite", query)
    for place in ("policy", "var/policies/000001"):
        assert policy_files(new / place) == ["config/town.yaml", "skills.yaml"]
    assert (new / "var/policies/000001/version.json").exists()
    await check_moment(new)


async def test_a_backup_in_the_middle_of_everything_holds_one_moment(tmp_path: Path) -> None:
    """Mails come in and are moved into history as fast as they can be, while backups are made."""
    town = await WrittenTown.open(tmp_path / "old")
    await town.mail()
    await town.feed()
    write_policy(tmp_path / "old")
    over = asyncio.Event()

    async def without_end(work: Callable[[], object]) -> None:
        while not over.is_set():
            await work()  # type: ignore[misc]

    async def backups() -> None:
        versions = []
        for number in range(6):
            path, manifest = await make(tmp_path / "old", tmp_path / f"{number}.zip")
            await bring_back(tmp_path / f"new{number}", path)
            versions.append(await check_moment(tmp_path / f"new{number}"))
            assert manifest.journal.version == versions[-1]
        assert versions == sorted(set(versions))
        over.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(without_end(town.mail))
        tasks.create_task(without_end(town.feed))
        tasks.create_task(backups())
    await town.close()


async def test_words_that_would_leave_the_spool_meanwhile_stay_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at history and the one at the journal a mail comes and would be moved."""
    hasty = ("PRAGMA journal_mode = WAL", "PRAGMA busy_timeout = 20")
    monkeypatch.setattr(database, "_PRAGMAS", hasty)
    old = tmp_path / "old"
    town = await WrittenTown.open(old)
    await town.mail()
    await town.feed()

    class Hurried(EmbeddedHistory):
        @asynccontextmanager
        async def still(self) -> AsyncIterator[None]:
            async with super().still():
                await town.mail()
                await town.feed()
                yield

    history = Hurried(old / "var/history.sqlite")
    path, manifest = await back_up(settings_of(old), history, tmp_path, About(), silent)
    await history.close()
    await town.feed()  # the moment is over
    assert manifest.journal.words == 2
    assert await town.journal.waiting(9) == []
    await bring_back(tmp_path / "new", path)
    await check_moment(tmp_path / "new")
    await town.close()


async def test_it_comes_back_into_redis(old: Path, tmp_path: Path) -> None:
    if PROGRAM is None:
        pytest.skip("redis-server is missing (apt package redis-server)")
    path, manifest = await make(old, tmp_path)
    with redis_server() as server:
        settings = settings_of(tmp_path / "new").model_copy(
            update={"journal": SecretStr(server.url)}
        )
        await bring_back(tmp_path / "new", path, settings)
        journal = await open_to_write(settings)
        assert await contents(journal, silent) == manifest.journal
        await journal.close()
        # and from there into another backup, which holds the same
        history = history_at(f"sqlite:///{tmp_path}/new/var/history.sqlite")
        _, again = await back_up(settings, history, tmp_path / "again.zip", About(), silent)
        await history.close()
        assert again.journal == manifest.journal
        assert again.blobs_digest == manifest.blobs_digest


def killed(what: str, folder: Path, file: Path) -> list[int | bool]:
    script = Path(__file__).with_name("backup_kills.py")
    done = subprocess.run(
        [sys.executable, script, what, folder, file],
        env={"PYTHONPATH": "."}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[int | bool] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_backup_that_is_killed_leaves_none(old: Path, tmp_path: Path) -> None:
    there = killed("backup", old, tmp_path / "town.zip")
    assert len(there) > 8  # copying, checking, each file
    assert not any(there)
    asyncio.run(bring_back(tmp_path / "new", tmp_path / "town.zip"))
    assert not (tmp_path / WORK).exists()


def test_a_restore_that_is_killed_is_refused_and_then_finished(old: Path, tmp_path: Path) -> None:
    path, _ = asyncio.run(make(old, tmp_path))
    found = killed("restore", tmp_path / "new", path)
    begun = found.index(0)  # refused from here on: nothing was there before
    assert found == [3] * begun + [0] * (len(found) - begun)
    assert len(found) - begun > 7
    assert asyncio.run(everything(settings_of(tmp_path / "new"))) == asyncio.run(
        everything(settings_of(old))
    )
    asyncio.run(check_moment(tmp_path / "new"))


async def test_a_restore_goes_on_only_with_the_same_backup(old: Path, tmp_path: Path) -> None:
    path, _ = await make(old, tmp_path / "a.zip")
    await write_town(tmp_path / "other", mails=5)
    other, _ = await make(tmp_path / "other", tmp_path / "b.zip")
    new = tmp_path / "new"

    def stop(what: str, _done: int, _whole: int) -> None:
        if what == "files":
            raise StorageFailed("the disk is full")

    with opened(path) as backup, pytest.raises(StorageFailed, match="disk is full"):
        await restore(backup, settings_of(new), new / "var/history.sqlite", SECRET, stop)
    with pytest.raises(WrongPlace, match="restore of another backup"):
        await bring_back(new, other)
    await bring_back(new, path)
    await check_moment(new)


@pytest.mark.parametrize("name", ["journal.sqlite", "blobs/00", "notes.txt"])
async def test_an_installation_that_has_something_is_left_alone(
    old: Path, tmp_path: Path, name: str
) -> None:
    path, _ = await make(old, tmp_path)
    there = tmp_path / "new/var" / name
    there.parent.mkdir(parents=True)
    there.write_text("here before")
    with pytest.raises(WrongPlace, match="is not empty"):
        await bring_back(tmp_path / "new", path)
    assert there.read_text() == "here before"
    assert not (tmp_path / "new/var/restoring").exists()


async def test_another_policy_is_not_overwritten(old: Path, tmp_path: Path) -> None:
    path, _ = await make(old, tmp_path)
    policy = tmp_path / "new/policy/skills.yaml"
    policy.parent.mkdir(parents=True)
    policy.write_text("# mine\n")
    with pytest.raises(WrongPlace, match=r"skills.yaml is not as in the backup"):
        await bring_back(tmp_path / "new", path)
    policy.write_text("# skills.yaml\n")
    await bring_back(tmp_path / "new", path)


async def test_another_secret_is_told_unless_it_is_meant(old: Path, tmp_path: Path) -> None:
    path, manifest = await make(old, tmp_path)
    new = tmp_path / "new"
    history = new / "var/history.sqlite"
    with opened(path) as backup:
        for secret in (b"", b"x" * 32):
            with pytest.raises(WrongPlace, match="not that of the backup"):
                await restore(backup, settings_of(new), history, secret, silent)
        await restore(backup, settings_of(new), history, None, silent)
    assert SECRET.decode() not in str(manifest)
    assert SECRET.hex() not in str(manifest)


async def test_history_goes_where_it_was(old: Path, tmp_path: Path) -> None:
    path, _ = await make(old, tmp_path)
    with opened(path) as backup, pytest.raises(WrongPlace, match="TOWNLINE_HISTORY"):
        await restore(backup, settings_of(tmp_path / "new"), None, SECRET, silent)


async def test_a_file_that_nobody_has_any_more_is_told(old: Path, tmp_path: Path) -> None:
    [first, second, *_] = sorted((old / "var/blobs").glob("*/*/*"))
    first.unlink()
    second.write_bytes(b"the disk has lost it")
    path, manifest = await make(old, tmp_path)
    assert manifest.missing == (first.name, second.name)
    with opened(path) as backup:
        assert first.name not in backup.blobs
        assert second.name not in backup.blobs


async def test_a_town_without_history_is_backed_up_too(tmp_path: Path) -> None:
    town = await WrittenTown.open(tmp_path / "old")
    await town.mail()
    await town.close()
    path, manifest = await make(tmp_path / "old", tmp_path / "a.zip")
    assert (manifest.history, manifest.journal.words) == ("none", 2)
    await bring_back(tmp_path / "new", path)


async def test_nothing_is_overwritten_and_nothing_is_made_of_nothing(
    old: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(WrongPlace, match="exists already"):
        await make(old, tmp_path / "a.zip")
    with pytest.raises(StorageFailed, match="there is no journal"):
        await make(tmp_path / "nowhere", tmp_path / "b.zip")
    with pytest.raises(StorageFailed, match="no-folder"):
        await make(old, tmp_path / "no-folder/b.zip")
    assert (tmp_path / "a.zip").read_text() == "mine"
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize("cut", [0, 100, 0.5, -1])
async def test_a_backup_that_was_cut_off_is_none(old: Path, tmp_path: Path, cut: float) -> None:
    path, _ = await make(old, tmp_path)
    body = path.read_bytes()
    path.write_bytes(body[: int(len(body) * cut) if cut == 0.5 else int(cut)])
    with pytest.raises(StorageFailed, match=r"no backup|damaged"):
        await bring_back(tmp_path / "new", path)
    assert not (tmp_path / "new/var/journal.sqlite").exists()


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None], **more: str) -> None:
    """Write the backup again with other entries."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in entries.items():
            changed = change(name, body)
            if changed is not None:
                archive.writestr(name, changed)
        for name, text in more.items():
            archive.writestr(name, text)


@pytest.mark.parametrize("which", ["journal.sqlite", "history.sqlite", "policy/", "blobs/"])
@pytest.mark.parametrize("how", ["changed", "missing"])
async def test_what_is_not_as_it_was_is_found_before_anything_is_touched(
    old: Path, tmp_path: Path, which: str, how: str
) -> None:
    path, _ = await make(old, tmp_path)
    done: list[str] = []

    def change(name: str, body: bytes) -> bytes | None:
        if not name.startswith(which) or done:
            return body
        done.append(name)
        return b"x" + body[1:] if how == "changed" else None

    rewritten(path, change)
    with pytest.raises(StorageFailed, match="is damaged"):
        await bring_back(tmp_path / "new", path)
    assert not list((tmp_path / "new").glob("var/*"))


async def test_no_name_leads_out_of_the_folder(old: Path, tmp_path: Path) -> None:
    path, manifest = await make(old, tmp_path)
    for name in ("policy/../../outside", "policy//etc/x", "/absolute", "policy/.."):
        evil = replace(manifest, files={**manifest.files, name: "0" * 64})

        def change(entry: str, body: bytes, evil: Manifest = evil) -> bytes:
            return msgspec.json.encode(evil) if entry == "manifest.json" else body

        copy = tmp_path / "evil.zip"
        shutil.copy(path, copy)
        rewritten(copy, change, **{name: "x"})
        with pytest.raises(StorageFailed, match="is damaged"), opened(copy):
            pass


async def test_a_check_changes_nothing_and_reads_everything(old: Path, tmp_path: Path) -> None:
    path, manifest = await make(old, tmp_path)
    (tmp_path / "scratch").mkdir()
    with opened(path) as backup:
        assert isinstance(backup, BackupReader)
        assert await check_backup(backup, tmp_path / "scratch", silent) == manifest.journal
    assert not (tmp_path / "new").exists()


async def test_two_backups_into_one_folder_wait_for_nobody(old: Path, tmp_path: Path) -> None:
    ends = await asyncio.gather(
        *(make(old, tmp_path / f"{number}.zip") for number in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(end, StorageFailed) for end in ends) == [False, True]


def test_where_nothing_is_set_only_the_secret_is_to_be_kept(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.runtime.logs.configure_logs", lambda *_: None)  # for all tests
    shutil.copytree(old / "policy", tmp_path / "bare")
    (tmp_path / "bare/var").symlink_to(old / "var")
    monkeypatch.chdir(tmp_path / "bare")
    made = CliRunner().invoke(cli.app, ["backup", str(tmp_path / "bare.zip")])
    assert made.exit_code == 0, made.output
    assert "keep apart, it is not in there: the secret (var/secret)\n" in made.output


def test_the_commands_say_what_to_keep_and_make_no_secret_of_their_own(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.runtime.logs.configure_logs", lambda *_: None)  # for all tests
    run = CliRunner().invoke
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWNLINE_MAIL__SMTP_PASSWORD", "a word that nobody knows")
    monkeypatch.setenv("TOWNLINE_SECRET", SECRET.decode())
    monkeypatch.setenv("TOWNLINE_DATA_DIR", str(old / "var"))
    monkeypatch.setenv("TOWNLINE_POLICY_DIR", str(old / "policy"))
    made = run(cli.app, ["backup", "town.zip"])
    assert made.exit_code == 0, made.output
    assert "TOWNLINE_MAIL__SMTP_PASSWORD" in made.output
    with zipfile.ZipFile("town.zip") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    for text in ("a word that nobody knows", SECRET.decode()):
        assert text.encode() not in whole
        assert text not in made.output
    assert "is whole" in run(cli.app, ["restore", "town.zip", "--check"]).output
    monkeypatch.setenv("TOWNLINE_DATA_DIR", str(tmp_path / "new/var"))
    monkeypatch.setenv("TOWNLINE_POLICY_DIR", str(tmp_path / "new/policy"))
    monkeypatch.delenv("TOWNLINE_SECRET")
    refused = run(cli.app, ["restore", "town.zip"])
    assert "not that of the backup" in str(refused.exception)
    assert not (tmp_path / "new/var").exists()
    restored = run(cli.app, ["restore", "town.zip", "--other-secret"])
    assert restored.exit_code == 0, restored.output
    assert "is restored" in restored.output
    assert not (tmp_path / "new/var/secret").exists()
