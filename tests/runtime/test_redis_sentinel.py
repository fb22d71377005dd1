"""Real servers behind real Sentinels: another one is promoted, and journal and link find it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import pytest
from redis.exceptions import RedisError

from router.errors import OutcomeUnknown, StorageFailed
from router.ports import Batch, Words
from router.runtime.clock import SystemClock
from router.runtime.journal_redis import RedisJournal
from router.runtime.metrics import Metrics
from router.runtime.redis_link import RedisLink
from router.runtime.redis_server import SENTINEL_TIMEOUT_S, TIMEOUT_S, connect, settle
from router.runtime.redis_worries import worries
from router.runtime.storing import Outcome, Storing
from tests.end_to_end.process import REPOSITORY, reached, scaled
from tests.fakes.redis_sentinel import NAME, OPENSSL, RIGHTS, Node, Secrets, Watched, watched
from tests.fakes.redis_server import PROGRAM

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")

TOWN: Final = "willowmere"
SLACK_S: Final = 3.0
KINDS: Final[dict[str, dict[str, Any]]] = {
    "plain": {},
    "passwords": {"secrets": Secrets()},
    "passwords and TLS": {"secrets": Secrets(), "tls": True},
}


def a_batch(name: str, before: str = "") -> Batch:
    return Batch(name, 1, 1, bytes(100), (Words(name, "note", b"x"),), before=before)


class Writer:
    """Stores batch after batch, as a sequencer does, and notes what was acknowledged."""

    def __init__(self, journal: RedisJournal) -> None:
        self.journal = journal
        self.acknowledged: list[str] = []
        self.outcomes: list[Outcome] = []
        self._storing = Storing(journal, SystemClock(0), Metrics())
        self._version = 0

    async def _catch_up(self) -> None:
        self._version = await self.journal.version()

    async def store(self, count: int) -> None:
        """Store so many more; whatever is overtaken is decided again."""
        stored = 0
        while stored < count:
            name = f"{id(self):x}-{len(self.outcomes)}"
            outcome = await self._storing.store(self._version, a_batch(name), lambda: 0)
            self.outcomes.append(outcome)
            if outcome is Outcome.STORED:
                self.acknowledged.append(name)
                stored += 1
                self._version += 1
            elif outcome is Outcome.OVERTAKEN:
                await self._storing.insist(self._catch_up)
            else:  # refused: nothing was stored
                await asyncio.sleep(0.05)

    async def missing(self) -> list[str]:
        """Return what was acknowledged and is not in the journal."""
        there = {stored.batch_id async for stored in self.journal.read(0)}
        return [name for name in self.acknowledged if name not in there]


@asynccontextmanager
async def opened(it: Watched, replicas: int = 0) -> AsyncIterator[tuple[Writer, RedisLink]]:
    journal = await RedisJournal.open(it.url, TOWN, replicas=replicas)
    link = RedisLink(it.url, TOWN, replicas=replicas)
    try:
        yield Writer(journal), link
    finally:
        await link.close()
        await journal.close()


async def works_again(link: RedisLink, other: RedisLink) -> None:
    """Return once the one hears the other."""

    async def hears() -> None:
        while True:
            with suppress(StorageFailed):
                if b"hello" in await link.receive():
                    return

    hearing = asyncio.ensure_future(hears())
    while not hearing.done():
        with suppress(StorageFailed):
            await other.send(link.name, b"hello")
        await asyncio.sleep(0.05)


async def answers(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is an answer."""
    while True:
        with suppress(StorageFailed):
            await ask()
            return
        await asyncio.sleep(0.05)


async def fails(asked: Any) -> None:
    with pytest.raises(RedisError):
        await asked


async def taken(work: Awaitable[object]) -> float:
    """Return the seconds that it takes."""
    began = time.monotonic()
    await work
    return time.monotonic() - began


async def promoted(it: Watched, old: Node) -> Node:
    return await asyncio.to_thread(it.promoted, old)


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_goes_on_at_the_promoted_server(kind: str) -> None:
    if KINDS[kind].get("tls") and OPENSSL is None:
        pytest.skip("openssl is not installed")
    with watched(**KINDS[kind]) as it:
        other = RedisLink(it.url, TOWN)
        async with opened(it) as (writer, link):
            assert "does not tell" not in str(await writer.journal.worries())
            await writer.store(20)
            assert (await link.claim()).decider == link.name
            await works_again(link, other)
            old = it.master
            old.kill()
            async with asyncio.timeout(30):
                await asyncio.gather(
                    writer.store(20), works_again(link, other), answers(link.claim)
                )
            assert it.master is not old
            assert await writer.missing() == []  # replicas kept up: nothing was under way to them
            assert [stored.version for stored in await link.news(38)] == [39, 40]
            assert (await other.claim()).decider == link.name
        await other.close()


async def test_a_server_that_stands_still_holds_nobody_longer_than_the_time_limit() -> None:
    with watched() as it:
        other = RedisLink(it.url, TOWN)
        async with opened(it) as (writer, link):
            await writer.store(1)
            await works_again(link, other)
            idle = await RedisJournal.open(it.url, TOWN)
            assert await idle.find_batch("none") is None
            reading = connect(it.url, retries=2)
            await reading.ping()
            old = it.master
            old.freeze()
            took = await asyncio.gather(
                taken(writer.store(1)),
                taken(answers(lambda: link.news(0))),
                taken(answers(link.claim)),
                taken(works_again(link, other)),  # what it hears by is still connected
                taken(fails(reading.ping())),  # and does not ask the same server again
            )
            assert max(took) < await scaled(TIMEOUT_S + 1 + SLACK_S)
            assert await reading.ping()
            await reading.aclose()
            assert it.master is not old
            await writer.store(3)
            old.go_on()  # and believes for a while that it is the master
            await reached("it answers", lambda: old.info()["role"] == "master")
            assert await idle.version() == 5  # although it is connected to the old one
            assert await idle.append(5, a_batch("another's")) == 6
            await writer.store(10)
            assert await writer.missing() == []
        await idle.close()
        await other.close()


async def test_a_sentinel_that_stands_still_or_is_dead_costs_a_moment() -> None:
    with watched(replicas=1) as it:
        first, second, _ = it.sentinels
        first.freeze()
        second.kill()
        began = time.monotonic()
        async with opened(it) as (writer, _):
            await writer.store(1)
            took = time.monotonic() - began
            assert took < await scaled(2 * SENTINEL_TIMEOUT_S + SLACK_S)  # two connections ask


async def test_what_replicas_lack_is_lost_without_waiting_for_them_and_unsaid_with_it() -> None:
    with watched() as it:
        async with opened(it, replicas=1) as (careful, link), opened(it) as (hasty, _):
            await careful.store(5)
            old, lagging = it.master, it.replicas
            for node in lagging:
                old.cut_off(node)
            await hasty.store(1)
            appending = asyncio.ensure_future(careful.journal.append(6, a_batch("unsaid")))
            following = asyncio.ensure_future(link.news(6))
            await reached("the server has it", lambda: has(old, "unsaid"))
            await asyncio.wait([appending, following], timeout=1.5)
            assert not appending.done()
            assert not following.done()
            old.kill()
            for node in lagging:
                node.go_on()
            with pytest.raises(OutcomeUnknown):
                await appending
            with suppress(StorageFailed):
                assert await following == []
            await promoted(it, old)
            assert await careful.journal.find_batch("unsaid") is None
            assert await careful.missing() == []
            assert len(await hasty.missing()) == 1
            await careful.store(5)
            await asyncio.to_thread(it.bring_back, old)
            assert not has(old, "unsaid")  # its tail is gone
            assert await careful.missing() == []


def has(node: Node, batch_id: str) -> bool:
    return bool(node.client.hexists(f"townline:{{{TOWN}}}:batches", batch_id))


class Interrupted(RedisJournal):
    """A journal whose server is lost between an append and what its replicas say of it."""

    interrupt: Callable[[], Awaitable[object]]

    async def _settle(self, batch_id: str, version: bytes) -> bytes | None:
        await self.interrupt()
        return await super()._settle(batch_id, version)


async def test_the_replicas_of_a_promoted_server_vouch_for_nothing_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has read a batch that only the old server had is told nothing of it either."""
    was_read, is_promoted = asyncio.Event(), asyncio.Event()

    async def late(*of: Any) -> bytes | None:
        was_read.set()
        await is_promoted.wait()
        return await settle(*of)

    monkeypatch.setattr("router.runtime.redis_link.settle", late)
    with watched() as it:
        journal = Interrupted(it.url, TOWN, writes=True, replicas=1)
        link = RedisLink(it.url, TOWN, replicas=1)
        old, lagging = it.master, it.replicas

        async def interrupt() -> None:
            await was_read.wait()
            old.kill()
            for node in lagging:
                node.go_on()
            await promoted(it, old)
            is_promoted.set()

        for node in lagging:
            old.cut_off(node)
        journal.interrupt = interrupt
        following = asyncio.ensure_future(link.news(0))
        with pytest.raises(OutcomeUnknown, match="promoted"):
            await journal.append(0, a_batch("lost"))
        assert await following == []
        assert await journal.find_batch("lost") is None
        await link.close()
        await journal.close()


async def test_a_change_of_server_by_hand_loses_nothing_that_all_replicas_had() -> None:
    """The old server lives on and takes in what comes, until it is told to follow."""
    with watched() as it:
        async with opened(it, replicas=2) as (writer, link):
            await writer.store(5)
            await link.claim()
            old = it.master
            storing = asyncio.ensure_future(writer.store(2000))
            it.sentinels[0].told("SENTINEL FAILOVER", NAME)
            await promoted(it, old)
            await reached("it follows", lambda: it.is_replica(old))
            await writer_goes_on(writer)
            storing.cancel()
            await answers(link.claim)
            assert await writer.missing() == []


async def writer_goes_on(writer: Writer) -> None:
    count = len(writer.acknowledged)
    await reached("more is stored", lambda: len(writer.acknowledged) > count + 5)


async def test_what_sentinels_and_replicas_could_lose_is_told() -> None:
    with watched() as it:
        client = connect(it.url, retries=0)

        async def told(replicas: int) -> list[str]:
            return [text.partition(":")[0] for text in await worries(client, replicas)]

        assert await told(0) == ["min-replicas-to-write is 0", "TOWNLINE_JOURNAL_REPLICAS is 0"]
        it.master.client.config_set("min-replicas-to-write", 1)
        assert await told(1) == []
        assert await told(2) == ["2 replicas must have a batch and 2 are connected"]
        it.master.client.config_set("appendfsync", "everysec")
        first, *others = it.sentinels
        for after_ms in ("30000", "1200"):
            first.told("SENTINEL", "SET", NAME, "down-after-milliseconds", after_ms)
            slow = ["down-after-milliseconds is 30000"] if after_ms == "30000" else []
            assert await told(1) == ["appendfsync is everysec", *slow]
        for sentinel in others:
            sentinel.kill()

        async def says_no_quorum() -> bool:
            return "cannot name another server: NOQUORUM" in str(await worries(client, 1))

        await reached("the last Sentinel has noticed", says_no_quorum)
        for sentinel in others:
            where = f"127.0.0.1:{sentinel.port}"
            assert f"the Sentinel at {where} does not answer" in str(await worries(client, 1))
        await client.aclose()


def test_the_rights_that_suffice_are_those_in_the_documents() -> None:
    assert f"user townline on >PASSWORD {RIGHTS}" in (
        REPOSITORY / "docs" / "operations.md"
    ).read_text(encoding="utf-8")


async def test_one_sentinel_and_no_replica_are_told() -> None:
    with watched(replicas=0, sentinels=1, down_after_ms=500) as it:
        client = connect(it.url, retries=0)

        async def told() -> list[str]:
            return [text.rpartition(": ")[0] for text in await worries(client, 0)]

        none, alone = "no replica is connected", "the address names one Sentinel"
        watch = "Sentinels that watch the server"
        assert await told() == [none, watch, "down-after-milliseconds is 500", alone]
        it.sentinels[0].told("SENTINEL", "REMOVE", NAME)
        where = f"the Sentinel at 127.0.0.1:{it.sentinels[0].port} cannot name another server"
        assert await told() == [none, where, alone]
        await client.aclose()
