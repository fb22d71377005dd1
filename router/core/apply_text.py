"""Folding facts about conversations and the items that are the work on them into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.apply_line import alive_again, item_of, release
from router.core.lifecycle import move
from router.core.model import ENDED, Instant, ItemId, ItemState, Tempo
from router.core.records import Conversation, DialRow, Item, Message, TextWork
from router.core.relations import earliest, has_conversation, owed_since, takes_place
from router.core.state import State
from router.core.transcript import AGENT, RESIDENT, SAID
from router.errors import InvariantBroken

DUPLICATES: Final = "duplicates:"  # row of `dials` that counts merges
_NOTHING: Final = TextWork(conversation="")


def conversation_of(state: State, conversation_id: str) -> Conversation:
    """Return the conversation's row. Raises InvariantBroken when there is none."""
    row = state.conversations.get(conversation_id)
    if row is None:
        raise InvariantBroken(f"event for unknown conversation {conversation_id!r}")
    return row


def text_of(item: Item) -> TextWork:
    """Return what only text items have. Raises InvariantBroken when the item has it not."""
    if item.text is None:
        raise InvariantBroken(f"item {item.id!r} has no conversation")
    return item.text


def _put_text(state: State, item_id: ItemId, **changes: Any) -> None:
    item = item_of(state, item_id)
    state.put_item(item_id, replace(item, text=replace(text_of(item), **changes)))


# --- conversations -------------------------------------------------------------------------------


def _begun(state: State, ev: e.ConversationBegun) -> None:
    state.put_conversation(
        ev.conversation,
        Conversation(
            id=ev.conversation,
            channel=ev.channel,
            door=ev.door,
            address_key=ev.address_key,
            contact_ref=ev.contact_ref,
            language=ev.language,
            begun_at=ev.at,
            count=ev.count,
        ),
    )


def _joined(state: State, ev: e.ConversationJoined) -> None:
    row = conversation_of(state, ev.conversation)
    state.put_conversation(ev.conversation, replace(row, item=ev.item))
    item = item_of(state, ev.item)
    if not has_conversation(item):
        text = replace(item.text or _NOTHING, conversation=ev.conversation)
        state.put_item(ev.item, replace(item, text=text))


def _message(state: State, ev: e.MessageAdded) -> None:
    row = conversation_of(state, ev.conversation)
    message = Message(
        number=ev.number, kind=ev.kind, by=ev.by, at=ev.at, ref=ev.ref, item=ev.item, note=ev.note
    )
    state.put_conversation(
        ev.conversation, replace(row, count=ev.number, messages=(*row.messages, message))
    )
    item = item_of(state, ev.item)
    text = text_of(item)
    if ev.kind not in SAID:
        return
    if ev.by == RESIDENT:
        since = text.unanswered_since if text.unanswered_since is not None else ev.at
        text = replace(text, unanswered_since=since, idle_due=None, resident_left=False)
        state.put_item(ev.item, replace(item, text=text))
    elif ev.by.startswith(AGENT):
        first = text.responded_at if text.responded_at is not None else ev.at
        text = replace(text, unanswered_since=None, responded_at=first, idle_due=ev.idle_due)
        state.put_item(ev.item, replace(item, text=text, due_at=None))


def _contact_given(state: State, ev: e.ContactGiven) -> None:
    row = conversation_of(state, ev.conversation)
    state.put_conversation(
        ev.conversation, replace(row, contact_ref=ev.contact_ref, address_key=ev.address_key)
    )
    if ev.item is not None:
        item = item_of(state, ev.item)
        state.put_item(
            ev.item, replace(item, contact_ref=ev.contact_ref, address_key=ev.address_key)
        )


def _unread_mailed(state: State, ev: e.UnreadMailed) -> None:
    row = conversation_of(state, ev.conversation)
    state.put_conversation(ev.conversation, replace(row, mailed=ev.number))


def _rated(state: State, ev: e.ChatRated) -> None:
    row = conversation_of(state, ev.conversation)
    state.put_conversation(ev.conversation, replace(row, score=ev.score))


def _resident_left(state: State, ev: e.ResidentLeft) -> None:
    _put_text(state, ev.item, resident_left=True, idle_due=None)


def _auto_answered(state: State, ev: e.AutoAnswered) -> None:
    row = state.dials.get(ev.target)
    count = row.count + 1 if row is not None and row.day == ev.day else 1
    state.put_dial(ev.target, DialRow(target=ev.target, day=ev.day, count=count))


# --- rules, links, merges ------------------------------------------------------------------------


def _linked(state: State, ev: e.ItemLinked) -> None:
    _put_text(state, ev.item, linked_to=ev.to)


def _owner_noted(state: State, ev: e.OwnerNoted) -> None:
    _put_text(state, ev.item, owner=ev.owner)


def _rule_applied(state: State, ev: e.RuleApplied) -> None:
    item = item_of(state, ev.item)
    text = replace(text_of(item), rule=ev.rule, urgent=ev.urgent)
    state.put_item(ev.item, replace(item, text=text, subject=ev.subject or item.subject))


def _rule_undone(state: State, ev: e.RuleUndone) -> None:
    item = item_of(state, ev.item)
    text = replace(text_of(item), rule="", urgent=False, page_due=None)
    state.put_item(ev.item, replace(item, text=text, subject=ev.subject, requires="", head_start=0))


def _merged(state: State, ev: e.ItemMerged) -> None:
    item, into = item_of(state, ev.item), item_of(state, ev.into)
    moves_up = takes_place(item, into)
    text = replace(
        item.text or _NOTHING,
        merged_into=ev.into,
        merged_at=ev.at,
        merged_after=_count_of(state, item),
        merged_as=item.state.value,
        slept_for=ev.slept_for,
        slept_until=ev.slept_until,
        moved_up_from=into.urgency_at if moves_up else 0,
        is_due_first=ev.due_at not in (None, into.due_at),
        due_before=into.due_at,
        page_due=None,
    )
    state.put_item(ev.item, replace(item, text=text))
    other = into.text or _NOTHING
    if not other.merged:
        other = replace(
            other,
            own_unanswered_since=other.unanswered_since,
            joined_after=_count_of(state, into),
        )
    other = replace(
        other,
        merged=(*other.merged, ev.item),
        unanswered_since=earliest((owed_since(item), owed_since(into))),
    )
    due = ev.due_at if ev.due_at is not None else into.due_at
    state.put_item(ev.into, replace(_due(into, due, ev.at), text=other))
    _count_duplicate(state, ev.day, 1)


def _due(item: Item, due: Instant | None, now: Instant) -> Item:
    """Return the row with another promise; that it is overdue is noted then, if not before.

    What was promised to the other may be over by now: then it is noted at once.
    """
    late_at = item.late_at
    if late_at is not None and item.tempo is Tempo.SLOW_TEXT:
        late_at = None if due is None else max(due, now)
    return replace(item, due_at=due, late_at=late_at)


def _count_of(state: State, item: Item) -> int:
    """Return the number of the last message of the item's conversation; 0 without one."""
    row = state.conversations.get(item.text.conversation) if item.text is not None else None
    return row.count if row is not None else 0


def _unmerged(state: State, ev: e.ItemUnmerged) -> None:
    item = gone = item_of(state, ev.item)
    into = item_of(state, ev.from_item)
    text = replace(
        text_of(item),
        merged_into=None,
        merged_at=None,
        merged_after=0,
        merged_as="",
        slept_for="",
        slept_until=None,
        moved_up_from=0,
        is_due_first=False,
        due_before=None,
    )
    other = text_of(into)
    other = replace(other, merged=tuple(i for i in other.merged if i != ev.item))
    if not other.merged:
        other = replace(other, own_unanswered_since=None, joined_after=0)
    if ev.back_as:
        other = replace(other, unanswered_since=ev.left_unanswered_since)
        into = _due(into, ev.left_due_at, ev.at)
        text = replace(text, unanswered_since=ev.unanswered_since, responded_at=ev.responded_at)
        item = replace(item, due_at=ev.due_at)
        if ItemState(ev.back_as) not in ENDED:
            item = alive_again(item, ev)
        elif item.forget_at is not None:
            item = replace(item, forget_at=max(item.forget_at, ev.at))
    state.put_item(ev.item, replace(item, text=_if_any(text)))
    state.put_item(ev.from_item, replace(into, text=_if_any(other)))
    for name in other.merged:
        _forget_whom_it_passed(state, item_of(state, name), gone)
    _count_duplicate(state, ev.day, -1)


def _forget_whom_it_passed(state: State, item: Item, gone: Item) -> None:
    """What had taken over place or promise from one that is gone took it from the one before.

    What that one had woken sleeps again when the last of those that keep it awake goes, too.
    """
    text, before = text_of(item), text_of(gone)
    if text.moved_up_from and text.moved_up_from == gone.urgency_at and before.moved_up_from:
        text = replace(text, moved_up_from=before.moved_up_from)
    if text.is_due_first and text.due_before == gone.due_at and before.is_due_first:
        text = replace(text, due_before=before.due_before)
    if before.slept_for and not text.slept_for:
        text = replace(text, slept_for=before.slept_for, slept_until=before.slept_until)
    state.put_item(item.id, replace(item, text=text))


def _if_any(text: TextWork) -> TextWork | None:
    """Return None for what has neither a conversation nor anything merged."""
    has_any = text.conversation or text.merged or text.merged_into is not None
    return text if has_any else None


def _count_duplicate(state: State, day: str, number: int) -> None:
    """Count the merges of a day that stand; of a past day nothing is counted any more."""
    row = state.dials.get(DUPLICATES)
    if not day or (number < 0 and (row is None or row.day != day)):
        return
    before = row.count if row is not None and row.day == day else 0
    state.put_dial(DUPLICATES, DialRow(target=DUPLICATES, day=day, count=before + number))


# --- paging and parking --------------------------------------------------------------------------


def _page_sent(state: State, ev: e.PageSent) -> None:
    _put_text(
        state,
        ev.item,
        page_rule=ev.rule,
        page_index=ev.index,
        page_due=ev.due,
        page_answered_by="",
    )


def _page_answered(state: State, ev: e.PageAnswered) -> None:
    _put_text(state, ev.item, page_due=None, page_answered_by=ev.contact)


def _parked(state: State, ev: e.ItemParked) -> None:
    item = item_of(state, ev.item)
    following = move(item.state, ev)
    release(state, item, ev)
    text = replace(
        text_of(item),
        owner=ev.owner if ev.owner is not None else text_of(item).owner,
        waiting_for=ev.waiting_for,
        parked_at=ev.at,
        idle_due=None,
    )
    state.put_item(
        ev.item,
        replace(
            item,
            state=following,
            deferred_until=ev.until,
            threshold_at=ev.threshold_at,
            agent=None,
            handled_since=None,
            offers=(),
            text=text,
        ),
    )


def _woken(state: State, ev: e.ItemWoken) -> None:
    item = item_of(state, ev.item)
    text = replace(text_of(item), waiting_for="", parked_at=None)
    state.put_item(ev.item, replace(item, due_at=ev.due_at, text=text))


def _nothing(state: State, ev: e.Event) -> None:
    """Applied for the story alone."""


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.ConversationBegun: _begun,
    e.ConversationJoined: _joined,
    e.MessageAdded: _message,
    e.ContactGiven: _contact_given,
    e.ItemLinked: _linked,
    e.OwnerNoted: _owner_noted,
    e.RuleApplied: _rule_applied,
    e.RuleUndone: _rule_undone,
    e.MailKept: _nothing,
    e.DeliveryFailed: _nothing,
    e.AutoAnswered: _auto_answered,
    e.PageSent: _page_sent,
    e.PageAnswered: _page_answered,
    e.ResidentLeft: _resident_left,
    e.ChatRated: _rated,
    e.ItemMerged: _merged,
    e.ItemUnmerged: _unmerged,
    e.ItemSplit: _nothing,
    e.ItemParked: _parked,
    e.UnreadMailed: _unread_mailed,
    e.ItemWoken: _woken,
}
