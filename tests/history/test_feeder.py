"""The feed: everything once, whatever stops in the middle; nothing of it in the way of arrivals."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update
from structlog.testing import capture_logs

from router.core import events as e
from router.core.model import (
    DAY,
    SECOND,
    AgentId,
    Channel,
    Form,
    Instant,
    ItemId,
    OfferEnding,
    OfferId,
    QueueId,
    Tempo,
)
from router.core.upcast import encode_events
from router.errors import StorageFailed
from router.history import tables
from router.history.contacts import Contacts
from router.history.database import Database
from router.history.feeder import UNMENTIONED_KEPT, HistoryFeeder
from router.history.past import Past
from router.ports import Batch, Beginning, Words
from router.runtime.clock import VirtualClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from tests.core.entry_traffic import Traffic

from .conftest import START

ANN = AgentId("ann")
FED = (tables.items, tables.item_events, tables.offers, tables.mentions, tables.contacts)


def received(item: str, at: Instant, **given: Any) -> e.ItemReceived:
    values: dict[str, Any] = {
        "at": at,
        "item": ItemId(item),
        "channel": Channel.WEBFORM,
        "tempo": Tempo.SLOW_TEXT,
        "form": Form.SUBMISSION,
        "called": "report",
        "address_key": f"key-{item}",
        "contact_ref": f"contact-{item}",
        "words_ref": f"form-{item}",
        "call_id": "",
        "language": "fr",
        "subject": "pothole",
        "attributes": (("street", "main"),),
    }
    return e.ItemReceived(**{**values, **given})


def queued(item: str, at: Instant, first: Instant | None = None) -> e.ItemQueued:
    return e.ItemQueued(
        at=at,
        item=ItemId(item),
        queue=QueueId("roads"),
        form=Form.SUBMISSION,
        tempo=Tempo.SLOW_TEXT,
        first_queued_at=at if first is None else first,
        urgency_at=at,
        head_start=0,
        requirement="roads >= 1",
        step=0,
        step_due=None,
        threshold_at=None,
        due_at=at + DAY,
        late_at=None,
        rule="form report",
    )


def offered(item: str, offer: str, at: Instant) -> e.OfferMade:
    return e.OfferMade(
        at=at,
        offer=OfferId(offer),
        item=ItemId(item),
        agent=ANN,
        tempo=Tempo.SLOW_TEXT,
        expires_at=at + 30 * SECOND,
        idle_since=at,
        rule="longest idle",
    )


def offer_ended(offer: str, ending: OfferEnding, at: Instant) -> e.OfferEnded:
    return e.OfferEnded(
        at=at, offer=OfferId(offer), ending=ending, reason="", passed_over_until=None
    )


def life(item: str, at: Instant) -> list[e.AnyEvent]:
    """A form that is missed once, answered after 60 s, handled 100 s and closed."""
    s = SECOND
    return [
        received(item, at),
        queued(item, at),
        offered(item, f"{item}/1", at + 10 * s),
        offer_ended(f"{item}/1", OfferEnding.MISSED, at + 40 * s),
        offered(item, f"{item}/2", at + 50 * s),
        e.OfferSeen(at=at + 51 * s, offer=OfferId(f"{item}/2")),
        offer_ended(f"{item}/2", OfferEnding.ACCEPTED, at + 60 * s),
        e.HandlingStarted(at=at + 60 * s, item=ItemId(item), agent=ANN),
        e.ServiceLevelCounted(
            at=at + 60 * s,
            item=ItemId(item),
            queue=QueueId("roads"),
            day="2026-11-18",
            result="answered",
            waited=60 * s,
        ),
        e.WrapUpStarted(at=at + 160 * s, item=ItemId(item), until=None),
        e.ItemClosed(
            at=at + 170 * s,
            item=ItemId(item),
            outcome="done",
            code="repaired",
            note_ref=f"note-{item}",
            forget_at=at + DAY,
        ),
    ]


def words_of(item: str) -> tuple[Words, ...]:
    body = f'{{"number":"+19055550100","name":"N {item}","email":""}}'.encode()
    return (
        Words(f"contact-{item}", "contact", body),
        Words(f"form-{item}", "form", b'{"what":"deep"}'),
        Words(f"note-{item}", "note", b"sent a crew"),
    )


class Town:
    """A journal in memory with a history behind it."""

    def __init__(self, database: Database, clock: VirtualClock) -> None:
        self.database = database
        self.clock = clock
        self.store = MemoryStore()
        self.journal = MemoryJournal(self.store, clock)
        self.contacts = Contacts(database, self.journal)

    def feeder(self) -> HistoryFeeder:
        return HistoryFeeder(self.database, self.journal, self.journal, self.clock)

    async def happen(
        self, events: Sequence[e.AnyEvent], words: tuple[Words, ...] = (), *, size: int = 3
    ) -> None:
        for first in range(0, len(events), size):
            part = list(events[first : first + size])
            version = self.store.version()
            batch = Batch(
                batch_id=f"b{version}",
                at=part[0].at,
                count=len(part),
                events=encode_events(part),
                words=words if first == 0 else (),
                before=self.store.chain(),
            )
            await self.journal.append(version, batch)

    async def rows(self, table: Any) -> list[Any]:
        keys = list(table.primary_key)
        return await self.database.read(
            lambda connection: [
                dict(row._mapping) for row in connection.execute(select(table).order_by(*keys))
            ]
        )

    async def all_rows(self) -> list[Any]:
        return [await self.rows(table) for table in FED]


@pytest.fixture
def town(database: Database, clock: VirtualClock) -> Town:
    return Town(database, clock)


async def test_a_closed_item_tells_its_waits_its_agent_and_its_result(town: Town) -> None:
    await town.happen(life("A", START), words_of("A"))
    await town.feeder()()
    [row] = await town.rows(tables.items)
    assert row == {
        "id": "A",
        "channel": "webform",
        "tempo": "slow_text",
        "form": "submission",
        "state": "closed",
        "called": "report",
        "address_key": "key-A",
        "contact_ref": "contact-A",
        "words_ref": "form-A",
        "note_ref": "note-A",
        "language": "fr",
        "subject": "pothole",
        "attributes": '{"street": "main"}',
        "queue": "roads",
        "received_at": START,
        "queued_at": START,
        "due_at": START + DAY,
        "answered_at": START + 60 * SECOND,
        "handling_since": None,
        "ended_at": START + 170 * SECOND,
        "waited": 60 * SECOND,
        "handled": 100 * SECOND,
        "agent": "ann",
        "outcome": "done",
        "code": "repaired",
        "service_level": "answered",
        "service_level_queue": "roads",
        "service_level_day": "2026-11-18",
        "reopened": 0,
        "conversation": "",
        "responded_at": None,
    }
    assert [(row["id"], row["ending"]) for row in await town.rows(tables.offers)] == [
        ("A/1", "missed"),
        ("A/2", "accepted"),
    ]
    story = await town.rows(tables.item_events)
    assert [row["position"] for row in story] == list(range(1, 12))
    assert [row["event"] for row in story][:4] == [
        "item-received",
        "item-queued",
        "offer-made",
        "offer-ended",
    ]
    assert '"ending":"missed"' in story[3]["body"]
    assert "key-A" not in "".join(row["body"] for row in story)


async def test_words_move_and_are_found_before_and_after(town: Town) -> None:
    await town.happen(life("A", START), words_of("A"))
    before = await town.contacts.words(["form-A", "contact-A", "", "nothing"])
    await town.feeder()()
    assert town.store.words == {}
    assert await town.contacts.words(["form-A", "contact-A", "", "nothing"]) == before
    assert await town.contacts.number_of("contact-A") == "+19055550100"
    assert await town.contacts.number_of("nothing") is None
    assert [row["address_key"] for row in await town.rows(tables.contacts)] == ["key-A"]


async def test_work_that_has_ended_is_found_by_its_number(town: Town) -> None:
    await town.happen(life("A", START), words_of("A"))
    await town.feeder()()
    past = Past(town.database)
    found = await past.item("A")
    assert found is not None
    assert (found.channel, found.called, found.state) == ("webform", "report", "closed")
    assert await past.item("B") is None


async def test_feeding_everything_again_gives_the_same_rows(town: Town) -> None:
    for number, item in enumerate("ABC"):
        await town.happen(life(item, START + number * SECOND), words_of(item))
    await town.feeder()()
    first = await town.all_rows()
    await town.feeder()()
    assert await town.all_rows() == first
    await town.database.write(lambda c: c.execute(update(tables.feed).values(position=0)).rowcount)
    await town.feeder()()
    assert await town.all_rows() == first


@pytest.mark.parametrize("seed", range(5))
async def test_the_pages_in_which_it_was_read_make_no_difference(
    town: Town, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lives interleaved, fed after every few batches, in pages of one batch or all at once."""
    chance = random.Random(seed)
    monkeypatch.setattr("router.history.pages.EVENTS_PER_PAGE", chance.choice([1, 7, 500]))
    lives = [life(f"I{n}", START + n * SECOND) for n in range(6)]
    feeder = town.feeder()
    while any(lives):
        one = chance.choice([each for each in lives if each])
        await town.happen([one.pop(0) for _ in range(min(len(one), chance.randint(1, 4)))])
        if chance.random() < 0.3:
            await feeder()
    await feeder()
    piecemeal = await town.all_rows()
    await town.database.write(_empty)
    monkeypatch.setattr("router.history.pages.EVENTS_PER_PAGE", 10_000)
    await feeder()
    assert await town.all_rows() == piecemeal
    assert len(piecemeal[0]) == 6
    assert {row["state"] for row in piecemeal[0]} == {"closed"}


async def test_a_crash_between_storing_words_and_leaving_the_spool_doubles_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.happen(life("A", START), words_of("A"))

    async def crash(refs: list[str]) -> None:
        raise StorageFailed("the process ended here")

    with monkeypatch.context() as patched:
        patched.setattr(town.journal, "moved", crash)
        with capture_logs():
            await town.feeder()()
    assert len(town.store.words) == 3
    assert len(await town.rows(tables.messages)) == 2
    await town.feeder()()
    assert town.store.words == {}
    assert len(await town.rows(tables.messages)) == 2
    assert len(await town.rows(tables.items)) == 1


async def test_a_crash_within_a_page_leaves_nothing_of_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.happen(life("A", START))

    def crash(*_: object) -> None:
        raise StorageFailed("the process ended here")

    with monkeypatch.context() as patched:
        patched.setattr("router.history.ledger.Ledger.fold", crash)
        with capture_logs():
            await town.feeder()()
    assert await town.all_rows() == [[]] * len(FED)
    feeder = town.feeder()
    assert await feeder.position() == 0
    await feeder()
    assert await feeder.position() == 11


async def test_two_feeders_feed_each_page_once(town: Town) -> None:
    await town.happen(life("A", START))
    one, other = town.feeder(), town.feeder()
    page = [batch async for batch in town.journal.read(0)]
    assert await one._pages.store(0, page, begins=True) is True
    assert await other._pages.store(0, page, begins=True) is False
    assert len(await town.rows(tables.item_events)) == 11


async def test_history_being_down_is_logged_once_and_told_when_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.happen(life("A", START), words_of("A"))
    feeder = town.feeder()

    async def down(_: object) -> None:
        raise StorageFailed("the disk is full")

    with capture_logs() as logs:
        with monkeypatch.context() as patched:
            patched.setattr(town.database, "write", down)
            for _ in range(3):
                await feeder()
        await feeder()
    told = [(log["event"], log.get("code")) for log in logs]
    assert told == [("history_feed_failed", "storage-failed"), ("history_feed_resumed", None)]
    assert "N A" not in str(logs)
    assert len(await town.rows(tables.items)) == 1


async def test_an_unreadable_batch_stops_the_feed_not_the_words(town: Town) -> None:
    words = Words("form-A", "form", b"{}")
    await town.journal.append(0, Batch("b", START, 1, b"\x91\x91\xa7unknown", words=(words,)))
    with capture_logs() as logs:
        await town.feeder()()
        await town.feeder()()
    assert [log["event"] for log in logs] == ["history_feed_failed"] * len(logs)
    assert logs[0]["code"] == "history-batch-unreadable"
    assert town.store.words == {}


async def test_words_that_no_item_refers_to_are_swept_after_a_day(town: Town) -> None:
    stray = (Words("stray", "form", b"{}"), Words("stray-2", "contact", b"{}"))
    await town.happen(life("A", START), (*words_of("A"), *stray))
    feeder = town.feeder()
    await feeder()
    await town.clock.advance_to(START + UNMENTIONED_KEPT)
    await feeder()
    assert len(await town.contacts.words(["stray", "stray-2"])) == 2
    await town.clock.advance_to(START + UNMENTIONED_KEPT + DAY)
    await feeder()
    assert await town.contacts.words(["stray", "stray-2"]) == {}
    assert len(await town.contacts.words(["form-A", "contact-A", "note-A"])) == 3


async def test_nothing_is_swept_while_the_events_cannot_be_read(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.happen(life("A", START), words_of("A"))
    feeder = town.feeder()

    def broken(_: bytes) -> None:
        raise StorageFailed("cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr("router.history.pages.decode_events", broken)
        with capture_logs():
            await feeder()
            await town.clock.advance_to(START + 3 * DAY)
            await feeder()
    assert len(await town.contacts.words(["form-A"])) == 1
    await feeder()
    assert len(await town.contacts.words(["form-A"])) == 1


async def test_another_journal_is_read_from_its_start(town: Town) -> None:
    await town.happen(life("A", START))
    await town.feeder()()
    town.store.batches.clear()
    town.store.versions.clear()
    await town.happen(life("B", START)[:2])
    with capture_logs() as logs:
        await town.feeder()()
    assert logs[0]["code"] == "history-ahead-of-journal"
    states = {row["id"]: row["state"] for row in await town.rows(tables.items)}
    assert states == {"A": "closed", "B": "queued"}


@pytest.mark.parametrize("more", [1, 2, 3])
async def test_a_journal_that_went_another_way_is_read_from_its_start(
    town: Town, more: int
) -> None:
    """As short as what was read, or longer: its end alone does not tell."""
    await town.happen(life("A", START))
    await town.happen([received("B", START)])
    await town.feeder()()
    town.store.versions.pop(town.store.batches.pop().batch_id)
    for number in range(more):
        await town.happen([received(f"C{number}", START)])
    with capture_logs() as logs:
        await town.feeder()()
        await town.happen([received("D", START)])
        await town.feeder()()
    codes = [each["code"] for each in logs if each["event"] == "history_ahead_of_journal"]
    assert codes == ["history-ahead-of-journal"]
    found = {row["id"] for row in await town.rows(tables.items)}
    assert found >= {"A", "D", *(f"C{number}" for number in range(more))}


async def test_what_the_daemon_will_give_back_is_waited_for(town: Town) -> None:
    await town.happen(life("A", START))
    feeder = HistoryFeeder(town.database, town.journal, town.journal, town.clock, lambda: at)
    at = town.store.version()
    await feeder()
    lost = town.store.batches.pop()
    with capture_logs() as logs:
        await feeder()
    assert not logs
    assert await feeder.position() == at
    town.store.batches.append(lost)
    await town.happen([received("B", START)])
    await feeder()
    assert {row["id"] for row in await town.rows(tables.items)} == {"A", "B"}


async def test_an_empty_history_goes_on_where_a_shortened_journal_begins(town: Town) -> None:
    await town.happen([*life("A", START), *life("B", START + 200 * SECOND)])
    await town.journal.shorten(0, Beginning(9, START, ()), b"state")
    feeder = town.feeder()
    with capture_logs() as logs:
        await feeder()
        await feeder()
    [gap] = [each for each in logs if each["log_level"] == "error"]
    assert (gap["code"], gap["position"], gap["begins_at"]) == ("history-has-gap", 0, 9)
    assert await feeder.position() == await town.journal.version()
    rows = await town.rows(tables.items)
    assert [(row["id"], row["state"]) for row in rows] == [("B", "closed")]


async def test_any_traffic_is_read_from_any_beginning(town: Town) -> None:
    traffic = Traffic(3)
    traffic.go_on(200)
    story = traffic.desk.story
    await town.happen(story, size=1)
    await town.journal.shorten(0, Beginning(len(story) // 2, START, ()), b"state")
    with capture_logs() as logs:
        await town.feeder()()
    assert [each["event"] for each in logs] == ["history_has_gap"]
    assert await town.feeder().position() == len(story)


async def test_an_item_whose_only_offer_ends_waits_again_and_one_with_another_stays_offered(
    town: Town,
) -> None:
    s = SECOND
    await town.happen(
        [
            received("A", START),
            queued("A", START),
            offered("A", "1", START + s),
            offered("A", "2", START + s),
        ]
    )
    await town.feeder()()
    await town.happen([offer_ended("1", OfferEnding.DECLINED, START + 2 * s)])
    await town.feeder()()
    assert (await town.rows(tables.items))[0]["state"] == "offered"
    await town.happen([offer_ended("2", OfferEnding.DECLINED, START + 3 * s)])
    await town.feeder()()
    assert (await town.rows(tables.items))[0]["state"] == "queued"


async def test_the_handling_of_all_agents_counts_together_and_the_first_answer_stays(
    town: Town,
) -> None:
    s = SECOND
    item = ItemId("A")
    await town.happen(
        [
            received("A", START),
            queued("A", START),
            e.HandlingStarted(at=START + 10 * s, item=item, agent=AgentId("bob")),
            e.ItemHeld(at=START + 12 * s, item=item),
            e.ItemReturned(at=START + 15 * s, item=item, reason="", passed_over_until=None),
            e.HandlingStarted(at=START + 20 * s, item=item, agent=ANN),
        ]
    )
    await town.feeder()()
    closing = e.ItemClosed(
        at=START + 27 * s, item=item, outcome="done", code="", note_ref="", forget_at=START + DAY
    )
    await town.happen([closing, e.ItemReopened(at=START + 30 * s, item=item, by="x", reason="")])
    await town.feeder()()
    [row] = await town.rows(tables.items)
    assert (row["handled"], row["handling_since"], row["agent"]) == (12 * s, None, "ann")
    assert (row["answered_at"], row["waited"]) == (START + 10 * s, 10 * s)
    assert (row["state"], row["ended_at"], row["reopened"]) == ("received", None, 1)


async def test_a_caller_who_leaves_has_waited_until_then(town: Town) -> None:
    abandoned = e.ItemAbandoned(
        at=START + 9 * SECOND, item=ItemId("A"), reason="hung-up", forget_at=START + DAY
    )
    await town.happen([received("A", START), queued("A", START), abandoned])
    await town.feeder()()
    [row] = await town.rows(tables.items)
    assert (row["state"], row["waited"], row["answered_at"]) == ("abandoned", 9 * SECOND, None)
    assert row["outcome"] == "hung-up"


def _empty(connection: Connection) -> None:
    for table in (*FED, tables.messages):
        connection.execute(text(f"DELETE FROM {table.name}"))
    connection.execute(update(tables.feed).values(position=0))
