"""A disk that takes nothing any more, and a clock that was set back: nobody is lost."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from channels.voice.practice.call import Call
from tests.end_to_end.desk_client import AgentDesk, Habits
from tests.end_to_end.evidence import Witness, on_disk
from tests.end_to_end.nursery import Nursery
from tests.end_to_end.process import Edits, morning, reached
from tests.end_to_end.rig import ALWAYS_OPEN, MANY_FORMS, Rig, town

SORRY = "something went wrong on our side"
TEXT = "The bench at the pond is broken, sometimes it rocks."
FORM = {"question": TEXT, "name": "Jo Example", "email": "jo@example.org"}
BIG = "A long story. " * 280  # nearly what the form takes
FORMS_MAX = 3000  # that a small disk may take before it is full


class Scene:
    """One agent talks to one caller, another caller stands in line."""

    def __init__(self, rig: Rig, scratch: Path) -> None:
        self.rig = rig
        self.scratch = scratch
        self.witness = Witness(rig)

    async def begin(self) -> None:
        self.marc: AgentDesk = await self.rig.at_desk("marc", Habits(talks_s=None))
        self.talking = await self.ask("+19055550170")
        await self.rig.at(self.talking, "conference")
        rooms = partial(self.rig.carrier.ledger.sent, "conference")
        await reached("the room is known", lambda: any(sent.acknowledged for sent in rooms()))
        self.waiting = await self.ask("+19055550171")
        await self.rig.at(self.waiting, "queue")
        await self.rig.forms.send("before")

    async def ask(self, number: str) -> Call:
        call = self.rig.call(number)
        await self.rig.press(call, "1", "5")
        return call

    async def is_told_to_everybody(self) -> Call:
        """Return a caller who came while nothing could be stored."""
        rig = self.rig
        await reached("the daemon says that it is not ready", self.not_ready)
        reasons = (await rig.daemon.get("/readyz")).json()["reasons"]
        assert any(reason.startswith("storage: ") for reason in reasons), reasons
        call = rig.call("+19055550172")
        await reached("the caller hears an apology", lambda: self.has_heard(call, SORRY))
        assert not call.over
        page = await rig.daemon.http.post(f"{rig.daemon.url}/forms/inquiry", data=FORM)
        assert page.status_code == 503
        assert TEXT in page.text
        assert page.headers["Retry-After"]
        assert await self.marc.click("hold", "", item=rig.item_of(self.talking)) in (
            "storage-unavailable",
            "overloaded",
        )
        assert (await rig.daemon.get("/healthz")).status_code == 200
        return call

    async def goes_on(self, call: Call) -> None:
        rig = self.rig
        await reached("the daemon is ready again", rig.daemon.is_ready)
        await rig.press(call, "1", "5")
        await rig.at(call, "queue")
        await rig.at(self.waiting, "queue")
        assert self.talking.place == "conference"
        receipt = await rig.forms.send("after")
        assert not receipt.repeated
        item = rig.item_of(self.talking)
        assert await self.marc.click("hold", item, item=item) == "ok"
        assert await self.marc.click("resume", item, item=item) == "ok"
        await self.nothing_is_lost()

    async def nothing_is_lost(self) -> None:
        disk = await on_disk(self.rig.daemon.data, self.scratch)
        found = self.witness.findings(disk, settled=True)
        assert not found, "\n".join(found) + f"\n{disk.last_events()}"

    async def not_ready(self) -> bool:
        return (await self.rig.daemon.get("/readyz")).status_code == 503

    def has_heard(self, call: Call, text: str) -> bool:
        return any(text in heard for heard in self.rig.carrier.ledger.heard(call.sid))


@asynccontextmanager
async def scene(folder: Path, edits: Edits = MANY_FORMS) -> AsyncIterator[Scene]:
    scratch = folder / "scratch"
    scratch.mkdir()
    async with town(folder, edits=edits) as rig:
        yield Scene(rig, scratch)


def limit_files(pid: int, size: int) -> None:
    """Let the process write files up to that size only; a full disk looks the same to it."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_a_disk_that_takes_nothing_loses_nobody(tmp_path: Path) -> None:
    """Not even the log can be written meanwhile."""
    async with scene(tmp_path) as at:
        await at.rig.daemon.start("--at", morning())
        await at.begin()
        process = at.rig.daemon.process
        assert isinstance(process, subprocess.Popen)
        limit_files(process.pid, 0)
        await at.rig.forms.send_once("while it was full")
        call = await at.is_told_to_everybody()
        limit_files(process.pid, resource.RLIM_INFINITY)
        await at.goes_on(call)
        await at.rig.daemon.kill()
        await at.rig.daemon.start()
        await at.rig.at(at.waiting, "queue")
        await at.nothing_is_lost()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:  # lazily: a failed test may have left files open, and the mount must not stay
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_loses_nobody(tmp_path: Path, small_disk: Path) -> None:
    async with scene(tmp_path) as at:
        await at.rig.daemon.start("--at", morning())
        await at.begin()
        filler = small_disk / "filler"
        filler.write_bytes(bytes(1024))
        for number in range(FORMS_MAX):
            _fill(filler)
            fields = {**FORM, "question": f"{number} {BIG}"[:3900]}
            answer = await at.rig.forms.send_once(f"big-{number}", **fields)
            if answer.status_code == 503:
                break
        assert answer.status_code == 503
        call = await at.is_told_to_everybody()
        filler.unlink()
        await at.goes_on(call)
        for again in range(number):  # each is the item that it was
            fields = {**FORM, "question": f"{again} {BIG}"[:3900]}
            answer = await at.rig.forms.send_once(f"big-{again}", **fields)
            assert answer.status_code == 200, f"form {again} was lost"


def _fill(path: Path) -> None:
    try:
        with path.open("ab") as file:
            while True:
                file.write(bytes(65536))
                file.flush()
    except OSError:
        return


async def test_a_read_only_folder_is_told_and_everything_is_there_afterwards(
    tmp_path: Path, small_disk: Path
) -> None:
    async with scene(tmp_path) as at:
        daemon = at.rig.daemon
        await daemon.start("--at", morning())
        await at.begin()
        await daemon.stop()
        await asyncio.to_thread(_remount, small_disk, "ro")
        try:
            daemon.launch()
            assert await daemon.ended() == 1
            assert "storage-failed" in daemon.tail(3)
            assert "may not be written" in daemon.tail(3)
        finally:
            await asyncio.to_thread(_remount, small_disk, "rw")
        await daemon.start()
        await at.rig.at(at.waiting, "queue")
        await at.nothing_is_lost()


def _remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


async def test_a_clock_that_was_set_back_loses_nobody(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    nursery = Nursery()
    try:
        async with scene(tmp_path, {**MANY_FORMS, **ALWAYS_OPEN}) as at:
            daemon = at.rig.daemon
            daemon.environment["CLOCK_BACK_S"] = str(clock)
            daemon.process = nursery.fork((), daemon.environment, daemon.log)
            await daemon.ready()
            await at.begin()
            clock.write_text("3600")
            await reached("the operator is warned", lambda: _warned(at.rig))
            item = at.rig.item_of(at.talking)
            assert await at.marc.click("hold", item, item=item) == "ok"
            assert await at.marc.click("resume", item, item=item) == "ok"
            await at.rig.forms.send("in the past")
            await daemon.kill()
            await at.nothing_is_lost()
            daemon.process = nursery.fork((), daemon.environment, daemon.log)
            await daemon.ready()
            await at.rig.at(at.waiting, "queue")
            await at.rig.forms.send("still in the past")
            assert not await _warned(at.rig)  # practice is often ahead of the machine's time
            await at.nothing_is_lost()
            disk = await on_disk(daemon.data, at.scratch)
            instants = [event.at for event in disk.events]
            assert instants == sorted(instants)
    finally:
        nursery.close()


async def _warned(rig: Rig) -> bool:
    answer = await rig.daemon.get("/readyz")
    return answer.status_code == 200 and "behind the journal" in answer.text
