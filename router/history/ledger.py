"""What an event means for history: the item's row, its offers, its story, the words it refers to.

Pure: rows in, rows out. `Ledger` holds the rows of one page of the journal; `fold` changes them.
An event that begins a row (`ItemReceived`, `OfferMade`) replaces it as a whole, so that reading the
journal again from its start gives the same rows. No resident's word is here: events have none.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from router.core import events as e
from router.core.effects import SendMail
from router.core.model import ENDED, Instant, ItemState, OfferEnding
from router.core.transcript import AGENT, SAID


class ItemRow(msgspec.Struct, frozen=True):
    """A row of table `items`; the fields are its columns."""

    id: str
    channel: str
    tempo: str
    form: str
    state: str
    called: str
    address_key: str
    contact_ref: str
    words_ref: str
    language: str
    subject: str
    attributes: str
    received_at: Instant
    note_ref: str = ""
    queue: str = ""
    queued_at: Instant | None = None
    due_at: Instant | None = None
    answered_at: Instant | None = None
    handling_since: Instant | None = None
    ended_at: Instant | None = None
    waited: int | None = None
    handled: int = 0
    agent: str = ""
    outcome: str = ""
    code: str = ""
    service_level: str = ""
    service_level_queue: str = ""
    service_level_day: str = ""
    reopened: int = 0
    conversation: str = ""
    responded_at: Instant | None = None


class OfferRow(msgspec.Struct, frozen=True):
    """A row of table `offers`."""

    id: str
    item: str
    agent: str
    made_at: Instant
    ended_at: Instant | None = None
    ending: str = ""


class StoryRow(msgspec.Struct, frozen=True):
    """A row of table `item_events`."""

    item: str
    position: int
    at: Instant
    event: str
    body: str


class MentionRow(msgspec.Struct, frozen=True):
    """A row of table `mentions`."""

    ref: str
    item: str
    address_key: str = ""


# what the story leaves out: plumbing that says nothing about the item's way, and carrier ids
UNTOLD: Final = frozenset({e.KeyKept, e.KeyDropped, e.LegChanged, e.RoomNoted, e.ItemForgotten})
HIDDEN: Final = frozenset({"at", "item", "offer", "address_key", "call_id", "attributes", "paces"})
# what happens between two items stands in the story of both; the field that names the other
BETWEEN: Final[dict[type[e.Event], str]] = {
    e.ItemMerged: "into",
    e.ItemUnmerged: "from_item",
    e.ItemSplit: "new",
}

STATES: Final[dict[type[e.Event], ItemState]] = {
    e.FlowMoved: ItemState.IN_FLOW,
    e.ItemQueued: ItemState.QUEUED,
    e.OfferMade: ItemState.OFFERED,
    e.HandlingStarted: ItemState.HANDLING,
    e.ItemHeld: ItemState.HELD,
    e.ItemResumed: ItemState.HANDLING,
    e.ItemReturned: ItemState.QUEUED,
    e.WrapUpStarted: ItemState.WRAP_UP,
    e.ItemDeferred: ItemState.DEFERRED,
    e.ItemParked: ItemState.DEFERRED,
    e.ItemClosed: ItemState.CLOSED,
    e.ItemAbandoned: ItemState.ABANDONED,
    e.ItemDiverted: ItemState.DIVERTED,
    e.ItemShunted: ItemState.SHUNTED,
    e.ItemReopened: ItemState.RECEIVED,
}
# with these the agent's work on the item is over
_HANDLED: Final = (
    e.FlowMoved,
    e.ItemQueued,
    e.ItemReturned,
    e.WrapUpStarted,
    e.ItemDeferred,
    e.ItemParked,
    e.ItemClosed,
    e.ItemAbandoned,
    e.ItemDiverted,
    e.ItemShunted,
)


class Ledger:
    """Begins with what is stored: the items of the page, and at least their open offers."""

    def __init__(self, items: Iterable[ItemRow] = (), offers: Iterable[OfferRow] = ()) -> None:
        self.items = {row.id: row for row in items}
        self.offers: dict[str, OfferRow] = {}
        self._open: defaultdict[str, set[str]] = defaultdict(set)  # item -> its open offers
        for offer in offers:
            self._put_offer(offer)
        self.story: list[StoryRow] = []
        self.mentions: dict[tuple[str, str], MentionRow] = {}

    def fold(self, position: int, event: e.Event) -> None:
        """Take the event in; `position` is its number in the journal, from 1.

        Events about items that history does not know (their beginning was read by nobody) are
        told in the story and change no row.
        """
        item_id = self._item_of(event)
        if isinstance(event, e.ItemReceived):
            self.items[event.item] = _received(event)
        if isinstance(event, e.OfferMade):
            self._put_offer(OfferRow(event.offer, event.item, event.agent, event.at))
        elif isinstance(event, e.OfferEnded):
            self._end_offer(event)
        if type(event) in UNTOLD:
            return
        if not item_id:
            self._mention_without(event)
            return
        row = self.items.get(item_id)
        if row is not None:
            self.items[item_id] = self._changed(row, event)
        self._mention(item_id, event)
        self._tell(item_id, position, event)
        other = BETWEEN.get(type(event))
        if other is not None:
            self._tell(str(getattr(event, other)), position, event, item=item_id)

    def _tell(self, item_id: str, position: int, event: e.Event, **more: str) -> None:
        name = str(event.__struct_config__.tag)
        body = _told(event, item_id, more)
        self.story.append(StoryRow(item_id, position, event.at, name, body))

    def _item_of(self, event: e.Event) -> str:
        if isinstance(event, e.OfferSeen | e.OfferEnded):
            offer = self.offers.get(event.offer)
            return "" if offer is None else offer.item
        return getattr(event, "item", "") or ""

    def _end_offer(self, event: e.OfferEnded) -> None:
        offer = self.offers.get(event.offer)
        if offer is not None:
            self._put_offer(replace(offer, ended_at=event.at, ending=event.ending.value))

    def _put_offer(self, offer: OfferRow) -> None:
        self.offers[offer.id] = offer
        if offer.ended_at is None:
            self._open[offer.item].add(offer.id)
        else:
            self._open[offer.item].discard(offer.id)

    def _changed(self, row: ItemRow, event: e.Event) -> ItemRow:
        state = STATES.get(type(event))
        if state is not None:
            row = replace(row, state=state.value)
        if isinstance(event, _HANDLED) and row.handling_since is not None:
            spent = event.at - row.handling_since
            row = replace(row, handled=row.handled + spent, handling_since=None)
        match event:
            case e.OfferEnded() if event.ending is not OfferEnding.ACCEPTED:
                waits = row.state == ItemState.OFFERED and not self._open[row.id]
                return replace(row, state=ItemState.QUEUED.value) if waits else row
            case e.FlowMoved():
                return _in_flow(row, event)
            case e.ItemQueued() | e.ItemDeferred():
                return _placed(row, event)
            case e.HandlingStarted():
                return _answered(row, event)
            case e.ConversationJoined():
                return replace(row, conversation=event.conversation)
            case e.MessageAdded() if event.by.startswith(AGENT):
                return _responded(row, event)
            case e.ItemWoken() if event.due_at is not None:
                return replace(row, due_at=event.due_at)
            case e.ContactGiven():
                return replace(row, address_key=event.address_key, contact_ref=event.contact_ref)
            case e.RuleApplied() | e.RuleUndone() if event.subject:
                return replace(row, subject=event.subject)
            case e.MessageLeft():
                return replace(row, words_ref=event.words_ref)
            case e.CallbackBooked():
                return replace(
                    row,
                    form="callback",
                    address_key=event.address_key,
                    contact_ref=event.contact_ref,
                )
            case e.ServiceLevelCounted():
                return replace(
                    row,
                    service_level=event.result,
                    service_level_queue=event.queue,
                    service_level_day=event.day,
                )
            case e.ItemClosed() | e.ItemAbandoned() | e.ItemDiverted() | e.ItemShunted():
                return _ended(row, event)
            case e.ItemUnmerged() if event.back_as and ItemState(event.back_as) not in ENDED:
                return replace(row, ended_at=None, outcome="", due_at=event.due_at)
            case e.ItemReopened():
                return replace(row, ended_at=None, outcome="", reopened=row.reopened + 1)
        return row

    def _mention(self, item_id: str, event: e.Event) -> None:
        address_key = str(getattr(event, "address_key", ""))
        contact = str(getattr(event, "contact_ref", ""))
        if contact:
            self.mentions[contact, item_id] = MentionRow(contact, item_id, address_key)
        for field in ("words_ref", "note_ref", "ref"):
            ref = str(getattr(event, field, ""))
            if ref:
                self.mentions[ref, item_id] = MentionRow(ref, item_id)

    def _mention_without(self, event: e.Event) -> None:
        """Words of no item, and those that only a wish for a mail refers to, are kept as well."""
        if isinstance(event, e.MailKept | e.ContactGiven):
            self._mention("", event)
        elif isinstance(event, e.EffectWanted) and isinstance(event.effect, SendMail):
            ref = event.effect.contact_ref
            if ref:
                self.mentions[ref, event.effect.item_id] = MentionRow(ref, event.effect.item_id)


def _received(event: e.ItemReceived) -> ItemRow:
    return ItemRow(
        id=event.item,
        channel=event.channel.value,
        tempo=event.tempo.value,
        form=event.form.value,
        state=ItemState.RECEIVED.value,
        called=event.called,
        address_key=event.address_key,
        contact_ref=event.contact_ref,
        words_ref=event.words_ref,
        language=event.language,
        subject=event.subject,
        attributes=json.dumps(dict(event.attributes), sort_keys=True, ensure_ascii=False),
        received_at=event.at,
    )


def _in_flow(row: ItemRow, event: e.FlowMoved) -> ItemRow:
    attributes = row.attributes
    if event.attributes:
        both = {**json.loads(attributes), **dict(event.attributes)}
        attributes = json.dumps(both, sort_keys=True, ensure_ascii=False)
    return replace(
        row,
        language=event.language or row.language,
        subject=event.subject or row.subject,
        attributes=attributes,
    )


def _placed(row: ItemRow, event: e.ItemQueued | e.ItemDeferred) -> ItemRow:
    queued_at = row.queued_at
    if isinstance(event, e.ItemQueued) and queued_at is None:
        queued_at = event.first_queued_at
    return replace(
        row,
        queue=event.queue,
        form=event.form.value,
        tempo=event.tempo.value,
        due_at=event.due_at,
        queued_at=queued_at,
    )


def _answered(row: ItemRow, event: e.HandlingStarted) -> ItemRow:
    row = replace(row, agent=event.agent, handling_since=event.at)
    if row.answered_at is not None:
        return row
    waited = None if row.queued_at is None else event.at - row.queued_at
    return replace(row, answered_at=event.at, waited=waited)


def _responded(row: ItemRow, event: e.MessageAdded) -> ItemRow:
    if row.responded_at is not None or event.kind not in SAID:
        return row
    return replace(row, responded_at=event.at)


def _ended(
    row: ItemRow, event: e.ItemClosed | e.ItemAbandoned | e.ItemDiverted | e.ItemShunted
) -> ItemRow:
    if row.answered_at is None and row.queued_at is not None:
        row = replace(row, waited=event.at - row.queued_at)
    row = replace(row, ended_at=event.at)
    match event:
        case e.ItemClosed():
            note = event.note_ref or row.note_ref
            return replace(row, outcome=event.outcome, code=event.code, note_ref=note)
        case e.ItemDiverted():
            return replace(row, outcome=event.to)
    return replace(row, outcome=event.reason)


def _told(event: e.Event, item_id: str, more: dict[str, str]) -> str:
    """Return the event's fields as JSON, without ids that stand beside it and empty values."""
    shown: dict[str, Any] = {
        field: value
        for field, value in msgspec.structs.asdict(event).items()
        if field not in HIDDEN and value not in ("", None, (), False, item_id)
    }
    shown |= more
    return msgspec.json.encode(shown, order="sorted").decode()
