"""What a town's link promises: the one over Redis, and its twin in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from router.core.model import SECOND
from router.errors import StorageFailed
from router.ports import Batch, chained
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.journal_redis import RedisJournal
from router.runtime.link import Link
from router.runtime.redis_link import KEPT_MS, RedisLink
from tests.fakes.jumping_clock import JumpingClock
from tests.fakes.redis_server import DURABLE, PROGRAM, redis_server
from tests.fakes.town_link import MemoryLink, Town

Journal = MemoryJournal | RedisJournal
Opened = tuple[Journal, list[Link]]


@asynccontextmanager
async def in_memory() -> AsyncIterator[Opened]:
    store, town, clock = MemoryStore(), Town(), JumpingClock()
    links: list[Link] = [MemoryLink(name, town, store, clock) for name in "abc"]
    yield MemoryJournal(store, clock), links


@asynccontextmanager
async def in_redis() -> AsyncIterator[Opened]:
    with redis_server(*DURABLE) as server:
        journal = await RedisJournal.open(server.url, "willowmere")
        links: list[Link] = [RedisLink(server.url, "willowmere") for _ in range(3)]
        yield journal, links
        for link in links:
            await link.close()
        await journal.close()


KINDS: dict[str, Callable[[], AbstractAsyncContextManager[Opened]]] = {"memory": in_memory}
if PROGRAM is not None:
    KINDS["redis"] = in_redis


@pytest.fixture(params=list(KINDS))
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    async with KINDS[request.param]() as found:
        yield found


async def heard(link: Link, count: int) -> list[bytes]:
    """Return so many messages as they come."""
    found: list[bytes] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += await link.receive()
    return found


async def listening(opened: Opened) -> None:
    """Return once everybody hears everybody."""
    _, links = opened
    hearing = [asyncio.ensure_future(heard(link, 1)) for link in links]
    async with asyncio.timeout(20):
        for link, task in zip(links, hearing, strict=True):
            while not await links[0].send(link.name, b"hello"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            await task


async def test_one_has_the_claim_until_it_is_given_back(opened: Opened) -> None:
    _, (first, second, third) = opened
    assert (await first.claim()).decider == first.name
    standing = await second.claim()
    assert standing.decider == first.name
    assert 0 <= standing.age < KEPT_MS * SECOND // 1000
    assert (await first.claim()).age == 0
    await first.give_back()
    standing = await third.claim()
    assert standing.decider == third.name
    assert {second.name, third.name} <= set(standing.daemons)
    assert first.name not in standing.daemons


async def test_the_claim_tells_where_the_journal_stands(opened: Opened) -> None:
    journal, (first, *_) = opened
    assert (await first.claim()).version == 0
    await journal.append(0, Batch("one", 1, 3, b"events"))
    assert (await first.claim()).version == 3


async def test_messages_come_in_order_to_whom_they_were_sent(opened: Opened) -> None:
    await listening(opened)
    _, (first, second, third) = opened
    for number in range(300):
        assert await first.send(second.name, str(number).encode())
    await first.tell_all(b"all")
    assert await heard(second, 301) == [*(str(n).encode() for n in range(300)), b"all"]
    assert await heard(third, 1) == [b"all"]


async def test_nobody_of_that_name_listens(opened: Opened) -> None:
    await listening(opened)
    _, (first, second, _) = opened
    assert not await first.send("nobody", b"x")
    await second.give_back()
    assert not await first.send(second.name, b"x")
    with pytest.raises(StorageFailed):
        await second.receive()


async def test_news_is_what_was_stored_after_a_version(opened: Opened) -> None:
    journal, (first, *_) = opened
    waiting = asyncio.ensure_future(some_news(first, 0))
    first_batch = Batch("one", 1, 2, b"a", answers=b"r")
    chain = chained("", 2, first_batch)
    await journal.append(0, first_batch)
    await journal.append(2, Batch("two", 2, 1, b"b", before=chain))
    found = await waiting
    assert (found[0].version, found[0].batch_id, found[0].answers) == (2, "one", b"r")
    (second,) = await some_news(first, 2)
    assert (second.version, second.before) == (3, chain)


async def some_news(link: Link, after: int) -> list[Any]:
    async with asyncio.timeout(20):
        while not (found := await link.news(after)):
            pass
    return found


async def again_and_again(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask for as long as it answers: what had come before may still be heard."""
    async with asyncio.timeout(20):
        while True:
            await ask()


@pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")
async def test_a_link_works_again_when_the_server_does() -> None:
    with redis_server(*DURABLE) as server:
        first, second = (RedisLink(server.url, "willowmere") for _ in range(2))
        await first.claim()
        await second.receive()
        server.kill()
        for fails in (first.claim, second.receive, lambda: first.news(0)):
            with pytest.raises(StorageFailed):
                await again_and_again(fails)
        server.start()
        assert (await second.claim()).decider in (first.name, second.name)
        hearing = asyncio.ensure_future(heard(second, 1))
        async with asyncio.timeout(20):
            while not await first.send(second.name, b"back"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            assert await hearing == [b"back"]
        for link in (first, second):
            await link.close()


async def test_errors_never_show_the_password() -> None:
    link = RedisLink("redis://user:geheim@127.0.0.1:1/0", "willowmere")
    with pytest.raises(StorageFailed) as caught:
        await link.claim()
    assert "geheim" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)
    await link.close()
