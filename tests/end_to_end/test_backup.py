"""A backup is made while people write, restored on another machine, and the town goes on there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from router.errors import StorageFailed
from router.runtime.backup_file import opened
from router.runtime.restore import restore
from router.runtime.settings import Settings
from tests.end_to_end.evidence import OnDisk, on_disk
from tests.end_to_end.mail_residents import Letters
from tests.end_to_end.process import Daemon, Edits, morning
from tests.end_to_end.rig import Forms
from tests.fakes.redis_server import DURABLE, PROGRAM, redis_server

EDITS: Edits = {
    "config/forms.yaml": (("  inquiry:\n", "  inquiry:\n    per_hour_max: 100000\n"),),
}
SENDERS = 4


@asynccontextmanager
async def town(folder: Path, **settings: str) -> AsyncIterator[Daemon]:
    await asyncio.to_thread(folder.mkdir)
    daemon = Daemon(folder, edits=EDITS, **settings)
    try:
        yield daemon
    finally:
        daemon.give_up()
        await daemon.http.aclose()


async def write_until(over: asyncio.Event, number: int, forms: Forms, letters: Letters) -> None:
    count = 0
    while not over.is_set():
        await forms.send(f"{number}-{count}")
        await letters.send(f"sam{number}@example.org", "A hole", f"It is number {count}.")
        count += 1


def references(forms: Forms) -> set[str]:
    return {receipt.reference for receipt in forms.receipts}


def items_in(found: OnDisk) -> set[str]:
    return {str(getattr(event, "item", "")) for event in found.events}


def words_of(found: OnDisk) -> set[str]:
    names = ("words_ref", "contact_ref", "ref")
    return {str(getattr(event, name, "")) for event in found.events for name in names} - {""}


def printed(text: str, name: str) -> str:
    [line] = [line for line in text.splitlines() if line.startswith(name)]
    return line.partition(": ")[2]


async def test_a_busy_town_comes_back_from_its_backup(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    async with town(tmp_path / "old") as old:
        await old.start("--at", morning())
        forms, letters = Forms(old), Letters(old)
        async with asyncio.TaskGroup() as tasks:
            over = asyncio.Event()
            for number in range(SENDERS):
                tasks.create_task(write_until(over, number, forms, letters))
            acknowledged: set[str] = set()
            told = ""
            for number in range(3):
                acknowledged = references(forms)
                told = await old.cli("backup", str(backups / f"{number}.zip"))
            assert references(forms) > acknowledged  # it went on meanwhile
            over.set()
        await old.kill()
        secret = (old.data / "secret").read_bytes()
    async with town(tmp_path / "new") as new:
        new.data.mkdir()
        (new.data / "secret").write_bytes(secret)
        again = await new.cli("restore", str(backups / "2.zip"))
        for name in ("events", "hash of its contents", "hash of the state"):
            assert printed(again, name) == printed(told, name)
        found = await on_disk(new.data, tmp_path)
        assert found.state.hash() == printed(told, "hash of the state")
        assert acknowledged
        assert acknowledged <= items_in(found)
        assert words_of(found) <= found.words
        assert found.said  # mails are in it
        await new.start()
        assert not new.logged("history_ahead_of_journal")
        await Forms(new).send("after the restore")
        await new.stop()


async def cut_off(daemon: Daemon, file: Path, secret: bytes) -> None:
    """Begin to restore; the disk is full when the journal is copied."""

    def full(what: str, _done: int, _whole: int) -> None:
        if what == "copying":
            raise StorageFailed("the disk is full")

    settings = Settings(data_dir=daemon.data, policy_dir=daemon.policy)
    with opened(file) as backup, pytest.raises(StorageFailed, match="disk is full"):
        await restore(backup, settings, daemon.data / "history.sqlite", secret.strip(), full)


async def test_a_daemon_refuses_a_restore_that_was_cut_off(tmp_path: Path) -> None:
    async with town(tmp_path / "old") as old:
        await old.start("--at", morning())
        forms = Forms(old)
        for number in range(5):
            await forms.send(str(number))
        file = tmp_path / "town.zip"
        await old.cli("backup", str(file))
        await old.stop()
        secret = (old.data / "secret").read_bytes()
    async with town(tmp_path / "new") as new:
        new.data.mkdir()
        (new.data / "secret").write_bytes(secret)
        await cut_off(new, file, secret)
        new.launch()
        assert await new.ended() == 1
        assert "not filled to its end" in new.tail()
        await new.cli("restore", str(file))
        await new.start()


@pytest.mark.skipif(PROGRAM is None, reason="redis-server is missing (apt package redis-server)")
async def test_a_town_moves_to_redis_and_back(tmp_path: Path) -> None:
    with redis_server(*DURABLE) as server:
        async with town(tmp_path / "old") as old:
            here = f"sqlite:{old.data}/journal.sqlite"
            await old.start("--at", morning())
            first = await Forms(old).send("first")
            await old.stop()
            there = await old.cli("migrate-journal", here, server.url)
            old.environment["TOWNLINE_JOURNAL"] = server.url
            await old.start()
            second = await Forms(old).send("second")
            told = await old.cli("explain", first.reference)
            assert first.reference in told
            await old.stop()
            moved = f"sqlite:{tmp_path}/moved.sqlite"
            back = await old.cli("migrate-journal", server.url, moved)
            assert int(printed(back, "events")) > int(printed(there, "events"))
            old.environment["TOWNLINE_JOURNAL"] = moved
            await old.start()
            assert second.reference in await old.cli("explain", second.reference)
            await old.stop()
