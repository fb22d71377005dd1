"""Conversations in history: what the engine knew, row by row, whatever was asked of it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.model import DAY, HOUR, MINUTE, AgentId, ItemId, MessageKind
from router.core.records import Conversation
from router.errors import CommandRefused
from router.history import tables
from router.history.database import Database, default_url
from router.history.feeder import UNMENTIONED_KEPT
from router.history.threads import Threads
from router.runtime.clock import VirtualClock
from tests.core.text_town import TextDesk, writing_town
from tests.fakes.postgres_server import PostgresServer

from .conftest import START
from .written_past import PAT, Past, contact, email_key, machines_mail, said

FED = (
    tables.items,
    tables.item_events,
    tables.offers,
    tables.mentions,
    tables.conversations,
    tables.conversation_messages,
    tables.kept_mail,
    tables.mail_ids,
)
AGENTS = ("amina", "boris", "chloe")


async def story(past: Past, item: str) -> dict[str, str]:
    """Return event -> body of an item."""
    rows = await past.rows(tables.item_events)
    return {row["event"]: row["body"] for row in rows if row["item"] == item}


def deliver(desk: TextDesk) -> None:
    """Every mail that is to go out has gone."""
    for key in list(desk.state.pending):
        desk.do(c.ReportEffect(key=key, done=True))


# --- single facts --------------------------------------------------------------------------------


async def test_a_conversation_is_found_again_by_its_id_and_by_the_mails_of_it(past: Past) -> None:
    desk = past.desk
    desk.sign_in("amina")
    desk.mail("A", email_key("sam@example.org"), message_key="mid:1")
    item = desk.answer("amina")
    desk.reply(item, "amina", then="close", code="answered")
    ended = desk.now
    await past.feed()
    threads = Threads(past.database)
    found = await threads.past(("no-such", "v-A"), ())
    assert found == t.PastThread(
        conversation="v-A",
        item=ItemId("A"),
        queue=desk.item("A").queue,
        owner=AgentId("amina"),
        address_key=email_key("sam@example.org"),
        count=desk.state.conversations["v-A"].count,
        closed_at=ended,
    )
    assert await threads.past((), ("mid:9", "mid:1")) == found
    assert await threads.past(("no-such", ""), ("mid:9", "")) is None
    assert [m.by for m in await threads.messages("v-A")] == [by for by, _ in desk.written("v-A")]


async def test_a_conversation_goes_on_after_the_core_has_let_it_go(past: Past) -> None:
    desk = past.desk
    desk.sign_in("amina")
    desk.mail("A")
    desk.reply(desk.answer("amina"), "amina", then="close", code="answered")
    deliver(desk)
    await past.feed()
    desk.wait(5 * DAY)
    assert "v-A" not in desk.state.conversations
    await past.feed()
    found = await Threads(past.database).past(("v-A",), ())
    assert found is not None
    desk.mail("B", past=found, contact_ref="c-later")
    assert desk.state.conversations["v-A"].count == found.count + len(desk.written("v-A"))
    await past.feed()
    numbers = [m.number for m in await Threads(past.database).messages("v-A")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > found.count
    [row] = await past.rows(tables.conversations)
    assert (row["item"], row["contact_ref"], row["begun_at"]) == (
        "B",
        "c-later",
        min(m.at for m in await Threads(past.database).messages("v-A")),
    )


async def test_a_chat_that_is_counted_anew_loses_nothing(past: Past) -> None:
    desk = past.desk
    desk.sign_in("amina")
    desk.chat("A", text="1")
    desk.reply(desk.answer("amina"), "amina", then="close", code="answered")
    desk.wait(5 * DAY)
    desk.chat("B", text="2")
    assert desk.state.conversations["v"].count == 1
    await past.feed()
    messages = await Threads(past.database).messages("v")
    assert [(m.item, m.number, m.ref) for m in messages] == [
        ("A", 1, "w-v-1"),
        ("A", 2, "w-r1"),
        ("B", 1, "w-v-2"),
    ]


async def test_a_merge_stands_in_the_story_of_both_items(past: Past) -> None:
    desk = past.desk
    desk.sign_in("amina")
    desk.mail("A")
    desk.mail("B")
    desk.do(t.MergeItems(ItemId("A"), ItemId("B"), AgentId("amina")))
    desk.do(t.UnmergeItem(ItemId("A"), AgentId("amina")))
    desk.do(t.SplitItem(ItemId("A"), ItemId("C"), "v-C", 1, AgentId("amina")))
    await past.feed()
    first, second, third = [await story(past, item) for item in "ABC"]
    for name, other in (("item-merged", "into"), ("item-unmerged", "from_item")):
        told = [json.loads(each[name]) for each in (first, second)]
        assert [each["by"] for each in told] == ["amina", "amina"]
        assert (told[0][other], told[1]["item"]) == ("B", "A")
    [row] = [each for each in await past.rows(tables.items) if each["id"] == "A"]
    assert (row["outcome"], row["ended_at"], row["reopened"]) == ("", None, 0)
    assert row["state"] in ("queued", "offered")
    assert first["item-split"] == '{"by":"amina","new":"C","number":1}'
    assert third["item-split"] == '{"by":"amina","item":"A","number":1}'


async def test_machines_mail_keeps_its_words_though_it_belongs_to_no_item(past: Past) -> None:
    past.desk.do(machines_mail())
    await past.feed(said("w-K", "I am away"), contact("c-K", email=PAT))
    await past.clock.advance_to(past.clock.now() + 2 * UNMENTIONED_KEPT)
    await past.feed()
    assert await past.body("w-K") is not None
    assert await past.body("c-K") is not None
    [row] = await past.rows(tables.kept_mail)
    assert (row["item"], row["contact_ref"], row["why"]) == ("", "c-K", "says so")
    assert "None" not in {row["item"] for row in await past.rows(tables.item_events)}
    assert {row["item"] for row in await past.rows(tables.mentions)} == {""}


async def test_the_address_a_transcript_goes_to_is_kept(past: Past) -> None:
    past.desk.chat("A")
    past.desk.do(t.AskTranscript("v", "k", "c-copy"))
    await past.feed(contact("c-copy", email=PAT))
    await past.clock.advance_to(past.clock.now() + 2 * UNMENTIONED_KEPT)
    await past.feed()
    assert await past.body("c-copy") is not None
    assert {"ref": "c-copy", "item": "A", "address_key": ""} in await past.rows(tables.mentions)


async def test_a_file_is_an_answer_too(past: Past) -> None:
    desk = past.desk
    desk.sign_in("amina")
    desk.mail("A")
    desk.reply(desk.answer("amina"), "amina", kind=MessageKind.FILE)
    await past.feed()
    [row] = await past.rows(tables.items)
    text = desk.item("A").text
    assert text is not None
    assert row["responded_at"] == text.responded_at == desk.now


async def test_the_contact_given_later_is_the_conversations_and_the_items(past: Past) -> None:
    past.desk.chat("A")
    past.desk.do(t.GiveContact("v", "c-later", email_key(PAT)))
    past.desk.do(t.RateChat("v", 4))
    await past.feed(contact("c-later", email=PAT))
    [talk] = await past.rows(tables.conversations)
    [item] = await past.rows(tables.items)
    for row in (talk, item):
        assert (row["address_key"], row["contact_ref"]) == (email_key(PAT), "c-later")
    assert talk["score"] == 4
    assert [row["address_key"] for row in await past.rows(tables.contacts)] == [email_key(PAT)]


# --- in any order --------------------------------------------------------------------------------


class Walk:
    """Does one thing after another that residents, agents and time may do."""

    def __init__(self, desk: TextDesk, chance: random.Random) -> None:
        self.desk = desk
        self.chance = chance
        self.count = 0
        self.kept: dict[str, Conversation] = {}  # every one there was, as it was last

    def step(self) -> None:
        """Do something; what is refused changes nothing."""
        self.count += 1
        doing = self.chance.choice(DOINGS)
        with suppress(CommandRefused):
            doing(self)
        self.kept |= self.desk.state.conversations

    def item(self) -> ItemId:
        found: list[ItemId] = [*self.desk.state.items, ItemId("nothing")]
        return self.chance.choice(found)

    def agent(self) -> AgentId:
        return AgentId(self.chance.choice(AGENTS))

    def talk(self) -> str:
        found: list[str] = [*self.desk.state.conversations, "nothing"]
        return self.chance.choice(found)

    def mail(self) -> None:
        sender = self.chance.choice(["sam", "pat"])
        mine = [v.id for v in self.desk.state.conversations.values() if v.address_key == sender]
        threads = (self.chance.choice(mine),) if mine and self.chance.random() < 0.6 else ()
        self.desk.mail(
            f"I{self.count}",
            sender,
            threads=threads,
            message_key=f"mid:{self.count}",
            known=(f"mid:{self.count - 3}",),
            rule=self.chance.choice(["", "", "parking", "spam", "stop_sign"]),
            contact=self.chance.choice(["", "", "", "officer"]),
        )

    def keep_mail(self) -> None:
        self.desk.do(
            t.KeepMail(
                item_id=ItemId(f"I{self.count}"),
                key=f"mail:k{self.count}",
                mailbox="info",
                kind="bounce",
                why="by the book",
                words_ref=f"w-k{self.count}",
                contact_ref=f"c-k{self.count}",
                threads=(self.talk(),),
                number=1,
                failed=self.chance.random() < 0.5,
            )
        )

    def chat(self) -> None:
        self.desk.chat(f"I{self.count}", f"v{self.chance.randint(1, 3)}", str(self.count))

    def handle(self) -> None:
        for agent in AGENTS:
            row = self.desk.state.agents.get(AgentId(agent))
            if row is not None and row.offer is not None:
                self.desk.answer(agent)

    def answer(self) -> None:
        held = [
            (agent.id, holding.item)
            for agent in self.desk.state.agents.values()
            for holding in agent.holdings
            if holding.state == "handling"
        ]
        agent, item = self.chance.choice([*held, (AgentId("amina"), ItemId("nothing"))])
        then = self.chance.choice(["stay", "wait", "close"])
        self.desk.reply(
            item, agent, f"r{self.count}", then=then, code="answered" if then == "close" else ""
        )

    def agents_doing(self) -> None:
        item, agent, key = self.item(), self.agent(), f"k{self.count}"
        now = self.desk.now
        self.desk.do(
            self.chance.choice(
                [
                    t.TakeItem(item, agent, self.chance.random() < 0.5),
                    t.AddNote(item, agent, key, f"w-{key}"),
                    t.WaitForResident(item, agent),
                    t.SnoozeItem(item, agent, now + HOUR),
                    t.ForwardItem(item, agent, key, "officer", f"w-{key}"),
                    t.MergeItems(item, self.item(), agent),
                    t.UnmergeItem(item, agent),
                    t.SplitItem(item, ItemId(f"S{key}"), f"vs-{key}", 1, agent),
                    t.UndoRule(item, agent, "wrong"),
                    c.CloseItem(item_id=item, agent_id=agent, code="answered"),
                ]
            )
        )

    def residents_doing(self) -> None:
        talk, key = self.talk(), f"k{self.count}"
        self.desk.do(
            self.chance.choice(
                [
                    t.GiveContact(talk, f"c-{key}", "pat"),
                    t.AskTranscript(talk, key, f"c-{key}"),
                    t.RateChat(talk, 3, f"w-{key}"),
                    t.LeaveChat(talk),
                    t.MailUnread(talk, 0),
                ]
            )
        )

    def pass_time(self) -> None:
        deliver(self.desk)
        self.desk.keep_alive(self.chance.choice([10, 60, 600]) * MINUTE // 60)
        if self.chance.random() < 0.2:
            self.desk.wait(self.chance.choice([HOUR, DAY, 3 * DAY]))
            self.desk.sign_in(*AGENTS)


DOINGS: list[Callable[[Walk], None]] = [
    Walk.mail,
    Walk.mail,
    Walk.chat,
    Walk.chat,
    Walk.keep_mail,
    Walk.handle,
    Walk.handle,
    Walk.answer,
    Walk.answer,
    Walk.agents_doing,
    Walk.agents_doing,
    Walk.residents_doing,
    Walk.pass_time,
]


async def check(database: Database, folder: Path, seed: int) -> int:
    """Walk, feed now and then, and compare with the engine; return how many messages there were."""
    chance = random.Random(seed)
    past = Past(database, VirtualClock(START), folder)
    past.desk.sign_in(*AGENTS)
    walk = Walk(past.desk, chance)
    for _ in range(60):
        walk.step()
        if chance.random() < 0.2:
            await past.feed()
    await past.feed()
    rows = await past.rows(tables.conversation_messages)
    messages = [_as_row(v.id, message) for v in walk.kept.values() for message in v.messages]
    assert all(message in rows for message in messages)
    told = [event for event in past.desk.story if isinstance(event, e.MessageAdded)]
    assert sorted(rows, key=_order) == sorted(
        (_as_row(v.conversation, v) for v in told), key=_order
    )
    talks = {row["id"]: row for row in await past.rows(tables.conversations)}
    assert talks == _folded(past.desk)
    items = {row["id"]: row for row in await past.rows(tables.items)}
    for item in past.desk.state.items.values():
        assert items[item.id]["state"] == item.state.value
        if item.text is not None:
            assert items[item.id]["conversation"] == item.text.conversation
            assert items[item.id]["responded_at"] == item.text.responded_at
    first = [await past.rows(table) for table in FED]
    await past.feed_again()
    assert [await past.rows(table) for table in FED] == first
    return len(rows)


def _folded(desk: TextDesk) -> dict[str, dict[str, Any]]:
    """Return the rows of conversations as the whole story makes them, the plain way."""
    rows: dict[str, dict[str, Any]] = {}
    for ev in desk.story:
        row = rows.get(getattr(ev, "conversation", ""), {})
        match ev:
            case e.ConversationBegun():
                before = row or {"begun_at": ev.at, "item": "", "count": 0, "score": 0}
                rows[ev.conversation] = before | {
                    "id": ev.conversation,
                    "channel": ev.channel.value,
                    "door": ev.door,
                    "language": ev.language,
                    "address_key": ev.address_key or row.get("address_key", ""),
                    "contact_ref": ev.contact_ref or row.get("contact_ref", ""),
                }
            case e.ConversationJoined():
                row["item"] = ev.item
            case e.MessageAdded():
                row["count"] = max(row["count"], ev.number)
            case e.ContactGiven():
                row |= {"address_key": ev.address_key, "contact_ref": ev.contact_ref}
            case e.ChatRated():
                row["score"] = ev.score
    return rows


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["conversation"], row["number"], row["item"])


def _as_row(conversation: str, message: Any) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "number": message.number,
        "item": message.item,
        "kind": message.kind.value,
        "by": message.by,
        "at": message.at,
        "ref": message.ref,
        "note": message.note,
    }


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_history_knows_what_the_engine_knew_whatever_was_asked(seed: int) -> None:
    with TemporaryDirectory() as folder:
        assert asyncio.run(_walk(default_url(Path(folder)), Path(folder), seed)) > 0


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_history_on_postgresql_knows_it_too(postgres: PostgresServer, seed: int) -> None:
    with TemporaryDirectory() as folder:
        assert asyncio.run(_walk(postgres.url(template="made"), Path(folder), seed)) > 0


async def _walk(url: str, folder: Path, seed: int) -> int:
    database = Database(url)
    try:
        return await check(database, folder, seed)
    finally:
        await database.close()


def test_walks_merge_split_and_let_go() -> None:
    """They are worth something: what they are about does happen."""
    happened: set[str] = set()
    for seed in range(20):
        desk = TextDesk(writing_town())
        walk = Walk(desk, random.Random(seed))
        desk.sign_in(*AGENTS)
        for _ in range(60):
            walk.step()
        happened |= {str(ev.__struct_config__.tag) for ev in desk.story}
    assert {"item-merged", "item-split", "item-forgotten", "item-parked", "mail-kept"} <= happened
