"""Nothing acknowledged is lost, whenever the process is killed.

A town at work is killed again and again, at named points of its inside and at random, and started
again on the same data each time. After every kill, and once more when everything has come to rest,
the ledgers of those outside are held against what stands on disk.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, deque
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from channels.voice.practice.call import Call
from tests.end_to_end.crash_daemon import POINTS
from tests.end_to_end.evidence import OnDisk, Witness, on_disk
from tests.end_to_end.nursery import Nursery
from tests.end_to_end.process import morning, reached
from tests.end_to_end.rig import Rig, town
from tests.end_to_end.traffic import EDITS, Traffic
from tests.end_to_end.writers import ON_CALL, PAGED

POINT_S = 25.0  # a life in which the point was not passed often enough by then ends at random
LIVES_MAX = 4  # for one kill at a point
REST_S = 120.0
RANDOM = "random"
SELDOM = ("perform", "confirm", "snapshot", "stored", "mail", "250", "send")
RARE = {point for point in POINTS if point.endswith(SELDOM)}


class Killer:
    """Kills the town and looks at what is left."""

    def __init__(
        self, rig: Rig, nursery: Nursery, witness: Witness, scratch: Path, seed: int
    ) -> None:
        self._rig = rig
        self._nursery = nursery
        self._witness = witness
        self._scratch = scratch
        self._seed = seed
        self._random = random.Random(seed)
        self._hits_file = scratch / "hits.json"
        self.kills: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()  # how often a point was passed before a kill

    async def kill(self, point: str, number: int) -> bool:
        """Start it, let it die there, and look; say whether it came to that point."""
        daemon = self._rig.daemon
        asked = "" if point == RANDOM else f"{point}:{number}"
        daemon.environment |= {"CRASH_AT": asked, "CRASH_HITS": str(self._hits_file)}
        self._hits_file.unlink(missing_ok=True)
        daemon.process = self._nursery.fork((), daemon.environment, daemon.log)
        if point == RANDOM:
            await daemon.ready()
            died_at = time.monotonic() + self._random.uniform(0, 1.5)
            await reached("the moment has come", lambda: time.monotonic() >= died_at)
            await daemon.kill()
        else:
            died_at = time.monotonic() + POINT_S
            await reached(
                "the daemon ends",
                lambda: not daemon.is_alive or time.monotonic() >= died_at,
                within_s=2 * POINT_S,
            )
            if daemon.is_alive:
                await daemon.kill()
                point = RANDOM
        came_there = point != RANDOM or not asked
        assert daemon.process is not None
        assert daemon.process.returncode == -9, daemon.tail()
        if self._hits_file.exists():
            self.passed.update(json.loads(self._hits_file.read_text()))
        self.kills[point] += 1
        await self.look(f"killed at {asked or RANDOM}", settled=False)
        return came_there

    async def look(self, when: str, *, settled: bool) -> OnDisk:
        disk = await on_disk(self._rig.daemon.data, self._scratch)
        findings = self._witness.findings(disk, settled=settled)
        assert not findings, (
            f"seed {self._seed}, {when}, kills so far {dict(self.kills)}:\n"
            + "\n".join(findings)
            + f"\nlast events:\n{disk.last_events()}"
        )
        return disk

    def table(self) -> str:
        lines = [f"seed {self._seed}: {self.kills.total()} kills (point: kills, passed before)"]
        lines += [f"  {p:20} {self.kills[p]:4} {self.passed[p]:7}" for p in (*POINTS, RANDOM)]
        return "\n".join(lines)


async def a_murderous_day(folder: Path, seed: int, plan: list[tuple[str, int]]) -> None:
    scratch = folder / "scratch"
    scratch.mkdir()
    async with AsyncExitStack() as stack:
        nursery = Nursery()
        stack.callback(nursery.close)
        rig = await stack.enter_async_context(town(folder, edits=EDITS))
        await rig.daemon.start("--at", morning())
        witness = Witness(rig)
        killer = Killer(rig, nursery, witness, scratch, seed)
        async with asyncio.TaskGroup() as people:
            traffic = Traffic(rig, seed, people)
            await traffic.begin()
            await rig.daemon.kill()
            await carry_out(plan, killer, traffic)
            await rig.daemon.start()
            await traffic.line_forms()
            await traffic.stop()
        await came_to_rest(rig)
        await rig.go_home()
        await reached("everything has left", partial(nothing_pending, rig), within_s=REST_S)
        for resident in rig.chats:
            await resident.catch_up()
        await rig.daemon.stop()
        disk = await killer.look("at rest", settled=True)
        print(killer.table())
        waiting = [call for call in rig.carrier.exchange.calls.values() if call.place == "queue"]
        forms = len({receipt.key for receipt in rig.forms.receipts})
        print(
            f"  {len(witness.inbound())} calls, {len(waiting)} of them wait in line,"
            f" {forms} forms (sent {rig.forms.sent} times), {disk.state.version} events,"
            f" {len(witness.gave_up)} calls with an unanswered webhook"
        )
        print(written(rig))
        planned = Counter(point for point, _ in plan)
        assert not planned - killer.kills, f"not killed as planned: {planned - killer.kills}"
        sent_away = [
            rig.told(call) for call in traffic.patient if call.over and not failed(rig, call)
        ]
        assert not sent_away, "\n".join(sent_away)
        assert waiting, "nobody stood in line: the test shows nothing"
        assert any(resident.answers for resident in rig.chats), "no chat was answered"
        assert any(letter.first for letter in rig.letters.all), "no mail was answered"


def written(rig: Rig) -> str:
    """Return how much was written."""
    letters, copies = rig.letters.all, rig.world.copies
    replies = [reply for desk in rig.desks.values() for reply in desk.replies.values()]
    said = sum(len(resident.said) for resident in rig.chats)
    told = sum(resident.answers for resident in rig.chats)
    taken = sum(letter.sender in ON_CALL for letter in letters)
    photos = sum(len(resident.shown) for resident in rig.chats)
    return (
        f"  {sum(letter.rule == PAGED for letter in letters)} urgent mails at night,"
        f" {taken} taken by people on call; {photos} photos\n"
        f"  {len(letters)} mails (sent {sum(letter.sent for letter in letters)} times,"
        f" {sum(letter.first is not None for letter in letters)} of them answers),"
        f" {len({copy.message_id for copy in copies})} mails of the town (sent {len(copies)}"
        f" times), {len(rig.chats)} chats with {said} messages, {told} answers told;"
        f" {len(replies)} answers of agents,"
        f" {sum(reply.answer == 'ok' for reply in replies)} acknowledged"
    )


async def carry_out(plan: list[tuple[str, int]], killer: Killer, traffic: Traffic) -> None:
    """Kill at every point of the plan.

    On a slow machine a life may pass a point less often than was asked for. Then it is tried again
    when the rest is done, and the first passing is the end; no point is left out.
    """
    left = deque((point, number, 1) for point, number in plan)
    while left:
        point, number, lives = left.popleft()
        if not await killer.kill(point, number):
            assert lives < LIVES_MAX, (
                f"{point} was not passed in {lives} lives of {POINT_S:g} s; before the last of"
                f" these kills people did:\n{traffic.doing()}\n{killer.table()}"
            )
            left.append((point, 1, lives + 1))


def failed(rig: Rig, call: Call) -> bool:
    """Say whether the carrier gave the call up: no webhook, nor its fallback, was answered."""
    return any(heard.kind == "error" for heard in rig.carrier.ledger.prompts(call.sid))


async def nothing_pending(rig: Rig) -> bool:
    """Say whether everything that was to leave the town has left."""
    answer = await rig.daemon.get("/metrics")
    effects = [x for x in answer.text.splitlines() if x.startswith("townline_pending_effects")]
    return all(x.endswith(" 0.0") for x in effects)


async def came_to_rest(rig: Rig) -> None:
    """Wait until nobody but those in the patient line wants anything."""

    async def rests() -> bool:
        busy = [desk for desk in rig.desks.values() if desk.name != "marc" and desk.items]
        inbound = [c for c in rig.carrier.exchange.calls.values() if c.direction == "inbound"]
        talking = [c for c in inbound if not c.over and c.place not in ("queue", "conference")]
        return not busy and not talking and await nothing_pending(rig)

    await reached("everything has come to rest", rests, within_s=REST_S)


def plan_of(seed: int, each: int, at_random: int) -> list[tuple[str, int]]:
    """Return every point `each` times, and kills at random, in any order."""
    chance = random.Random(seed)
    plan = [
        (point, chance.choice((1, 2, 3) if point in RARE else (1, 4, 9, 17)))
        for point in POINTS
        for _ in range(each)
    ]
    plan += [(RANDOM, 0)] * at_random
    chance.shuffle(plan)
    return plan


async def test_what_was_acknowledged_survives_every_point(tmp_path: Path) -> None:
    await a_murderous_day(tmp_path, 1, plan_of(1, each=1, at_random=6))


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 5))
async def test_what_was_acknowledged_survives_long_days(tmp_path: Path, seed: int) -> None:
    await a_murderous_day(tmp_path, seed, plan_of(seed, each=2, at_random=10))
