"""One run: a town of real programs, a crowd, faults one after the other, calm, and the books."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from router.history.database import Database
from router.runtime.daemon import innermost
from router.runtime.journal_redis import RedisJournal
from tests.end_to_end.evidence import as_stored
from tests.end_to_end.process import reached
from tests.endurance.books import (
    history_findings,
    journal_findings,
    newest_snapshot,
    sender_findings,
    unheard,
    words_of,
)
from tests.endurance.crowd import Crowd
from tests.endurance.faults import FAULTS, shuffled, suffer
from tests.endurance.measures import Pulse
from tests.endurance.parts import TOWN, Town, whole_town
from tests.endurance.result import Result
from tests.endurance.scale import Scale

FULL_S: Final = 180.0
REST_S: Final = 120.0
STILL_S: Final = 8.0  # longer than a terminal has anything in hand
LOOK_S: Final = 0.5

Say = Callable[[str], object]


async def endure(folder: Path, scale: Scale, say: Say) -> Result:
    """Run it; `say` is told what happens meanwhile.

    Errors: AssertionError when the town does not start, recover or come to rest; other findings
    stand in the result.
    """
    result, began = Result(scale), time.monotonic()
    try:
        async with whole_town(folder, scale) as it:
            result.took_s["starting"] = time.monotonic() - began
            say("the town is open")
            crowd, pulse = await _a_day(it, result, say)
            with _timed(result, "coming to rest"):
                result.findings += await _come_to_rest(it)
            say("everything has come to rest")
            with _timed(result, "accounting"):
                await _account(it, result, folder)
            _count(it, crowd, pulse, result)
    except BaseExceptionGroup as group:  # told bare: one of them is why the others were ended
        raise innermost(group) from group
    return result


async def _a_day(it: Town, result: Result, say: Say) -> tuple[Crowd, Pulse]:
    """Let everybody come, throw the faults, let everybody be served."""
    scale = result.scale
    chance = random.Random(f"faults {scale.seed}")
    async with asyncio.TaskGroup() as people:
        crowd = Crowd(it, scale, people)
        pulse = Pulse(it, scale.forms_s)
        with _timed(result, "filling"):
            await crowd.begin()
            people.create_task(pulse.beat())
            await reached(
                "the line is full",
                lambda: crowd.most_at_once["calls"] >= scale.full * scale.calls,
                within_s=FULL_S,
                look_s=LOOK_S,
            )
        say(f"the crowd is there: {dict(crowd.most_at_once)}")
        with _timed(result, "faults"):
            ends = time.monotonic() + 60 * scale.minutes
            for number, kind in enumerate(shuffled(chance)):
                if time.monotonic() >= ends and number >= len(FAULTS):
                    break
                found = await suffer(kind, it, crowd, pulse, chance)
                result.recoveries.append(found)
                say(
                    f"{found.what}: confirmed after {found.confirmed:.2f} s,"
                    f" all well after {found.whole:.1f} s"
                )
                await asyncio.sleep(chance.uniform(0.5, 1.5) * scale.rests_s)
        pulse.is_over = True
        with _timed(result, "serving the rest"):
            await crowd.stop()
        result.findings += [f"was not served: {each}" for each in crowd.unserved]
    return crowd, pulse


async def _come_to_rest(it: Town) -> list[str]:
    """Wait until nobody wants anything; return who still does after a long time."""
    since, busy = time.monotonic(), list[str]()

    async def rests() -> bool:
        nonlocal since, busy
        busy = await _busy(it)
        if busy:
            since = time.monotonic()
        return time.monotonic() - since > STILL_S

    with suppress(AssertionError):  # then it is told what did not
        await reached("everything has come to rest", rests, within_s=REST_S, look_s=LOOK_S)
    await it.rig.go_home()
    for chat in it.rig.chats:
        await chat.catch_up()
    return [*it.ended_terminals(), *(f"is not at rest: {each}" for each in busy)]


async def _busy(it: Town) -> list[str]:
    """Return who or what is not at rest."""
    pending = await (await it.decider()).figure("townline_pending_effects")
    calls = [call for call in it.rig.carrier.exchange.calls.values() if not call.over]
    desks = [desk for desk in it.rig.desks.values() if desk.items or desk.offer]
    found = [f"{call.direction} call: {it.rig.told(call)}" for call in calls]
    found += [f"{desk.name}: {desk.offer} {desk.items} {desk.clicks[-3:]}" for desk in desks]
    found += [f"{pending:g} effects are pending"] if pending else []
    found += ["mail is in the mailbox"] if it.mailbox.count() else []
    return found


async def _account(it: Town, result: Result, folder: Path) -> None:
    """Stop the daemons one after the other and hold everything against everything."""
    # the master's own address: nobody is left who could name another one
    address = f"redis://127.0.0.1:{it.redis.master.port}"
    journal = await RedisJournal.open_readonly(address, TOWN)
    history = Database(it.history)
    try:
        left = []
        for kept in it.daemons:
            before = len(kept.daemon.logged("snapshot_saved"))
            await kept.stop()
            if len(kept.daemon.logged("snapshot_saved")) > before:  # on a slow machine it may not
                left.append(await newest_snapshot(journal, kept.name))
        result.counts["daemons that left their state, which was compared"] = len(left)
        words = await words_of(history)
        disk = await as_stored(journal, words)
        findings = result.findings
        findings += it.witness.findings(disk, settled=True)
        deaf = unheard(it.witness, disk)
        findings += sender_findings(it.rig, disk, deaf)
        waiting = [(each.ref, each.kind, each.body) for each in await journal.waiting(len(words))]
        findings += await journal_findings(journal, words + waiting, left)
        other = folder / "other-history"
        other.mkdir()
        findings += await history_findings(history, journal, other)
        result.counts["events in the journal"] = disk.state.version
        result.counts["hang-ups in menus that the carrier could tell nobody"] = len(deaf)
    finally:
        await history.close()
        await journal.close()


def _count(it: Town, crowd: Crowd, pulse: Pulse, result: Result) -> None:
    rig, counts = it.rig, result.counts
    counts |= {f"most at once: {name}": number for name, number in crowd.most_at_once.items()}
    counts |= {f"calls, {pattern}": number for pattern, number in crowd.calls.items()}
    failed = {each.call_sid for each in rig.carrier.ledger.troubles() if not each.warning}
    replies = [reply for desk in rig.desks.values() for reply in desk.replies.values()]
    counts |= {
        "calls that the carrier gave up or heard an error in": len(failed),
        "webhooks answered": len(pulse.answers_s),
        "forms": len({receipt.key for receipt in rig.forms.receipts}),
        "forms sent, repeats included": rig.forms.sent,
        "mails": len(rig.letters.all),
        "of these fetched from a mailbox": it.mailbox.count("Processed"),
        "mails of the town": len({copy.message_id for copy in rig.world.copies}),
        "copies of them": len(rig.world.copies),
        "chats": len(rig.chats),
        "messages in chats": sum(len(chat.said) for chat in rig.chats),
        "answers of agents, acknowledged": sum(reply.answer == "ok" for reply in replies),
        "daemons killed": sum(kept.killed for kept in it.daemons),
        "daemons ended by themselves": sum(len(kept.ended) for kept in it.daemons),
    }
    result.latencies["webhooks"] = pulse.answers_s
    result.latencies["forms"] = [each.stored - each.began for each in pulse.sendings]
    result.ended = [f"{kept.name}, {each}" for kept in it.daemons for each in kept.ended]


@contextmanager
def _timed(result: Result, part: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    result.took_s[part] = time.monotonic() - began
