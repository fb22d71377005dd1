"""Several daemons of one town on one Redis: whoever dies, somebody goes on, and nobody is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from channels.voice.practice.call import Call
from tests.end_to_end.desk_client import AgentDesk, Habits
from tests.end_to_end.process import Daemon, Edits, reached, scaled
from tests.end_to_end.rig import AGAIN_S, MANY_FORMS, Rig, town
from tests.end_to_end.rig import ALWAYS_OPEN as HOURS
from tests.fakes.redis_sentinel import watched
from tests.fakes.redis_server import DURABLE, PROGRAM, RedisServer, redis_server
from tests.fakes.relay import Relay

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")

ALWAYS_OPEN: Edits = {**MANY_FORMS, **HOURS}
EVERY_S = 10.0  # between two announcements
ANSWERED_S = 5.0  # after it is due, until another daemon tells a waiting caller something


class Town:
    """The rig, its daemons (the first decides at the start), and what stands before them."""

    def __init__(self, rig: Rig, daemons: list[Daemon], balancer: Relay) -> None:
        self.rig = rig
        self.daemons = daemons
        self.balancer = balancer

    async def to(self, number: int) -> None:
        """Have everybody served by that daemon from now on."""
        self.balancer.choose(self.daemons[number].port)
        await reached("that daemon serves", self.daemons[number].is_ready)

    async def figure(self, number: int, name: str) -> float:
        """Return one of the daemon's figures; 0 while it cannot tell."""
        return await self.daemons[number].figure(name)

    async def waits(self, number: str) -> Call:
        """Return a caller who stands in line."""
        call = self.rig.call(number)
        await self.rig.press(call, "1", "5")
        await self.rig.at(call, "queue")
        return call

    async def one_talks(self) -> tuple[AgentDesk, Call]:
        """Return an agent and the caller with whom they talk until that one hangs up."""
        marc = await self.rig.at_desk("marc", Habits(talks_s=None))
        call = self.rig.call("+19055550170")
        await self.rig.press(call, "1", "5")
        await self.rig.at(call, "conference")
        return marc, call

    async def is_told(self, call: Call) -> float:
        """Return after how many seconds the town answers the next webhook of the call."""

        def answers() -> int:
            sent = self.rig.carrier.ledger.sent(call_sid=call.sid)
            return sum(each.acknowledged and each.purpose == "wait" for each in sent)

        before, began = answers(), time.monotonic()
        await reached("the caller is told something", lambda: answers() > before)
        return time.monotonic() - began


@asynccontextmanager
async def served_by(folder: Path, count: int) -> AsyncIterator[Town]:
    """Start so many daemons on a server of their own."""
    with redis_server(*DURABLE) as redis:
        async with served_from(redis.url, folder, count) as found:
            yield found


@asynccontextmanager
async def served_from(
    journal: str, folder: Path, count: int, **settings: str
) -> AsyncIterator[Town]:
    """Start so many daemons on one journal, one folder of data and one policy."""
    async with AsyncExitStack() as stack:
        shared = {"TOWNLINE_JOURNAL": journal, "TOWNLINE_TOWN": "willowmere", **settings}
        rig = await stack.enter_async_context(town(folder, edits=ALWAYS_OPEN, **shared))
        balancer = Relay()
        server = await asyncio.start_server(balancer.serve, "127.0.0.1", rig.daemon.port)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        daemons = []
        for number in range(count):
            daemon = rig.daemon.another(folder / f"daemon-{number}")
            stack.push_async_callback(daemon.http.aclose)
            stack.callback(daemon.give_up)
            await daemon.start()
            daemons.append(daemon)
        found = Town(rig, daemons, balancer)
        await found.to(0)
        yield found
        balancer.choose()
        await rig.go_home()


async def test_a_call_begins_at_one_daemon_and_goes_on_at_others(tmp_path: Path) -> None:
    async with served_by(tmp_path, 3) as it:
        marc, talking = await it.one_talks()
        call = it.rig.call("+19055550171")
        await it.rig.press(call, "1")
        await it.to(1)
        await it.rig.press(call, "5")
        await it.rig.at(call, "queue")
        await it.to(2)
        await it.is_told(call)
        item = it.rig.item_of(talking)
        await reached("marc is at the desk again", lambda: marc.is_connected)
        assert await marc.click("hold", item, item=item) == "ok"
        receipt = await it.rig.forms.send("at the third")
        await it.to(0)
        assert (await it.rig.forms.send("at the third")).reference == receipt.reference
        decides = [await it.figure(n, "townline_decides") for n in range(3)]
        assert decides == [1.0, 0.0, 0.0]
        assert [await it.figure(n, "townline_daemons") for n in range(3)] == [3.0] * 3
        assert await it.figure(1, 'townline_forwarded_total{ending="answered"}') > 0
        text = await it.daemons[1].cli("status")
        assert "daemons of the town: 3" in text
        for daemon in it.daemons:
            await daemon.stop()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_waiting_caller_is_told_by_another_daemon(
    tmp_path: Path, end: signal.Signals
) -> None:
    async with served_by(tmp_path, 3) as it:
        _, talking = await it.one_talks()
        call = await it.waits("+19055550171")
        await it.is_told(call)
        it.daemons[0].tell(end)
        it.balancer.choose(it.daemons[1].port)
        assert await it.is_told(call) < EVERY_S + await scaled(ANSWERED_S)
        await reached("another one decides", lambda: one_decides(it, (1, 2)))
        talking.hang_up()  # marc's telephone is rung next, by who decides now
        await it.rig.at(call, "conference")
        if end is signal.SIGSTOP:
            it.daemons[0].tell(signal.SIGCONT)
            await reached("it follows", lambda: follows(it, 0))
            await it.to(0)
        assert not (await it.rig.forms.send("afterwards")).repeated


async def test_everybody_waits_for_a_server_that_starts_again(tmp_path: Path) -> None:
    with redis_server(*DURABLE) as redis:
        async with served_from(redis.url, tmp_path, 2) as it:
            await one_waits_for(it, redis)


async def one_waits_for(it: Town, redis: RedisServer) -> None:
    _, talking = await it.one_talks()
    call = await it.waits("+19055550172")
    redis.kill()
    await reached("no daemon is ready", lambda: none_ready(it))
    redis.start()
    for daemon in it.daemons:
        await reached("each is ready again", daemon.is_ready)
    await it.is_told(call)
    await it.to(1)
    await it.is_told(call)
    talking.hang_up()
    await it.rig.at(call, "conference")


async def test_a_waiting_caller_is_told_after_a_fail_over_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    with watched("min-replicas-to-write 1") as redis:
        settings = {"TOWNLINE_JOURNAL_REPLICAS": "1"}
        async with served_from(redis.url, tmp_path, 2, **settings) as it:
            _, talking = await it.one_talks()
            call = await it.waits("+19055550173")
            await it.is_told(call)
            sending = asyncio.ensure_future(send_forms(it))
            old = redis.master
            old.kill()
            assert await it.is_told(call) < EVERY_S + await scaled(ANSWERED_S)
            assert redis.master is not old
            await it.to(1)
            await asyncio.to_thread(redis.bring_back, old)
            talking.hang_up()
            await it.rig.at(call, "conference")
            sending.cancel()
            await reached("one decides", lambda: one_decides(it, (0, 1)))
            for receipt in list(it.rig.forms.receipts):
                again = await it.rig.forms.send(receipt.key)
                assert (again.reference, again.repeated) == (receipt.reference, True)
            assert all(daemon.is_alive for daemon in it.daemons)  # nobody was ahead of the journal


async def test_what_the_promoted_server_lacks_is_given_back(tmp_path: Path) -> None:
    """Nobody waited for replicas; they stand still, and the master dies with what it told alone."""
    with watched() as redis:
        async with served_from(redis.url, tmp_path, 2) as it:
            _, talking = await it.one_talks()
            call = await it.waits("+19055550173")
            old = redis.master
            for replica in redis.replicas:
                old.cut_off(replica)
            for number in range(5):
                await it.rig.forms.send(f"form {number}")
            await it.to(1)  # taken by one, decided by the other
            for number in range(5, 10):
                await it.rig.forms.send(f"form {number}")
            told = await it.figure(1, "townline_behind_events")
            old.kill()
            for replica in redis.replicas:
                replica.go_on()
            await asyncio.to_thread(redis.promoted, old)
            await reached("a daemon has given back", lambda: gave_back(it))
            await reached("one decides", lambda: one_decides(it, (0, 1)))
            for receipt in list(it.rig.forms.receipts):
                again = await it.rig.forms.send(receipt.key)
                assert (again.reference, again.repeated) == (receipt.reference, True)
            assert told == 0
            assert all(daemon.is_alive for daemon in it.daemons)
            talking.hang_up()
            await it.rig.at(call, "conference")


async def gave_back(it: Town) -> bool:
    return any([await it.figure(n, "townline_batches_given_back_total") for n in (0, 1)])


async def send_forms(it: Town) -> None:
    """Send one form after the other, whoever answers."""
    for number in count():
        await it.rig.forms.send(f"form {number}")
        await asyncio.sleep(AGAIN_S)  # each is asked for again at the end


async def one_decides(it: Town, numbers: tuple[int, ...]) -> bool:
    return sum([await it.figure(n, "townline_decides") for n in numbers]) == 1


async def follows(it: Town, number: int) -> bool:
    behind = await it.figure(number, "townline_behind_events")
    return not behind and not await it.figure(number, "townline_decides")


async def none_ready(it: Town) -> bool:
    return not any([await daemon.is_ready() for daemon in it.daemons])
