"""What was one becomes two: a merge taken back, and a second matter split off.

Taking a merge back leaves both as if it had never been: state, place and promises as they were,
and to each what was written to and fro with its own resident meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands_text as c
from router.core import events as e
from router.core.arrivals import open_item
from router.core.buckets import NAMED
from router.core.callbacks import give_up
from router.core.correspondence import with_text
from router.core.families import family
from router.core.first_response import due_at
from router.core.model import (
    ENDED,
    IN_LINE,
    Channel,
    Form,
    Instant,
    ItemState,
    OfferEnding,
    Tempo,
)
from router.core.offers import end_offers
from router.core.queueing import KEPT_AS, late_at, line_up, look_again, queue_of
from router.core.ranking import put_at
from router.core.records import Conversation, Item, Message, TextWork
from router.core.relations import earliest, is_merged
from router.core.service_level import local_day
from router.core.state import State
from router.core.text_level import threshold_of
from router.core.threads import goes_on_elsewhere, wake
from router.core.transcript import AGENT, RESIDENT, SAID, TOWN, added
from router.errors import NotNow, UnknownTarget

Events = Iterator[e.Event]

_TAKEN_BACK: Final = "merge taken back"


# --- a merge taken back --------------------------------------------------------------------------


def unmerge(s: State, now: Instant, c_: c.UnmergeItem) -> Events:
    """Take a merge back.

    Raises:
        NotNow: it was not merged; a newer item is the work on its conversation by now.
    """
    item = open_item(s, c_.item_id)
    text = item.text
    if text is None or text.merged_into is None:
        raise NotNow(f"item {item.id!r} was not merged")
    into = s.items[text.merged_into]
    rest = tuple(i for i in into.text.merged if i != item.id) if into.text is not None else ()
    others = [s.items[i] for i in rest]
    back_as = ItemState(text.merged_as or ItemState.QUEUED)
    since, responded_at = _turns(s, item)
    yield e.ItemUnmerged(
        at=now,
        item=item.id,
        from_item=into.id,
        by=c_.by,
        back_as=back_as.value,
        day=local_day(s, text.merged_at) if text.merged_at is not None else "",
        unanswered_since=since,
        responded_at=responded_at,
        due_at=_due_again(s, item, since),
        left_unanswered_since=_left_owed(s, into, others),
        left_due_at=_left_due(into, item, text, others),
    )
    other = goes_on_elsewhere(s, s.items[item.id])
    if other is not None:
        raise NotNow(f"the conversation of item {item.id!r} goes on in {other.id!r}")
    if back_as not in ENDED:
        row = s.conversations.get(text.conversation)
        if row is not None and row.item != item.id:
            yield e.ConversationJoined(at=now, conversation=row.id, item=item.id)
        yield from _back(s, now, s.items[item.id], back_as, _has_written(s, item))
    yield from _left(s, now, into, item, others)


def _turns(s: State, item: Item) -> tuple[Instant | None, Instant | None]:
    """Return since when an answer is owed to its own resident, and when the first was given.

    That is how it stood when it was merged, and what has been said in its conversation since.
    """
    text = item.text
    if text is not None and not text.conversation and text.merged and is_merged(item):
        return text.unanswered_since, None  # what is owed to those who went into it before
    if text is None or not text.conversation:
        was_open = item.state not in ENDED or text is None or text.merged_as not in ENDED
        return (item.received_at if was_open else None), None
    first = text.responded_at
    since = text.unanswered_since if text.merged_into is not None else text.own_unanswered_since
    for message in _since_merged(s, text):
        if message.by == RESIDENT and message.kind in SAID:
            since = message.at if since is None else since
        elif message.by.startswith(AGENT) and message.kind in SAID:
            since, first = None, message.at if first is None else first
    return since, first


def _since_merged(s: State, text: TextWork) -> list[Message]:
    """Return what was added to its own conversation since it was merged, or others into it."""
    row = s.conversations.get(text.conversation)
    messages = row.messages if row is not None else ()
    after = text.merged_after if text.merged_into is not None else text.joined_after
    return [m for m in messages if m.number > after]


def _has_written(s: State, item: Item) -> bool:
    """Say whether its resident, or a department, has written since it was merged."""
    found = _since_merged(s, item.text) if item.text is not None else []
    return any(m.by != TOWN and not m.by.startswith(AGENT) for m in found)


def _due_again(s: State, item: Item, since: Instant | None) -> Instant | None:
    """Return its promise as it was, unless it was kept meanwhile: then that of the last turn."""
    found = _since_merged(s, item.text) if item.text is not None else []
    if not any(m.by.startswith(AGENT) and m.kind in SAID for m in found):
        return item.due_at
    if since is None or item.tempo is not Tempo.SLOW_TEXT:  # who chats waits there and then
        return None
    return due_at(s, since, queue_of(s, item), item.channel)


def _left_owed(s: State, into: Item, others: list[Item]) -> Instant | None:
    """Return since when an answer is owed in what is left; an answer was one to everybody."""
    if into.text is None or into.text.unanswered_since is None:
        return None
    rows = [into, *(row for each in others for row in family(s, each))]
    return earliest(_turns(s, row)[0] for row in rows)


def _left_due(into: Item, item: Item, text: TextWork, others: list[Item]) -> Instant | None:
    """Return what was promised without the item, if it was the item's promise that counted."""
    if not text.is_due_first or into.due_at != item.due_at:
        return into.due_at
    return earliest([text.due_before, *(each.due_at for each in _later(into, item, others))])


def _back(s: State, now: Instant, item: Item, back_as: ItemState, has_written: bool) -> Events:
    """Put it where it was; what is in nobody's hand any more waits at its old place."""
    waiting_for = item.text.waiting_for if item.text is not None else ""
    until = max(now, item.deferred_until or now)
    if item.callback is not None and item.callback.expires_at <= now:
        yield from give_up(s, now, item, "expired")
    elif waiting_for and has_written:
        yield from wake(s, now, item, _TAKEN_BACK)
    elif waiting_for:
        yield e.ItemParked(
            at=now,
            item=item.id,
            waiting_for=waiting_for,
            until=until,
            owner=None,
            threshold_at=threshold_of(item, waiting_for),
        )
    elif back_as is ItemState.DEFERRED:
        yield e.ItemDeferred(
            at=now,
            item=item.id,
            until=until,
            queue=queue_of(s, item).id,
            form=item.form,
            tempo=item.tempo,
            reason=_TAKEN_BACK,
            due_at=item.due_at,
            threshold_at=threshold_of(item),
        )
    elif item.first_queued_at is None or item.requirement.startswith(NAMED):
        yield from _into_line(s, now, item, item, _TAKEN_BACK)
        row = s.items[item.id]
        if item.first_queued_at is not None and item.urgency_at < row.urgency_at:
            # it had the place of one that had gone into it
            yield put_at(now, row, item.urgency_at, _TAKEN_BACK)
    else:
        yield _old_place(s, now, item, item.first_queued_at)
        yield from look_again(s, now, s.items[item.id], _TAKEN_BACK)


def _old_place(s: State, now: Instant, item: Item, first_queued_at: Instant) -> e.ItemQueued:
    """Return the event that puts it in line exactly where it stood."""
    queue = queue_of(s, item)
    return e.ItemQueued(
        at=now,
        item=item.id,
        queue=item.queue if item.queue is not None else queue.id,
        form=item.form,
        tempo=item.tempo,
        first_queued_at=first_queued_at,
        urgency_at=item.urgency_at,
        head_start=item.head_start,
        requirement=item.requirement,
        step=item.step,
        step_due=item.step_due,
        threshold_at=threshold_of(item),
        due_at=item.due_at,
        late_at=late_at(now, item, queue, item.form, item.due_at, anew=True),
        rule=_TAKEN_BACK,
    )


def _left(s: State, now: Instant, before: Item, item: Item, others: list[Item]) -> Events:
    """Let what is left sleep on or move back, if only the item had woken or moved it."""
    into, text = s.items[before.id], item.text
    if into.state not in IN_LINE or text is None:
        return
    still = _has_written(s, before) or any(_turns(s, each)[0] is not None for each in others)
    if text.slept_for and not still:
        yield from end_offers(s, now, into, OfferEnding.WITHDRAWN, _TAKEN_BACK)
        until = max(now, text.slept_until or now)
        yield e.ItemParked(
            at=now,
            item=into.id,
            waiting_for=text.slept_for,
            until=until,
            owner=None,
            threshold_at=threshold_of(into, text.slept_for),
        )
    elif text.moved_up_from and before.urgency_at == item.urgency_at:
        places = [row.urgency_at for row in _later(before, item, others) if _had_place(row)]
        yield put_at(now, into, min([text.moved_up_from, *places]), _TAKEN_BACK)


def _later(into: Item, item: Item, others: list[Item]) -> list[Item]:
    """Return those that were merged after the item."""
    merged = into.text.merged if into.text is not None else ()
    return others[merged.index(item.id) :]


def _had_place(row: Item) -> bool:
    return row.text is not None and row.text.merged_as == ItemState.QUEUED


# --- a second matter -----------------------------------------------------------------------------


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
