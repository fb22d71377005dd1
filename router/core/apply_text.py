"""Folding facts about conversations and the items that are the work on them into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.apply_line import item_of, release
from router.core.lifecycle import move
from router.core.model import ItemId
from router.core.records import Conversation, DialRow, Item, Message, TextWork
from router.core.state import State
from router.core.transcript import AGENT, RESIDENT, SAID
from router.errors import InvariantBroken


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
    if item.text is None:
        state.put_item(ev.item, replace(item, text=TextWork(conversation=ev.conversation)))


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
    text, into = text_of(item_of(state, ev.item)), text_of(item_of(state, ev.into))
    _put_text(state, ev.item, merged_into=ev.into, page_due=None)
    owed = [since for since in (text.unanswered_since, into.unanswered_since) if since is not None]
    _put_text(
        state,
        ev.into,
        merged=(*into.merged, ev.item),
        unanswered_since=min(owed, default=None),
    )


def _unmerged(state: State, ev: e.ItemUnmerged) -> None:
    _put_text(state, ev.item, merged_into=None)
    into = state.items.get(ev.from_item)
    if into is not None and into.text is not None:
        left = tuple(i for i in into.text.merged if i != ev.item)
        _put_text(state, ev.from_item, merged=left)


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
