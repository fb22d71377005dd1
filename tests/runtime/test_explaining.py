"""The story of an item is the same wherever its telling begins, and reads no more than it needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.core import commands as c
from router.core.apply import apply
from router.core.model import MINUTE, SECOND, AgentId, AgentStatus, ItemId
from router.core.policy import encode, policy_hash
from router.core.state import State
from router.core.upcast import decode_events, encode_events
from router.errors import NotNow, UnknownItem
from router.ports import Batch, StoredBatch, StoredPolicy
from router.runtime.clock import VirtualClock
from router.runtime.explaining import Explanation, explain
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.snapshot import encode_snapshot
from tests.core.town import Desk, town

AMINA = AgentId("amina")
EARLY, LATE, OPEN_ITEM = ItemId("EARLY"), ItemId("LATER"), ItemId("STILL")


class NotingJournal(MemoryJournal):
    """Notes the versions of the batches that were read."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store, VirtualClock(0))
        self.seen: list[int] = []

    async def read(self, after_version: int) -> AsyncIterator[StoredBatch]:
        async for stored in super().read(after_version):
            self.seen.append(stored.version)
            yield stored


def a_morning() -> Desk:
    """Two calls that are over, the second after the first is forgotten, and one that waits."""
    desk = Desk()
    desk.sign_in("amina")
    for item in (EARLY, LATE):
        desk.call(item, "1", "2", caller=item)
        desk.answer("amina")
        desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
        desk.do(c.CloseItem(item_id=item, agent_id=AMINA, code="answered"))
        if item == EARLY:
            desk.wait(town().retention.closed_in_core + MINUTE)
            desk.sign_in("amina")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    desk.call(OPEN_ITEM, "1", "2", caller="z")
    desk.keep_alive(20 * SECOND)
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.OFFLINE))
    desk.wait(SECOND)
    return desk


def stored(desk: Desk) -> MemoryStore:
    """Return a store that holds the desk's story, one event in each batch."""
    store = MemoryStore()
    body = encode(desk.policy)
    for number, event in enumerate(desk.story):
        policies = (StoredPolicy(policy_hash(body), body),) if number == 0 else ()
        store.add(Batch(f"b{number}", event.at, 1, encode_events([event]), (), policies))
    return store


def with_snapshot(store: MemoryStore, desk: Desk, version: int) -> MemoryStore:
    """Return the same store with a snapshot at that version."""
    state = State()
    state.policies = dict(desk.state.policies)
    for batch in store.batches[:version]:
        for event in decode_events(batch.events):
            apply(state, event)
    store.snapshots = {version: encode_snapshot(state.freeze(), "1")}
    return store


async def told(store: MemoryStore, item: ItemId, now: int) -> tuple[Explanation, list[int]]:
    journal = NotingJournal(store)
    return await explain(journal, item, now), journal.seen


@pytest.mark.parametrize("item", [EARLY, LATE, OPEN_ITEM])
async def test_every_snapshot_leads_to_the_same_story(item: ItemId) -> None:
    desk = a_morning()
    whole, _ = await told(stored(desk), item, desk.now)
    for version in range(1, len(desk.story) + 1):
        store = with_snapshot(stored(desk), desk, version)
        assert (await told(store, item, desk.now))[0] == whole


async def test_it_begins_at_the_snapshot_before_and_ends_when_the_item_is_over() -> None:
    desk = a_morning()
    store = stored(desk)
    mentioned = await MemoryJournal(store, VirtualClock(0)).mentions(LATE)
    assert mentioned is not None
    before, after = mentioned
    story, seen = await told(with_snapshot(store, desk, before - 1), LATE, desk.now)
    assert seen == [before - 1, *range(before, after + 1)]  # the one that the snapshot ends with
    assert story.state == "closed"
    assert after < len(desk.story)


async def test_of_an_item_that_waits_everything_is_told_up_to_now() -> None:
    desk = a_morning()
    story, seen = await told(stored(desk), OPEN_ITEM, desk.now)
    assert seen[-1] == len(desk.story)
    texts = [line.text for line in story.lines]
    assert "queue general is unstaffed" in texts  # tells of the queue, names no item
    (waits,) = (text for text in texts if text.startswith("still waits"))
    assert waits == "still waits in queue general, number 1 of 1"
    assert texts[-1].endswith("it closes: no chain for closing, it waits on")


async def test_what_the_journal_never_heard_of_is_known_without_reading_it() -> None:
    journal = NotingJournal(stored(a_morning()))
    with pytest.raises(UnknownItem):
        await explain(journal, ItemId("NOBODY"), 0)
    assert journal.seen == []
    with pytest.raises(UnknownItem):  # its letters occur in what was stored
        await explain(journal, ItemId("EARL"), 0)


async def test_as_of_an_instant_nothing_later_is_told() -> None:
    desk = a_morning()
    store = stored(desk)
    came = next(e.at for e in desk.story if getattr(e, "item", "") == OPEN_ITEM)
    journal = MemoryJournal(store, VirtualClock(0))
    moment = datetime.fromtimestamp((came + 10 * SECOND) / SECOND, UTC)
    then = await explain(journal, OPEN_ITEM, desk.now, moment)
    texts = [line.text for line in then.lines]
    assert "queue general is unstaffed" not in texts
    waits = next(line for line in then.lines if line.text.startswith("still waits"))
    assert waits.at == moment.astimezone(ZoneInfo("America/Toronto")).isoformat(
        timespec="milliseconds"
    )
    assert "Amina: away (break)" in waits.details
    local = moment.astimezone(ZoneInfo("America/Toronto")).replace(tzinfo=None)
    assert await explain(journal, OPEN_ITEM, desk.now, local) == then
    with pytest.raises(NotNow, match="had not come yet"):
        await explain(journal, OPEN_ITEM, desk.now, moment - timedelta(days=1))


async def test_as_of_now_is_the_whole_story() -> None:
    desk = a_morning()
    journal = MemoryJournal(stored(desk), VirtualClock(0))
    moment = datetime.fromtimestamp(desk.now / SECOND, UTC)
    for item in (LATE, OPEN_ITEM):
        assert await explain(journal, item, desk.now, moment) == await explain(
            journal, item, desk.now
        )
