"""Who may not write: known at once where it was decided, soon everywhere else, until it ends."""

from __future__ import annotations

import asyncio

import pytest

from router.core.model import HOUR
from router.errors import StorageFailed
from router.history import tables
from router.history.audit import Audit
from router.history.blocked import Blocked, BlockedRow
from router.history.database import Database
from router.runtime.clock import VirtualClock

from .conftest import START
from .written_past import Past


@pytest.fixture
def blocked(database: Database, clock: VirtualClock) -> Blocked:
    return Blocked(database, clock)


async def test_a_block_holds_at_once_and_until_it_ends(
    blocked: Blocked, clock: VirtualClock
) -> None:
    assert not blocked.is_blocked("k")
    await blocked.block("k", START + HOUR, "rude", "ann")
    await blocked.block("for-ever", None, "spam", "ann")
    assert blocked.is_blocked("k")
    assert not blocked.is_blocked("other")
    assert not blocked.is_blocked("")
    await clock.advance_to(START + HOUR)
    assert not blocked.is_blocked("k")
    assert blocked.is_blocked("for-ever")
    assert await blocked.everyone() == [BlockedRow("for-ever", None, "spam", "ann")]


async def test_others_follow_with_their_next_refresh(
    blocked: Blocked, database: Database, clock: VirtualClock
) -> None:
    other = Blocked(database, clock)
    await blocked.block("k", None, "rude", "ann")
    assert not other.is_blocked("k")
    await other()
    assert other.is_blocked("k")
    await blocked.unblock("k", "bob")
    await blocked.unblock("k", "bob")
    assert not blocked.is_blocked("k")
    await other()
    assert not other.is_blocked("k")


async def test_what_has_ended_is_deleted(past: Past, blocked: Blocked) -> None:
    await blocked.block("k", START + HOUR, "rude", "ann")
    await blocked.block("k2", START + 2 * HOUR, "rude", "ann")
    await past.clock.advance_to(START + HOUR)
    await blocked()
    assert [row["address_key"] for row in await past.rows(tables.blocked)] == ["k2"]
    assert blocked.is_blocked("k2")


async def test_blocking_is_in_the_trail(
    blocked: Blocked, database: Database, clock: VirtualClock
) -> None:
    await blocked.block("k", None, "rude", "ann")
    await blocked.block("k", START + HOUR, "rude", "ann")
    await blocked.unblock("k", "bob")
    lines = await Audit(database, clock).recent()
    assert [(line.who, line.what, line.target) for line in lines] == [
        ("bob", "chat-unblocked", "k"),
        ("ann", "chat-blocked", "k"),
        ("ann", "chat-blocked", "k"),
    ]


async def test_a_block_during_a_refresh_is_not_undone_by_it(
    blocked: Blocked, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reading = database.read, asyncio.Event()

    async def slow(query):  # type: ignore[no-untyped-def]
        rows = await read(query)
        reading.set()
        await asyncio.sleep(0.05)  # the block would be stored by then
        return rows

    monkeypatch.setattr(database, "read", slow)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(blocked())
        await reading.wait()
        tasks.create_task(blocked.block("k", None, "rude", "ann"))
    assert blocked.is_blocked("k")


async def test_history_being_down_leaves_the_list_as_it_was(
    blocked: Blocked, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blocked.block("k", None, "rude", "ann")

    async def down(_: object) -> None:
        raise StorageFailed("history is down")

    monkeypatch.setattr(database, "read", down)
    with pytest.raises(StorageFailed):
        await blocked()
    assert blocked.is_blocked("k")
