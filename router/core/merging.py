"""Two items about the same matter, and one item about two: merging and splitting, both reversible.

A merged item has ended and stays beside the one it went into for as long as that one does: what
its resident writes goes there, and the answers from there go to its resident, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import commands_text as c
from router.core import events as e
from router.core.arrivals import open_item
from router.core.callbacks import closed
from router.core.correspondence import WRITTEN, with_text
from router.core.model import (
    ENDED,
    Channel,
    Form,
    Instant,
    ItemState,
    OfferEnding,
    Tempo,
)
from router.core.offers import end_offers
from router.core.queueing import KEPT_AS, line_up, queue_of
from router.core.records import Conversation, Item
from router.core.state import State
from router.core.threads import goes_on_elsewhere, opened_again, wake
from router.core.transcript import added
from router.core.waiting import IN_LINE
from router.errors import NotAllowed, NotNow, UnknownTarget

Events = Iterator[e.Event]

_OVER = ENDED | {ItemState.WRAP_UP}


def merge(s: State, now: Instant, c_: c.MergeItems) -> Events:
    """The item is about the same as another and ends; its conversation goes on there.

    Raises:
        NotNow: one of them is over, or is no writing.
        NotAllowed: somebody else has the item in hand.
    """
    item, into = open_item(s, c_.item_id), open_item(s, c_.into)
    with_text(item), with_text(into)
    if item.id == into.id:
        raise NotNow(f"item {item.id!r} cannot be merged into itself")
    for row in (item, into):
        if row.state in _OVER:
            raise NotNow(f"item {row.id!r} is {row.state}: only open work is merged")
        if row.form not in WRITTEN:
            raise NotNow(f"item {row.id!r} is a {row.form}: only what is written is merged")
    if item.agent is not None and item.agent != c_.by:
        raise NotAllowed(f"item {item.id!r} is with {item.agent}")
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, "merged")
    yield e.ItemMerged(at=now, item=item.id, into=into.id, by=c_.by)
    yield closed(s, now, item.id, "merged")
    yield from _joined_by(s, now, s.items[into.id], item)


def _joined_by(s: State, now: Instant, into: Item, item: Item) -> Events:
    """What is asked there now cannot sleep, nor wait longer than it would have by itself."""
    why = f"item {item.id} was merged into it"
    if into.state is ItemState.DEFERRED and into.text is not None and into.text.waiting_for:
        if into.text.unanswered_since is not None:
            yield from wake(s, now, into, why)
    elif into.state in IN_LINE and item.state in IN_LINE and item.urgency_at < into.urgency_at:
        yield e.ItemPrioritised(
            at=now,
            item=into.id,
            head_start=into.head_start,
            urgency_at=item.urgency_at,
            rule=why,
        )


def unmerge(s: State, now: Instant, c_: c.UnmergeItem) -> Events:
    """Take a merge back."""
    item = open_item(s, c_.item_id)
    into = with_text(item).merged_into
    if into is None:
        raise NotNow(f"item {item.id!r} was not merged")
    yield e.ItemUnmerged(at=now, item=item.id, from_item=into, by=c_.by)
    other = goes_on_elsewhere(s, s.items[item.id])
    if other is not None:
        raise NotNow(f"the conversation of item {item.id!r} goes on in {other.id!r}")
    yield from opened_again(s, now, s.items[item.id], c_.by, "merge taken back")
    row = s.items[item.id]
    yield from _into_line(s, now, row, row, "merge taken back")


def split(s: State, now: Instant, c_: c.SplitItem) -> Events:
    """Give what was written from a message on to an item of its own.

    Raises:
        UnknownTarget: there is no such message.
    """
    if c_.new_id in s.items or c_.conversation in s.conversations:
        return
    item = open_item(s, c_.item_id)
    row = s.conversations.get(with_text(item).conversation)
    rest = [m for m in row.messages if m.number >= c_.number] if row is not None else []
    if row is None or not rest:
        raise UnknownTarget(f"item {item.id!r} has no message {c_.number}")
    yield from _second(s, now, item, row, c_, rest[0].ref)
    for message in rest:
        yield added(
            s,
            now,
            c_.conversation,
            c_.new_id,
            by=message.by,
            ref=message.ref,
            kind=message.kind,
            note=message.note,
        )
    yield e.ItemLinked(at=now, item=c_.new_id, to=item.id, why="split off")
    yield e.ItemSplit(at=now, item=item.id, new=c_.new_id, number=c_.number, by=c_.by)
    yield from _into_line(s, now, s.items[c_.new_id], item, f"split off {item.id}")


def _second(
    s: State, now: Instant, item: Item, row: Conversation, c_: c.SplitItem, words_ref: str
) -> Events:
    """Begin the item and the conversation; who was in a chat is answered by mail there."""
    channel = Channel.MAIL if s.policy.mail is not None else row.channel
    is_form = item.form is Form.SUBMISSION
    yield e.ItemReceived(
        at=now,
        item=c_.new_id,
        channel=item.channel,
        tempo=Tempo.SLOW_TEXT,
        form=item.form if is_form else KEPT_AS.get(item.channel, Form.MESSAGE),
        called=item.called,
        address_key=row.address_key,
        contact_ref=row.contact_ref,
        words_ref=words_ref,
        call_id="",
        language=row.language,
        subject=item.subject,
    )
    yield e.ConversationBegun(
        at=now,
        conversation=c_.conversation,
        channel=channel,
        door=row.door,
        address_key=row.address_key,
        contact_ref=row.contact_ref,
        language=row.language,
    )
    yield e.ConversationJoined(at=now, conversation=c_.conversation, item=c_.new_id)


def _into_line(s: State, now: Instant, item: Item, like: Item, rule: str) -> Events:
    """Put it in line at the queue of another item."""
    yield from line_up(
        s,
        now,
        item,
        queue_of(s, like),
        form=item.form,
        first_queued_at=item.first_queued_at or item.received_at,
        rule=rule,
        anew=False,
    )
