"""What must be true of mail and chats after every stored batch, and what those outside were told.

Looked at from the journal's twin (see `watch`) and from the ledgers of those who wrote. Mail that
leaves the town is looked at in `outgoing`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from channels.sameness import mail_key
from router.core import events as e
from router.core.effects import SendMail
from router.core.model import (
    ENDED,
    Form,
    Instant,
    ItemId,
    ItemState,
    MessageKind,
    Tempo,
)
from router.core.records import Conversation, Item, Message
from router.core.state import State
from router.core.transcript import AGENT, RESIDENT, SAID
from router.ports import Words
from tests.simulation.ledgers import Broken, Letter, Told
from tests.simulation.outgoing import Outgoing, said_of

SHOWN: Final = frozenset({MessageKind.TEXT, MessageKind.FILE, MessageKind.AUTOMATIC})
TAKEN: Final = "taken from the list"  # an offer that an agent made to themselves


class TextWatch:
    """See the module's text."""

    def __init__(self, twin: State, words: Mapping[str, Words]) -> None:
        self.blobs: Mapping[str, bytes] = {}
        self.secret = b""
        self.letters: list[Letter] = []
        self.chats: list[Told] = []
        self.replies: dict[str, str] = {}  # acknowledged answers: text -> agent
        self.outgoing = Outgoing(twin, words)
        self.stock: frozenset[str] = frozenset()  # answers that agents give again and again
        self._twin, self._words = twin, words
        self._numbers: dict[str, int] = {}  # by conversation: the last message
        self._mails: dict[str, list[e.MessageAdded]] = defaultdict(list)  # by Message-ID
        self._kept: dict[str, list[e.MailKept]] = defaultdict(list)
        self._said: dict[tuple[str, str], list[int]] = defaultdict(list)  # chat, client's id
        self._answers: Counter[tuple[str, str]] = Counter()  # conversation, text of an agent
        self._rules: dict[ItemId, str] = {}
        self._failed: set[tuple[str, int]] = set()  # deliveries
        self._joined: set[ItemId] = set()  # merged: an answer to one is one to the other
        self._urgent: dict[ItemId, None] = {}
        self._paged: set[ItemId] = set()  # somebody on call was told and has not answered yet
        self._budget: Counter[tuple[str, str]] = Counter()
        self._touched: dict[str, None] = {}

    # --- events, one after the other -------------------------------------------------------------

    def before(self, event: e.AnyEvent) -> None:
        """Look at an event on the state that it was decided on."""
        if isinstance(event, e.OfferMade) and event.rule != TAKEN:
            self._nothing_urgent_is_passed_over(event)

    def _nothing_urgent_is_passed_over(self, event: e.OfferMade) -> None:
        twin, item = self._twin, self._twin.items[event.item]
        overdue = item.due_at is not None and item.due_at <= event.at
        if item.tempo is not Tempo.SLOW_TEXT or item.id in self._urgent or overdue:
            return
        profile = twin.index.profile_of(event.agent)
        for urgent_id in self._urgent:
            urgent = twin.items.get(urgent_id)
            if urgent is None or urgent.state is not ItemState.QUEUED:
                continue
            if urgent.tempo is not item.tempo:  # a call back to who has written
                continue
            bucket = twin.index.bucket_of(urgent)
            is_kept = urgent.reserved_for not in (None, event.agent)
            is_past = any(a == event.agent and t > event.at for a, t in urgent.passed_over)
            if profile in bucket.profiles and not is_kept and not is_past:
                raise Broken(f"{event} while the urgent {urgent} waits")

    def note(self, event: e.AnyEvent) -> None:
        """Look at an event that was just folded."""
        conversation = getattr(event, "conversation", "")
        if conversation:
            self._touched[conversation] = None
        match event:
            case e.ConversationBegun():
                if event.conversation in self._numbers:
                    raise Broken(f"begun twice: {event}")
                self._numbers[event.conversation] = event.count
            case e.MessageAdded():
                self._note_message(event)
            case e.MailKept():
                self._kept[said_of(self._words, event.ref).message_id].append(event)
            case e.RuleApplied():
                if event.at == self._twin.items[event.item].received_at:
                    self._rules[event.item] = event.rule
                if event.urgent:
                    self._urgent[event.item] = None
            case e.RuleUndone():
                self._urgent.pop(event.item, None)
                self._paged.discard(event.item)
            case e.PageSent():
                self._paged.add(event.item)
            case e.PageAnswered():
                self._paged.discard(event.item)
            case e.ItemForgotten():
                self._urgent.pop(event.item, None)
            case e.ItemMerged():
                self._joined |= {event.item, event.into}
            case e.DeliveryFailed():
                self._failed.add((event.conversation, event.number))
            case e.AutoAnswered():
                self._note_budget(event)
            case e.EffectWanted() if isinstance(event.effect, SendMail):
                self.outgoing.wanted(event.effect)
            case e.EffectDone() | e.EffectFailed():
                self.outgoing.over(event)

    def _note_message(self, event: e.MessageAdded) -> None:
        last = self._numbers[event.conversation]
        if event.number != last + 1:
            raise Broken(f"message {last} is followed by {event}")
        self._numbers[event.conversation] = event.number
        if not event.ref or event.kind is MessageKind.MACHINE:
            return
        said = said_of(self._words, event.ref)
        if event.by.startswith(AGENT):
            self._answers[event.conversation, said.text] += 1
            is_stock = said.text in self.stock
            if self._answers[event.conversation, said.text] > 1 and not is_stock:
                raise Broken(f"answered twice: {event} {said.text}")
        elif said.message_id:
            self._mails[said.message_id].append(event)
            if len(self._mails[said.message_id]) + len(self._kept[said.message_id]) > 1:
                raise Broken(f"one mail is several: {self._mails[said.message_id]}")
        elif said.client_id:
            self._said[event.conversation, said.client_id].append(event.number)
            if len(self._said[event.conversation, said.client_id]) > 1:
                raise Broken(f"one message of a chat is several: {event}")

    def _note_budget(self, event: e.AutoAnswered) -> None:
        self._budget[event.target, event.day] += 1
        mail = self._twin.policy.mail
        row = self._twin.dials[event.target]
        if mail is not None and row.count > mail.answers_per_day_max:
            raise Broken(f"one automatic answer too many: {row}")
        if row.count != self._budget[event.target, event.day]:
            raise Broken(f"miscounted: {row}")

    # --- mail that comes, chats, answers ---------------------------------------------------------

    def taken(self, letter: Letter) -> None:
        """The town has said that it has the mail. Errors: `Broken`."""
        letter.is_taken = True
        mails, kept = self._mails[letter.message_id], self._kept[letter.message_id]
        if letter.kind != "person":
            if (len(mails), [x.kind for x in kept]) != (0, [letter.kind]):
                raise Broken(f"a machine's mail, {letter.kind}, became {mails} {kept}")
            if letter.bounce_of[0] and letter.bounce_of not in self._failed:
                raise Broken(f"nobody was told that {letter.bounce_of} came back")
            return
        if (len(mails), len(kept)) != (1, 0):
            raise Broken(f"{letter.message_id} was taken and is {mails} {kept}")
        if self.blobs.get(said_of(self._words, mails[0].ref).original) != letter.raw:
            raise Broken(f"the original of {letter.message_id} is lost")
        if letter.answers and mails[0].conversation != letter.answers:
            raise Broken(f"{letter.message_id} answers {letter.answers} and is {mails[0]}")
        if mails[0].conversation == letter.stranger_to:
            raise Broken(f"{letter.sender} writes in {letter.stranger_to}, which is not theirs")
        if letter.rule is not None and letter.rule != (met := self._rules.get(mails[0].item, "")):
            raise Broken(f"rule {met!r} instead of {letter.rule!r}: {mails}")

    def belongs(self, conversation: str, sender: str) -> bool:
        """Say whether a mail of this sender goes on with the conversation."""
        row = self._twin.conversations.get(conversation)
        return row is not None and row.address_key == mail_key(self.secret, sender)

    def acknowledged(self, told: Told, client_id: str, activity: str) -> None:
        """A resident's message was acknowledged under that id. Errors: `Broken`."""
        before = told.acknowledged.setdefault(client_id, activity)
        stored = [f"{told.conversation}|{n:07}" for n in self._said[told.conversation, client_id]]
        if stored != [activity] or before != activity:
            raise Broken(f"{client_id} was acknowledged as {before}, {activity}, stored {stored}")

    def told(self, told: Told, number: int, text: str, *, is_own: bool) -> None:
        """A resident was told a message. Errors: `Broken`."""
        row = self._twin.conversations.get(told.conversation)
        message = next((m for m in row.messages if m.number == number), None) if row else None
        if row is None or message is None or not is_shown(message):
            raise Broken(f"{told.conversation} was told {number}: {text}, which is not stored")
        if is_own != (message.by == RESIDENT):
            raise Broken(f"{told.conversation} was told who wrote {number} wrongly: {message}")
        if message.ref and said_of(self._words, message.ref).text != text:
            raise Broken(f"{told.conversation} was told {text!r} instead of {message}")
        if number <= told.last:
            raise Broken(f"{told.conversation} was told {number} again, or out of order")
        skipped = [m.number for m in row.messages if told.last < m.number < number and is_shown(m)]
        if skipped:
            raise Broken(f"{told.conversation} was told {number} before {skipped}")
        told.messages.append((number, text, is_own))

    def answered(self, agent: str, text: str) -> None:
        """An agent's answer was acknowledged. Errors: `Broken`."""
        self.replies[text] = agent
        if not any(said == text for _, said in self._answers):
            raise Broken(f"{agent}'s answer {text!r} was acknowledged and is not stored")

    # --- what is always true ---------------------------------------------------------------------

    def look(self, items: set[ItemId], *, sweep: bool) -> None:
        """Look at what a batch has touched, or at everything. Errors: `Broken`."""
        twin = self._twin
        for name in twin.conversations if sweep else self._touched:
            row = twin.conversations.get(name)
            if row is not None:
                self._conversation(row)
        self._touched.clear()
        for item_id in twin.items if sweep else items:
            item = twin.items.get(item_id)
            if item is not None and item.text is not None:
                self._item(item)
        if sweep:
            self._one_item_each()

    def _conversation(self, row: Conversation) -> None:
        if row.item not in self._twin.items:
            raise Broken(f"a conversation of nothing: {row}")
        if row.count != self._numbers[row.id]:
            raise Broken(f"{self._numbers[row.id]} messages were added: {row}")
        self._item(self._twin.items[row.item])

    def _one_item_each(self) -> None:
        at_work: dict[str, ItemId] = {}
        for item in self._twin.items.values():
            if item.text is None or item.text.merged or not is_open(item):
                continue
            other = at_work.setdefault(item.text.conversation, item.id)
            if other != item.id:
                raise Broken(f"{other} and {item.id} both work on {item.text.conversation}")

    def _item(self, item: Item) -> None:
        text = item.text
        if text is None or item.state in ENDED:
            return
        row = self._twin.conversations.get(text.conversation)
        if row is None or (is_open(item) and not text.merged and row.item != item.id):
            raise Broken(f"works on a conversation that goes on elsewhere: {item} {row}")
        if bool(text.waiting_for) != (text.parked_at is not None):
            raise Broken(f"parked, or not: {item}")
        if text.waiting_for and item.state is not ItemState.DEFERRED:
            raise Broken(f"parked and worked on: {item}")
        if item.state is ItemState.DEFERRED and item.deferred_until is None:
            raise Broken(f"nothing will wake {item}")
        is_told = item.id in self._paged and item.state is ItemState.DEFERRED
        if is_told and not text.waiting_for and text.page_due is None:
            raise Broken(f"nobody answers, and nobody else will be told of {item}")
        wakeup = self._twin.next_wakeup()
        idle_due = text.idle_due if item.state is ItemState.HANDLING else None
        for due in (idle_due, text.page_due):
            if due is not None and (wakeup is None or wakeup > due):
                raise Broken(f"nothing will happen at {due}: {item}")
        if item.id not in self._joined:
            self._what_is_owed(item, row)

    def _what_is_owed(self, item: Item, row: Conversation) -> None:
        """Whoever wrote last is answered, or sleeps; the other one is to write."""
        said = [m for m in row.messages if m.item == item.id and m.kind in SAID]
        said = [m for m in said if m.by == RESIDENT or m.by.startswith(AGENT)]
        text = item.text
        if not said or text is None:
            return
        owes = said[-1].by == RESIDENT
        if owes != (text.unanswered_since is not None):
            raise Broken(f"an answer is owed, or not: {item} {said[-1]}")
        talks = item.form is Form.CHAT and item.state is ItemState.HANDLING
        is_silent = talks and not owes and not text.resident_left
        if is_silent and said[-1].at >= (item.handled_since or 0) and text.idle_due is None:
            raise Broken(f"a chat that will never sleep: {item}")

    # --- the end ---------------------------------------------------------------------------------

    def absent(self, told: Told, before: Instant) -> None:
        """Who was away has been mailed what they did not see of before then. Errors: `Broken`."""
        row = self._twin.conversations.get(told.conversation)
        if row is None or not told.email:
            return
        missed = [m for m in row.messages if m.number > told.last and is_shown(m) and m.at < before]
        missed = [m for m in missed if m.by.startswith(AGENT) and m.number > row.mailed]
        if missed:
            raise Broken(f"{told.conversation} was neither told nor mailed {missed}")

    def complete(self, told: Told) -> None:
        """Who has caught up has everything. Errors: `Broken`."""
        row = self._twin.conversations.get(told.conversation)
        shown = [m.number for m in row.messages if is_shown(m)] if row is not None else []
        if [number for number, _, _ in told.messages] != shown:
            raise Broken(f"{told.conversation} has {told.messages}, there are {shown}")

    def close(self) -> None:
        """Look at everything once more, days later. Errors: `Broken`."""
        for letter in self.letters:
            if not letter.is_taken:
                raise Broken(f"{letter.message_id} of {letter.sender} was never taken")
            self.taken(letter)
        for told in self.chats:
            for client_id, activity in told.acknowledged.items():
                self.acknowledged(told, client_id, activity)
        self.outgoing.close()


def is_shown(message: Message) -> bool:
    """Say whether the resident of a chat sees it."""
    return message.kind in SHOWN


def is_open(item: Item) -> bool:
    """Say whether somebody works on it, or will."""
    return item.state not in ENDED and item.state is not ItemState.WRAP_UP
