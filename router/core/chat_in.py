"""What residents do in a chat: write, give their address, ask to be rung, leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands_text as c
from router.core import events as e
from router.core.callbacks import closed
from router.core.handling import after_talk
from router.core.model import (
    ENDED,
    HOUR,
    IN_LINE,
    Channel,
    Form,
    Instant,
    ItemState,
    OfferEnding,
    Span,
)
from router.core.offers import end_offers
from router.core.policy_text import ChatPolicy
from router.core.records import Conversation, Item
from router.core.state import State
from router.core.text_level import THEIR_TURN
from router.core.threads import (
    begin_item,
    chat_policy,
    conversation_of,
    enter_for_owner,
    kept,
    wake,
    work_on,
)
from router.core.transcript import AGENT, RESIDENT, SAID, added
from router.core.waiting import abandon
from router.core.wished_callbacks import check_wish, wished
from router.core.wishes import send_mail
from router.errors import NotNow, UnknownTarget

Events = Iterator[e.Event]

SLEEP: Final[Span] = HOUR  # of a silent chat where the town has no rules of chat any more


def receive_chat(s: State, now: Instant, c_: c.ReceiveChat) -> Events:
    """A resident has said something."""
    if c_.key in s.keys:
        return
    chat = chat_policy(s)
    conversation = s.conversations.get(c_.conversation)
    item = work_on(s, conversation) if conversation is not None else None
    if item is None or item.state in ENDED or item.state is ItemState.WRAP_UP:
        yield from _new_item(s, now, c_, chat, conversation, item)
        return
    yield kept(s, now, c_.key, item.id)
    yield added(s, now, c_.conversation, item.id, by=RESIDENT, ref=c_.words_ref, kind=c_.kind)
    item = s.items[item.id]
    if item.state is ItemState.DEFERRED and item.text is not None and item.text.waiting_for:
        form = Form.CHAT if item.channel is Channel.CHAT else None
        yield from wake(s, now, item, "the resident is back", form=form)


def _new_item(
    s: State,
    now: Instant,
    c_: c.ReceiveChat,
    chat: ChatPolicy,
    conversation: Conversation | None,
    before: Item | None,
) -> Events:
    door = chat.door(c_.door)
    yield from begin_item(
        s,
        now,
        item_id=c_.item_id,
        channel=Channel.CHAT,
        door=door.id,
        conversation=c_.conversation,
        address_key=conversation.address_key if conversation is not None else c_.address_key,
        contact_ref=conversation.contact_ref if conversation is not None else c_.contact_ref,
        words_ref=c_.words_ref,
        language=c_.language,
        subject=door.subject,
    )
    yield kept(s, now, c_.key, c_.item_id)
    yield added(s, now, c_.conversation, c_.item_id, by=RESIDENT, ref=c_.words_ref, kind=c_.kind)
    if before is not None:
        yield e.ItemLinked(at=now, item=c_.item_id, to=before.id, why="the same chat before")
        owner = before.text.owner if before.text is not None else None
        recent = before.ended_at is None or now - before.ended_at <= chat.to_owner_for
        if owner is not None and recent:
            yield e.OwnerNoted(at=now, item=c_.item_id, owner=owner)
    why = f"chat door {door.id} goes to queue {door.queue}"
    yield from enter_for_owner(s, now, c_.item_id, door.queue, why)


def give_contact(s: State, now: Instant, c_: c.GiveContact) -> Events:
    """The resident says who they are."""
    conversation = conversation_of(s, c_.conversation)
    if conversation.contact_ref == c_.contact_ref:
        return
    item = work_on(s, conversation)
    yield e.ContactGiven(
        at=now,
        conversation=conversation.id,
        item=item.id if item is not None else None,
        contact_ref=c_.contact_ref,
        address_key=c_.address_key,
    )


def ask_callback(s: State, now: Instant, c_: c.AskCallback) -> Events:
    """The resident would rather be rung; who waits in line keeps the place.

    Raises:
        NotNow: somebody has the chat in hand, or the time is no longer free.
        NotAllowed: the queue does not call back.
    """
    chat = chat_policy(s)
    door = chat.door(c_.door)
    conversation = s.conversations.get(c_.conversation)
    item = work_on(s, conversation) if conversation is not None else None
    if item is not None and item.form is Form.CALLBACK and item.state not in ENDED:
        return
    if item is None or item.state in ENDED:
        yield from begin_item(
            s,
            now,
            item_id=c_.item_id,
            channel=Channel.CHAT,
            door=door.id,
            conversation=c_.conversation,
            address_key=c_.address_key,
            contact_ref=c_.contact_ref,
            words_ref="",
            language=c_.language,
            subject=door.subject,
        )
        item = s.items[c_.item_id]
    elif item.text is None or item.text.conversation != c_.conversation:
        raise NotNow(f"the conversation goes on in item {item.id!r}: ask the agent for a call")
    elif item.state not in IN_LINE and item.state is not ItemState.DEFERRED:
        raise NotNow(f"item {item.id!r} is {item.state}: ask the agent for a call")
    if item.text is not None and item.text.waiting_for:
        yield e.ItemWoken(at=now, item=item.id, why="rather a call", due_at=item.due_at)
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, "the resident would rather be rung")
    item = s.items[item.id]
    queue = s.policy.queues.get(item.queue) if item.queue is not None else None
    queue = queue if queue is not None else s.policy.queues[door.queue]
    check_wish(s, now, queue, c_.starts)
    why = "the resident of a chat would rather be rung"
    key, ref = c_.address_key, c_.contact_ref
    yield from wished(s, now, item, queue, key, ref, c_.starts, why)


def leave_chat(s: State, now: Instant, c_: c.LeaveChat) -> Events:
    """The resident has ended the chat."""
    conversation = s.conversations.get(c_.conversation)
    item = work_on(s, conversation) if conversation is not None else None
    if conversation is None or item is None or item.form is not Form.CHAT or item.text is None:
        return
    if item.text.conversation != conversation.id:
        return  # merged: the work is somebody else's as well
    alone, state = not item.text.merged, item.state
    if alone and state in IN_LINE:
        yield from abandon(s, now, item, "left the chat")
    elif alone and state is ItemState.DEFERRED and item.text.waiting_for in THEIR_TURN:
        yield closed(s, now, item.id, "the resident left")
    elif state not in ENDED and not item.text.resident_left:
        yield e.ResidentLeft(at=now, conversation=conversation.id, item=item.id)
        if alone and state is ItemState.HANDLING:
            yield from after_talk(s, now, s.items[item.id])


def rate_chat(s: State, now: Instant, c_: c.RateChat) -> Events:
    """The answer to the survey; a second one replaces the first."""
    conversation = conversation_of(s, c_.conversation)
    if not 1 <= c_.score <= 5:
        raise NotNow(f"score {c_.score} is not between 1 and 5")
    if conversation.item is None or conversation.item not in s.items:
        raise UnknownTarget(f"conversation {conversation.id!r} has no item any more")
    yield e.ChatRated(
        at=now,
        conversation=conversation.id,
        item=conversation.item,
        score=c_.score,
        ref=c_.words_ref,
    )


def ask_transcript(s: State, now: Instant, c_: c.AskTranscript) -> Events:
    """Send what was said so far by mail."""
    if c_.key in s.keys:
        return
    conversation = conversation_of(s, c_.conversation)
    if s.policy.mail is None:
        raise UnknownTarget("the town sends no mail: a transcript cannot be sent")
    item_id = conversation.item
    if item_id is None or item_id not in s.items:
        raise UnknownTarget(f"conversation {conversation.id!r} has no item any more")
    yield kept(s, now, c_.key, item_id)
    yield send_mail(
        s,
        now,
        item_id,
        conversation.id,
        "transcript",
        contact_ref=c_.contact_ref,
    )


def mail_unread(s: State, now: Instant, c_: c.MailUnread) -> Events:
    """What a resident who is away has not seen goes by mail, once."""
    conversation = conversation_of(s, c_.conversation)
    since = max(c_.number, conversation.mailed)
    later = [m for m in conversation.messages if m.number > since and m.kind in SAID]
    unread = [m for m in later if m.by.startswith(AGENT)]
    item_id = conversation.item
    if not unread or item_id is None or item_id not in s.items or not conversation.contact_ref:
        return
    if s.policy.mail is None:
        return
    yield e.UnreadMailed(
        at=now, conversation=conversation.id, item=item_id, number=conversation.count
    )
    yield send_mail(s, now, item_id, conversation.id, "unread", since=since)


def fell_silent(s: State, now: Instant, item: Item) -> Events:
    """The resident has not answered for long: the chat sleeps and frees its agent."""
    chat = s.policy.chat
    yield e.ItemParked(
        at=now,
        item=item.id,
        waiting_for="dormant",
        until=now + (chat.dormant_max if chat is not None else SLEEP),
        owner=item.agent,
    )
