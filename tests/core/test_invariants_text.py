"""Whatever residents write and agents answer, in any order: nothing written is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import INVARIANT_MARKER, initialize, invariant, rule

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.effects import SendMail
from router.core.merging import why_not_merged
from router.core.model import (
    DAY,
    ENDED,
    HOUR,
    MINUTE,
    AgentId,
    Channel,
    Form,
    ItemId,
    ItemState,
    MessageKind,
    QueueId,
)
from router.core.records import Item
from router.core.relations import has_conversation, is_merged
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.core.text_level import THEIR_TURN
from router.core.threads import work_on
from tests.core.test_invariants import AGENTS, Walk, index_of
from tests.core.text_town import TextDesk
from tests.core.text_variants import WRITING_TOWNS
from tests.core.town import OPEN

SENDERS = ["r0", "r1", ""]
MAIL_RULES = ["", "", "parking", "spam", "stop_sign", "done"]
CONTACTS = ["officer", "deputy"]
WRITTEN = (MessageKind.TEXT, MessageKind.FILE)
HAND = (ItemState.HANDLING, ItemState.WRAP_UP)


class TextWalk(Walk):
    """Mail, chats and forms to one town in any order of doings."""

    desk: TextDesk

    @initialize(
        hour=st.integers(0, 60), undo=st.booleans(), number=st.integers(0, 2), staffed=st.booleans()
    )
    def begin(self, hour: int, undo: bool, number: int, staffed: bool) -> None:
        self.desk = TextDesk(WRITING_TOWNS[number], now=OPEN + hour * 60 * MINUTE)
        self.past: dict[str, str] = {}  # conversations begun, with their senders
        if undo:
            self.desk.state.keep_undo()
        if staffed:
            self.desk.sign_in("amina")

    @rule(number=st.integers(0, len(WRITING_TOWNS) - 1))
    def adopt(self, number: int) -> None:
        self.desk.adopt(WRITING_TOWNS[number])

    def conversations(self) -> list[str]:
        return sorted(self.state.conversations)

    def written(self, *states: ItemState) -> list[ItemId]:
        return [i for i in self.items(*states) if self.state.items[i].text is not None]

    def attempt(self, command: c.Command) -> bool:  # type: ignore[override]
        before = len(self.desk.story)
        super().attempt(command)
        return len(self.desk.story) > before

    def one_of(self, data: st.DataObject, found: list[ItemId]) -> ItemId | None:
        return data.draw(st.sampled_from(found)) if found else None

    # --- residents -------------------------------------------------------------------------------

    @rule(
        data=st.data(),
        who=st.sampled_from(SENDERS),
        mail_rule=st.sampled_from(MAIL_RULES),
        contact=st.sampled_from(["", "", "", *CONTACTS]),
        spent=st.sampled_from([False, False, False, False, True]),
    )
    def write_mail(
        self, data: st.DataObject, who: str, mail_rule: str, contact: str, spent: bool
    ) -> None:
        thread = data.draw(st.sampled_from(["", *self.conversations(), *self.past]))
        self.mail(data, who, mail_rule, contact, spent, thread)

    @rule(data=st.data(), mail_rule=st.sampled_from(["", "", "stop_sign"]))
    def answer_by_mail(self, data: st.DataObject, mail_rule: str) -> None:
        found = [*self.conversations(), *self.past]
        if found:
            thread = data.draw(st.sampled_from(found))
            row = self.state.conversations.get(thread)
            who = row.address_key if row is not None else self.past[thread]
            self.mail(data, who, mail_rule, "", False, thread)

    @rule(data=st.data(), contact=st.sampled_from(CONTACTS))
    def contact_answers(self, data: st.DataObject, contact: str) -> None:
        found = self.conversations()
        if found:
            self.mail(data, contact, "", contact, False, data.draw(st.sampled_from(found)))

    def mail(
        self,
        data: st.DataObject,
        who: str,
        mail_rule: str,
        contact: str,
        spent: bool,
        thread: str,
    ) -> None:
        self.count += 1
        name, by_key = f"m{self.count}", data.draw(st.booleans())
        gone = thread if thread and thread not in self.state.conversations else ""
        answers = self.state.conversations[thread].item if thread and not gone else None
        past = t.PastThread(gone, ItemId("old"), QueueId("general"), AGENTS[0], who, 7, OPEN)
        known = (f"mid:{answers}",) if by_key and answers else ()
        self.submit(
            t.ReceiveMail(
                item_id=ItemId(name),
                conversation=f"v-{name}",
                key=f"mail:{name}",
                mailbox=data.draw(st.sampled_from(["info", "other"])),
                address_key=who,
                contact_ref=f"c-{who}" if who else "",
                words_ref=f"w-{name}",
                language=data.draw(st.sampled_from(["en", "fr", "xx"])),
                rule=mail_rule,
                threads=() if known or not thread else (thread,),
                known=known,
                message_key=f"mid:{name}",
                past=past if gone else None,
                contact=contact,
                spent=spent,
            )
        )

    @rule(chat=st.integers(0, 2), said=st.integers(0, 30))
    def say(self, chat: int, said: int) -> None:
        self.count += 1
        self.submit(
            t.ReceiveChat(
                item_id=ItemId(f"h{self.count}"),
                conversation=f"chat{chat}",
                key=f"chat:{chat}:{said}",
                door="site",
                address_key=f"k{chat}",
                contact_ref="",
                words_ref=f"w{self.count}",
                language="en",
            )
        )

    def submit(self, command: t.ReceiveMail | t.ReceiveChat) -> None:
        """What was written is in exactly one place, and somebody will see it."""
        again = command.key in self.state.keys
        if not self.attempt(command) or again:
            return
        found = [
            (row, message)
            for row in self.state.conversations.values()
            for message in row.messages
            if message.ref == command.words_ref and message.item in self.state.items
        ]
        assert len(found) == 1, (command, found)
        row, message = found[0]
        self.past[row.id] = row.address_key
        work = work_on(self.state, row)
        assert work is not None
        reader = self.state.items[message.item]
        assert work.id == reader.id, (work, reader)
        assert (
            work.state not in ENDED
            or work.state is ItemState.SHUNTED
            or work.outcome in ("refused", "mail rule done")
        ), work
        assert self.attempt(command) is False

    @rule(chat=st.integers(0, 2), how=st.sampled_from(["leave", "call", "who", "rate", "paper"]))
    def in_the_chat(self, chat: int, how: str) -> None:
        name = f"chat{chat}"
        self.count += 1
        commands: dict[str, c.Command] = {
            "leave": t.LeaveChat(conversation=name),
            "call": t.AskCallback(name, ItemId(f"h{self.count}"), "c-tel", "tel", "site", "en"),
            "who": t.GiveContact(conversation=name, contact_ref="c-r1", address_key="r1"),
            "rate": t.RateChat(conversation=name, score=4),
            "paper": t.AskTranscript(name, f"paper{self.count}", "c-x"),
        }
        self.attempt(commands[how])
        self.attempt(t.MailUnread(conversation=name, number=0))
        assert not self.attempt(t.MailUnread(conversation=name, number=0))

    @rule(data=st.data(), failed=st.booleans(), number=st.integers(0, 5))
    def a_machine_writes(self, data: st.DataObject, failed: bool, number: int) -> None:
        self.count += 1
        threads = tuple(self.conversations())
        self.attempt(
            t.KeepMail(
                item_id=ItemId(f"k{self.count}"),
                key=f"machine:{self.count}",
                mailbox="info",
                kind="bounce",
                why="x",
                words_ref="w",
                threads=(data.draw(st.sampled_from(threads)),) if threads else (),
                number=number,
                failed=failed,
            )
        )

    @rule()
    def not_understood(self) -> None:
        self.count += 1
        name = ItemId(f"a{self.count}")
        self.attempt(t.SetMailAside(name, f"aside:{name}", "info", "w", "not readable"))

    # --- agents ----------------------------------------------------------------------------------

    @rule(data=st.data(), agent=st.sampled_from(AGENTS), force=st.booleans())
    def take(self, data: st.DataObject, agent: AgentId, force: bool) -> None:
        item = self.one_of(data, self.written())
        self.arrive(agent)
        if item is not None and self.attempt(t.TakeItem(item, agent, force)):
            row = self.state.items[item]
            assert (row.state, row.agent) == (ItemState.HANDLING, agent)
            assert row.text is None or row.text.page_due is None

    @rule(
        data=st.data(),
        then=st.sampled_from(["stay", "wait", "close"]),
        wrong=st.sampled_from([False, False, True]),
    )
    def reply(self, data: st.DataObject, then: str, wrong: bool) -> None:
        item = self.one_of(data, self.items(*HAND))
        agent = self.state.items[item].agent if item is not None else None
        if item is None or agent is None or self.state.items[item].call_id:
            return
        self.count += 1
        who = next(a for a in AGENTS if a != agent) if wrong else agent
        reply = t.SendReply(item, who, f"reply:{self.count}", "w-r", then, "answered", {item: "r1"})
        before = self.state.items[item]
        if not self.attempt(reply):
            return
        assert not wrong
        assert before.state is ItemState.HANDLING or before.text is not None
        assert not self.attempt(reply)
        text = self.state.items[item].text
        assert text is not None
        assert text.unanswered_since is None
        said = self.state.conversations[text.conversation].messages[-1]
        assert said.by == f"agent:{agent}"

    @rule(
        data=st.data(),
        how=st.sampled_from(["note", "wait", "snooze", "forward", "unpark", "undo"]),
        hours=st.sampled_from([1, 30, 100]),
        contact=st.sampled_from(CONTACTS),
    )
    def work_in_writing(self, data: st.DataObject, how: str, hours: int, contact: str) -> None:
        states = () if how in ("note", "undo") else (ItemState.HANDLING,)
        item = self.one_of(data, self.written(*states))
        if item is None:
            return
        agent = self.state.items[item].agent or AGENTS[0]
        self.count += 1
        commands: dict[str, c.Command] = {
            "note": t.AddNote(item, agent, f"n{self.count}", "w-n"),
            "wait": t.WaitForResident(item, agent),
            "snooze": t.SnoozeItem(item, agent, self.desk.now + hours * HOUR),
            "forward": t.ForwardItem(item, agent, f"f{self.count}", contact, "w-f"),
            "unpark": c.ReturnItem(item_id=item, agent_id=agent),
            "undo": t.UndoRule(item, agent, "wrong"),
        }
        self.attempt(commands[how])

    @rule(data=st.data(), how=st.sampled_from(["merge", "unmerge", "split"]))
    def join_and_part(self, data: st.DataObject, how: str) -> None:
        found = self.items() if how != "split" else self.written()
        if not found:
            return
        item, other = data.draw(st.sampled_from(found)), data.draw(st.sampled_from(found))
        self.count += 1
        new = ItemId(f"s{self.count}")
        number = data.draw(st.integers(1, 3))
        if how == "unmerge":
            merged = [i for i in found if is_merged(self.state.items[i])]
            item = data.draw(st.sampled_from(merged or found))
        elif how == "merge" and data.draw(st.integers(0, 3)):  # seldom what is refused
            may = [i for i in found if not why_not_merged(self.state.items[i])]
            item = data.draw(st.sampled_from(may or found))
            there = [i for i in may if i != item and self.state.items[i].state not in ENDED]
            other = data.draw(st.sampled_from(there or found))
        by = self.state.items[item].agent or AGENTS[0]
        commands: dict[str, c.Command] = {
            "merge": t.MergeItems(item, other, by),
            "unmerge": t.UnmergeItem(item, by),
            "split": t.SplitItem(item, new, f"v-{new}", number, by),
        }
        before = self.state.items[item], self.state.items[other]
        if not self.attempt(commands[how]):
            return
        if how == "split":
            assert self.state.items[new].queue in self.state.policy.queues
        elif how == "merge" and data.draw(st.booleans()):
            assert self.attempt(t.UnmergeItem(item, by))
            for row in before:
                if row.queue is not None and row.queue not in self.state.policy.queues:
                    continue  # back in line it goes to another queue, whose promise it gets
                assert standing(self.state.items[row.id]) == standing(row)

    @rule(data=st.data(), names=st.deferred(lambda: busy_times()))
    def busy_time(self, data: st.DataObject, names: list[str]) -> None:
        """A stretch in which much happens, looked at after every doing."""
        for name in names:
            DOINGS[name](self, data)
            self.look()

    # --- time ------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([1, 3, 12]))
    def days_pass(self, days: int) -> None:
        self.desk.wait(days * DAY)

    @rule(minutes=st.sampled_from([1, 6, 12]))
    def minutes_pass(self, minutes: int) -> None:
        self.desk.keep_alive(minutes * MINUTE)

    @rule()
    def restart(self) -> None:
        before, undo = self.state.hash(), self.state.keeps_undo
        frozen = decode_frozen(encode_frozen(self.state.freeze()))
        self.desk.engine.state = State.thaw(frozen, self.state.policies)
        assert self.state.hash() == before
        if undo:
            self.state.keep_undo()

    @rule(data=st.data())
    def undo_a_stretch(self, data: st.DataObject) -> None:
        """After any doings the state can go back exactly, as when storing them failed."""
        self.state.keep_undo()
        mark, before, wake = self.state.mark(), self.state.hash(), self.state.next_wakeup()
        index, story, now = index_of(self.state), len(self.desk.story), self.desk.now
        past, places, read = dict(self.past), dict(self.places), self.read
        for name in data.draw(busy_times()):
            DOINGS[name](self, data)
        self.state.back_to(mark)
        del self.desk.story[story:]
        self.desk.now, self.past, self.places, self.read = now, past, places, read
        assert self.state.hash() == before
        assert index_of(self.state) == index
        assert self.state.next_wakeup() == wake

    # --- what is always true ---------------------------------------------------------------------

    def look(self) -> None:
        """Check every invariant, within a rule."""
        for each in INVARIANTS:
            each(self)

    @invariant()
    def conversations_have_work_and_whole_numbers(self) -> None:
        for row in self.state.conversations.values():
            assert row.item in self.state.items, row
            numbers = [message.number for message in row.messages]
            assert numbers == list(range(row.count - len(numbers) + 1, row.count + 1))

    @invariant()
    def open_work_has_its_conversation_and_is_alone_in_it(self) -> None:
        at_work: dict[str, ItemId] = {}
        for item in self.state.items.values():
            if item.text is None or item.state in ENDED or item.state is ItemState.WRAP_UP:
                continue
            if not has_conversation(item):
                assert item.text.merged, item
                continue
            assert item.text.conversation in self.state.conversations, item
            row = self.state.conversations[item.text.conversation]
            if not item.text.merged:
                assert at_work.setdefault(row.id, item.id) == item.id
                assert row.item == item.id, (row, item)

    @invariant()
    def what_is_parked_has_a_deadline(self) -> None:
        for item in self.state.items.values():
            if item.state is ItemState.DEFERRED:
                assert item.deferred_until is not None
            text = item.text
            if text is None or item.state in ENDED:
                continue
            assert not text.waiting_for or item.state is ItemState.DEFERRED, item
            assert (text.parked_at is not None) == bool(text.waiting_for)
            if text.waiting_for == "dormant":
                assert text.unanswered_since is None
            if item.state in HAND:
                assert text.page_due is None
            if item.form is Form.CHAT:
                assert item.due_at is None or item.state is ItemState.HANDLING

    @invariant()
    def merges_agree_from_both_sides(self) -> None:
        for item in self.state.items.values():
            text = item.text
            if text is None:
                continue
            for other in text.merged:
                row = self.state.items[other].text
                assert row is not None
                assert row.merged_into == item.id
            if text.merged_into is not None:
                assert item.state in ENDED
                into = self.state.items[text.merged_into].text
                assert into is not None
                assert item.id in into.merged
                assert work_from(self.state, item) not in (None, item)

    @invariant()
    def what_is_owed_is_what_was_written_last(self) -> None:
        merges = [ev for ev in self.desk.story if isinstance(ev, e.ItemMerged)]
        joined = {item for ev in merges for item in (ev.item, ev.into)}
        said: dict[ItemId, tuple[int, int, str]] = {}
        for row in self.state.conversations.values():
            for message in row.messages:
                if message.kind in WRITTEN and not message.by.startswith("contact"):
                    said[message.item] = max(
                        said.get(message.item, (0, 0, "")),
                        (message.at, message.number, message.by),
                    )
        for item in self.state.items.values():
            if item.text is None or item.id in joined or item.id not in said:
                continue
            by_resident = said[item.id][2] == "resident"
            assert (item.text.unanswered_since is not None) == by_resident, item

    @invariant()
    def mails_to_be_sent_belong_to_a_conversation(self) -> None:
        for effect in self.state.pending.values():
            if isinstance(effect, SendMail) and effect.item_id in self.state.items:
                assert effect.conversation in self.state.conversations


def standing(item: Item) -> object:
    """Return what a merge that is taken back at once has to leave as it was."""
    in_line = item.state in (ItemState.QUEUED, ItemState.OFFERED, ItemState.HANDLING)
    text = item.text
    if item.form is Form.CALLBACK and item.state not in ENDED:  # back in line it may be too late
        return item.form, item.callback, item.first_queued_at, item.reopened
    waits = (text.waiting_for, item.deferred_until) if text is not None and not in_line else None
    becomes_message = waits is not None and item.channel is Channel.CHAT  # once it is woken
    return (
        "in line" if in_line else item.state,
        waits,
        # a chat that was woken for a moment is a message until its resident says something
        (item.form, item.tempo) if not becomes_message else None,
        item.subject,
        item.outcome,
        item.code if item.state in ENDED else "",
        item.ended_at,
        item.callback,
        item.reopened,
        item.head_start,
        item.urgency_at if in_line else None,
        *(  # of what waits for the resident they are told anew
            (item.first_queued_at, item.due_at)
            if not becomes_message and (not waits or waits[0] not in THEIR_TURN)
            else ()
        ),
        None
        if text is None
        else (
            text.conversation,
            text.rule,
            text.urgent,
            text.merged,
            text.merged_into,
            text.unanswered_since,
            text.responded_at,
        ),
    )


def work_from(state: State, item: Item) -> Item | None:
    """Follow merges from an item."""
    seen = {item.id}
    while item.text is not None and item.text.merged_into is not None:
        item = state.items[item.text.merged_into]
        assert item.id not in seen
        seen.add(item.id)
    return item


INVARIANTS: list[Callable[[TextWalk], None]] = [
    each for name in dir(TextWalk) if hasattr(each := getattr(TextWalk, name), INVARIANT_MARKER)
]


def busy_times() -> st.SearchStrategy[list[str]]:
    """Return what happens in a stretch."""
    return st.lists(st.sampled_from(sorted(DOINGS)), min_size=4, max_size=12)


Doing = Callable[[TextWalk, st.DataObject], None]


def _one(data: st.DataObject, *found: str) -> str:
    return data.draw(st.sampled_from(found))


# the more often a doing stands here, the more often it happens
DOINGS: dict[str, Doing] = {
    "mail": lambda w, d: w.mail(d, _one(d, *SENDERS), _one(d, *MAIL_RULES), "", False, ""),
    "mail again": lambda w, d: w.answer_by_mail(d, _one(d, "", "", "stop_sign")),
    "chat": lambda w, d: w.say(d.draw(st.integers(0, 2)), w.count),
    "chat again": lambda w, d: w.say(0, w.count),
    "in the chat": lambda w, d: w.in_the_chat(0, _one(d, "leave", "call", "who")),
    "contact": lambda w, d: w.contact_answers(d, _one(d, *CONTACTS)),
    "take": lambda w, d: w.take(d, AGENTS[0], True),
    "take too": lambda w, d: w.take(d, AGENTS[1], False),
    "reply": lambda w, d: w.reply(d, _one(d, "stay", "wait", "close"), False),
    "reply and wait": lambda w, d: w.reply(d, "wait", False),
    "work": lambda w, d: w.work_in_writing(d, _one(d, "wait", "snooze", "forward"), 30, "officer"),
    "end": lambda w, d: w.work(d, _one(d, "finish", "close", "return", "queue", "agent")),
    "undo": lambda w, d: w.work_in_writing(d, "undo", 1, "officer"),
    "form": lambda w, _: w.send_form(False),
    "merge": lambda w, d: w.join_and_part(d, "merge"),
    "merge too": lambda w, d: w.join_and_part(d, "merge"),
    "unmerge": lambda w, d: w.join_and_part(d, "unmerge"),
    "split": lambda w, d: w.join_and_part(d, "split"),
    "reopen": lambda w, d: w.reopen(d),
    "machine": lambda w, d: w.a_machine_writes(d, True, d.draw(st.integers(0, 3))),
    "failure": lambda w, d: w.confirm_effect(d, done=False),
    "brink": lambda w, _: w.wait_to_the_brink(),
    "brink again": lambda w, _: w.wait_to_the_brink(),
    "minutes": lambda w, _: w.minutes_pass(6),
    "days": lambda w, d: w.days_pass(d.draw(st.sampled_from([1, 3]))),
    "adopt": lambda w, d: w.adopt(d.draw(st.integers(0, 4))),
}


TestTextWalk = pytest.mark.filterwarnings("default")(TextWalk.TestCase)
TextWalk.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class DeepTextWalk(TextWalk):
    """The same for as long as somebody has time."""


TestDeepTextWalk = pytest.mark.full(DeepTextWalk.TestCase)
DeepTextWalk.TestCase.settings = settings(
    max_examples=2000,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
