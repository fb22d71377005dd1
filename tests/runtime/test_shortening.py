"""A shortened journal leads where the whole one led, and tells the same of what it still keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import groupby, pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core import commands as c
from router.core import events as e
from router.core.apply import apply
from router.core.model import DAY, HOUR, MINUTE, SECOND, AgentId, AgentStatus, Instant, ItemId
from router.core.policy import encode
from router.core.upcast import encode_events
from router.errors import InvariantBroken, JournalShortened, NotNow, UnknownItem, UnknownTarget
from router.ports import Batch, Beginning, Journal, Snapshot, StoredPolicy
from router.runtime import shortening
from router.runtime.beginnings import begins_at
from router.runtime.clock import VirtualClock
from router.runtime.entry_reader import each_entry, past_policies
from router.runtime.explaining import explain
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.recovery import batches_after, nearest_snapshot, recover
from router.runtime.report_choices import ALL, By
from router.runtime.service_report import report
from router.runtime.shortening import GRAIN, Reach, Shortening
from router.runtime.snapshot import encode_snapshot
from tests.core.entry_traffic import Traffic
from tests.core.town import OPEN, Desk, town
from tests.fakes.engine_counter import start_call
from tests.fakes.engine_rig import foreign_batch, running, version

FIRST_DAY: Final = date(2026, 11, 23)
DAYS: Final = 6
OLD, STILL, NEW = ItemId("OLDONE"), ItemId("STILL"), ItemId("NEWONE")


def stored(desk: Desk) -> MemoryStore:
    """Return a store that holds the desk's story, a batch for each instant."""
    store = MemoryStore()
    for at, events in groupby(desk.story, key=lambda event: event.at):
        part = list(events)
        adopted = [event.policy for event in part if isinstance(event, e.PolicyAdopted)]
        policies = tuple(StoredPolicy(x, encode(desk.state.policies[x])) for x in adopted)
        store.add(Batch(f"b{at}", at, len(part), encode_events(part), (), policies))
    return store


def copy_of(store: MemoryStore) -> MemoryStore:
    return replace(
        store,
        batches=[*store.batches],
        versions={**store.versions},
        snapshots={**store.snapshots},
    )


@cache
def six_days() -> MemoryStore:
    """Return what was stored in six days of calls and chats."""
    traffic = Traffic(20)
    for _ in range(DAYS):
        traffic.go_on(150)
        traffic.desk.wait(DAY - (traffic.desk.now - OPEN) % DAY)
        traffic.desk.sign_in("amina", "chloe")
    return stored(traffic.desk)


@pytest.fixture
def past() -> MemoryStore:
    return six_days()


def read_up_to(version: int = 1 << 60) -> Callable[[], Awaitable[int]]:
    async def position() -> int:
        return version

    return position


async def shorten(
    store: MemoryStore, now: Instant, days: int = 1, read: int = 1 << 60
) -> MemoryJournal:
    journal = MemoryJournal(store, VirtualClock(now))
    await Shortening(journal, VirtualClock(now), days, read_up_to(read), "1")()
    return journal


async def folded(journal: Journal) -> str:
    """Return the hash of the state to which everything that is kept leads, from its first event."""
    state = await nearest_snapshot(journal, await begins_at(journal))
    async for events in batches_after(journal, state):
        for event in events:
            apply(state, event)
    return state.hash()


def midnight(store: MemoryStore, days_before: int, now: Instant) -> Instant:
    """Return when that day of the town began."""
    zone = ZoneInfo(town().time_zone)
    day = datetime.fromtimestamp(now // SECOND, UTC).astimezone(zone).date()
    first = datetime.combine(day - timedelta(days_before), datetime.min.time(), zone)
    return round(first.timestamp()) * SECOND


@settings(max_examples=15, deadline=None)
@given(moments=st.lists(st.integers(0, 24 * (DAYS + 3)), max_size=4), days=st.integers(1, 3))
def test_whenever_it_is_shortened_it_leads_where_it_led(moments: list[int], days: int) -> None:
    past = six_days()

    async def check() -> None:
        before = await recover(MemoryJournal(past, VirtualClock(0)))
        store = copy_of(past)
        for hours in sorted(moments):
            now = OPEN + hours * HOUR
            journal = await shorten(store, now, days)
            assert (await recover(journal)).hash() == before.hash()
            assert await folded(journal) == before.hash()
            assert (await past_policies(journal)).until == past.batches[-1].at  # adopted on day one
            kept_from = midnight(store, days, now)
            must_stay = [each.batch_id for each in past.batches if each.at >= kept_from]
            assert set(must_stay) <= {each.batch_id for each in store.batches}
            oldest = store.batches[0].at
            assert oldest >= now - (days + 2) * DAY - 2 * HOUR or len(store.batches) == 1

    asyncio.run(check())


async def test_what_is_kept_is_reported_and_exported_as_before(past: MemoryStore) -> None:
    whole, store = MemoryJournal(past, VirtualClock(0)), copy_of(past)
    now = past.batches[-1].at
    journal = await shorten(store, now, 2)
    assert len(store.batches) < len(past.batches)
    for day in (FIRST_DAY + timedelta(DAYS - 2), FIRST_DAY + timedelta(DAYS - 1)):
        for by in By:
            theirs = await report(journal, day, by, ALL, now)
            assert theirs == await report(whole, day, by, ALL, now)
            assert theirs.lines
    beginning = await journal.beginning()
    assert beginning is not None
    rows: list[list[object]] = [[], []]
    await each_entry(whole, rows[0].append)
    await each_entry(journal, rows[1].append)
    assert rows[1]
    assert rows[1] == [x for x in rows[0] if x.entered_at > beginning.at]  # type: ignore[attr-defined]


async def test_a_text_that_came_before_the_beginning_is_in_no_export_of_what_came_since() -> None:
    store = stored(five_days())
    whole = MemoryJournal(copy_of(store), VirtualClock(0))
    came = next(each for each in store.batches if STILL.encode() in each.events)
    counted = [each.at for each in store.batches if b"threshold" in each.events]
    assert counted
    assert counted[-1] > came.at
    journal = MemoryJournal(store, VirtualClock(0))
    await journal.shorten(0, Beginning(came.version, came.at, ()), b"a snapshot")
    items: list[list[ItemId]] = [[], []]
    await each_entry(whole, lambda entry: items[0].append(entry.item))
    await each_entry(journal, lambda entry: items[1].append(entry.item))
    assert items == [[OLD, STILL, NEW], [NEW]]


async def test_a_day_that_is_gone_is_refused_with_the_first_that_is_whole(
    past: MemoryStore,
) -> None:
    now = past.batches[-1].at
    journal = await shorten(copy_of(past), now, 2)
    assert (await past_policies(journal)).since is not None
    with pytest.raises(UnknownTarget, match=r"kept from 2026-11-27 on, .* on 2026-11-26 is gone"):
        await report(journal, FIRST_DAY + timedelta(3), By.QUEUE, ALL, now)


async def test_nothing_goes_before_it_is_a_day_too_old(past: MemoryStore) -> None:
    first, store = past.batches[0].at, copy_of(past)
    edge = first + DAY + DAY + HOUR + GRAIN  # one day to keep, today, and a day more
    journal = await shorten(store, edge)
    assert await journal.beginning() is None
    await shorten(store, edge + 1)
    assert await journal.beginning() is not None
    oldest = store.batches[0].at
    await shorten(store, oldest + 3 * DAY + HOUR)
    assert store.batches[0].at == oldest


async def test_nothing_goes_that_history_has_not_read(past: MemoryStore) -> None:
    store, much_later = copy_of(past), past.batches[-1].at + 99 * DAY
    journal = await shorten(store, much_later, read=0)
    assert await journal.beginning() is None
    for _ in range(2):
        await shorten(store, much_later, read=100)
        assert await begins_at(journal) <= 100 < store.batches[0].version


async def test_of_a_town_where_nothing_happened_for_long_the_newest_batch_stays(
    past: MemoryStore,
) -> None:
    store = copy_of(past)
    journal = await shorten(store, past.batches[-1].at + 99 * DAY)
    assert [each.batch_id for each in store.batches] == [past.batches[-1].batch_id]
    before = await recover(MemoryJournal(past, VirtualClock(0)))
    assert (await recover(journal)).hash() == before.hash()


async def test_a_long_past_goes_in_steps(
    past: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortening, "EVENTS_AT_ONCE", 60)
    store, steps = copy_of(past), []
    for _ in range(5):
        journal = await shorten(store, past.batches[-1].at + 99 * DAY)
        steps.append(await begins_at(journal))
    for before, after in pairwise([0, *steps]):
        assert before + 40 < after <= before + 60


async def test_without_a_readable_snapshot_the_start_says_what_to_do(past: MemoryStore) -> None:
    store = copy_of(past)
    journal = await shorten(store, past.batches[-1].at, 2)
    first = await begins_at(journal)
    await journal.save_snapshot(Snapshot(first, b"torn"))
    with pytest.raises(InvariantBroken, match=f"first {first} events .* restore a backup"):
        await recover(journal)


async def test_a_snapshot_from_before_the_beginning_leads_nowhere(past: MemoryStore) -> None:
    store = copy_of(past)
    empty = await nearest_snapshot(MemoryJournal(MemoryStore(), VirtualClock(0)))
    store.snapshots = {0: encode_snapshot(empty.freeze(), "1")}
    journal = await shorten(store, past.batches[-1].at, 2)
    await journal.save_snapshot(Snapshot(await begins_at(journal), b"torn"))
    assert 0 in store.snapshots
    with pytest.raises(InvariantBroken, match="restore a backup"):
        await recover(journal)


async def test_what_does_not_fold_to_its_snapshot_stays(
    past: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = await nearest_snapshot(MemoryJournal(MemoryStore(), VirtualClock(0)))
    wrong = encode_snapshot(empty.freeze(), "1")
    monkeypatch.setattr(shortening, "encode_snapshot", lambda *_: wrong)
    store = copy_of(past)
    with pytest.raises(InvariantBroken, match="nothing was forgotten"):
        await shorten(store, past.batches[-1].at, 2)
    assert store.batches == past.batches


async def test_how_far_the_journal_reaches_is_known(past: MemoryStore) -> None:
    store, metrics = copy_of(past), Metrics()
    journal = MemoryJournal(store, VirtualClock(0))
    reach = Reach(journal, metrics)
    await reach()
    assert reach.since is None
    await shorten(store, past.batches[-1].at, 2)
    await reach()
    beginning = await journal.beginning()
    assert beginning is not None
    assert reach.since == beginning.at
    assert metrics.events_forgotten._value.get() == beginning.version


# --- explaining ----------------------------------------------------------------------------------


def five_days() -> Desk:
    """One call that is over, a form that waits all the time, and a call on the sixth day."""
    desk = Desk()
    desk.sign_in("amina")
    desk.call(OLD, "1", "2", caller="x")
    desk.answer("amina")
    desk.do(c.FinishHandling(item_id=OLD, agent_id=AgentId("amina")))
    desk.do(c.SetStatus(agent_id=AgentId("amina"), status=AgentStatus.AWAY, reason="break"))
    desk.form(STILL)
    desk.wait(5 * DAY)
    desk.call(NEW, "1", "2", caller="z")
    desk.wait(MINUTE)
    return desk


async def test_the_story_of_what_came_since_is_the_same() -> None:
    desk = five_days()
    whole, store = MemoryJournal(stored(desk), VirtualClock(0)), stored(desk)
    journal = await shorten(store, desk.now)
    assert await begins_at(journal) > 0
    assert await explain(journal, NEW, desk.now) == await explain(whole, NEW, desk.now)


async def test_what_waits_since_before_the_beginning_is_told_from_there_on() -> None:
    desk = five_days()
    whole, store = MemoryJournal(stored(desk), VirtualClock(0)), stored(desk)
    journal = await shorten(store, desk.now)
    ours = await explain(journal, STILL, desk.now)
    theirs = await explain(whole, STILL, desk.now)
    first, *rest = ours.lines
    assert "what happened until then is kept no longer" in first.text
    assert rest
    assert tuple(rest) == theirs.lines[-len(rest) :]
    assert ours.state == theirs.state == "queued"
    a_day_ago = datetime.fromtimestamp((desk.now - DAY) // SECOND, UTC)
    story = await explain(journal, STILL, desk.now, a_day_ago)
    assert story.lines[0] == first
    with pytest.raises(NotNow, match="the journal is kept from 2026-11-2"):
        await explain(journal, STILL, desk.now, datetime.fromtimestamp(OPEN // SECOND, UTC))


@pytest.mark.parametrize("item", [OLD, ItemId("NEVERCAME")])
async def test_of_what_is_gone_it_is_said_since_when_the_journal_is_kept(item: ItemId) -> None:
    desk = five_days()
    store = stored(desk)
    with pytest.raises(UnknownItem, match=r"'NEVERCAME'$"):
        await explain(MemoryJournal(store, VirtualClock(0)), ItemId("NEVERCAME"), desk.now)
    journal = await shorten(store, desk.now)
    with pytest.raises(UnknownItem, match=r"kept from 2026-11-2.* what came before is gone"):
        await explain(journal, item, desk.now)


# --- a daemon that was left behind ---------------------------------------------------------------


async def test_a_daemon_that_stands_before_the_beginning_stops_to_be_started_again() -> None:
    store = MemoryStore()

    async def left_behind() -> None:
        async with running(store) as rig:
            for number in range(3):
                store.add(foreign_batch(number))
            await rig.journal.shorten(0, Beginning(2, OPEN, ()), b"a snapshot")
            await rig.sequencer.submit(start_call(1), version)

    with pytest.raises(ExceptionGroup) as caught:
        await left_behind()
    assert caught.group_contains(JournalShortened, match="event 1 is gone")
