"""Which item is the work on a conversation, and how that work goes on when somebody writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.fallback import enter_queue
from router.core.index import NAMED
from router.core.model import (
    ENDED,
    AgentId,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
)
from router.core.policy_text import ChatPolicy, MailPolicy
from router.core.queueing import TEMPO_OF, due_at, line_up, queue_of
from router.core.records import Conversation, Item
from router.core.state import State
from router.core.transcript import RESIDENT
from router.errors import NotNow, UnknownTarget

Events = Iterator[e.Event]

FOLLOW_MAX: Final = 20  # merges followed; more would be a circle

FORM_OF: Final = {Channel.MAIL: Form.MAIL, Channel.CHAT: Form.CHAT}


def mail_policy(s: State) -> MailPolicy:
    """Return the rules of mail. Raises UnknownTarget where the town has none."""
    if s.policy.mail is None:
        raise UnknownTarget("the policy has no mail: add config/mail.yaml")
    return s.policy.mail


def chat_policy(s: State) -> ChatPolicy:
    """Return the rules of chat. Raises UnknownTarget where the town has none."""
    if s.policy.chat is None:
        raise UnknownTarget("the policy has no chat: add config/chat.yaml")
    return s.policy.chat


def conversation_of(s: State, conversation_id: str) -> Conversation:
    """Return the row. Raises UnknownTarget."""
    row = s.conversations.get(conversation_id)
    if row is None:
        raise UnknownTarget(f"no conversation {conversation_id!r}: it may have ended long ago")
    return row


def work_on(s: State, conversation: Conversation) -> Item | None:
    """Return the item that is the work on the conversation, merges followed; None: let go."""
    item_id = conversation.item
    for _ in range(FOLLOW_MAX):
        item = s.items.get(item_id) if item_id is not None else None
        if item is None or item.text is None or item.text.merged_into is None:
            return item
        item_id = item.text.merged_into
    return None


def kept(s: State, now: Instant, key: str, item: ItemId) -> e.KeyKept:
    """Return the event that remembers a dedupe key."""
    return e.KeyKept(at=now, key=key, item=item, until=now + s.policy.retention.dedupe_text)


def back_to_owner(s: State, now: Instant, item: Item, rule: str, *, anew: bool = False) -> Events:
    """Put the item in line, kept for a while for who had it last if they are at work.

    `anew`: the resident waits from now on, not since the item was received.
    """
    row = s.items[item.id]
    owner = row.text.owner if row.text is not None else None
    form = FORM_OF.get(row.channel, Form.MESSAGE) if row.form is not Form.SUBMISSION else row.form
    yield from line_up(
        s,
        now,
        row,
        queue_of(s, row),
        form=form,
        first_queued_at=now if anew else row.first_queued_at or row.received_at,
        rule=rule,
        named=f"{NAMED}{owner}" if owner is not None and _is_at_work(s, owner) else "",
        anew=False,
    )


def _is_at_work(s: State, agent_id: AgentId) -> bool:
    agent = s.agents.get(agent_id)
    return agent is not None and agent.lease_until is not None and agent_id in s.policy.agents


def wake(s: State, now: Instant, item: Item, why: str) -> Events:
    """Let a parked item go on: what it waited for has come."""
    answered = item.text is None or item.text.responded_at is not None
    due = due_at(s, now, queue_of(s, item)) if answered else item.due_at
    yield e.ItemWoken(at=now, item=item.id, why=why, due_at=due)
    yield from back_to_owner(s, now, item, why, anew=True)


def reopened(s: State, now: Instant, item: Item, by: str, why: str) -> Events:
    """Open an ended item again for who had it last."""
    yield e.ItemReopened(at=now, item=item.id, by=by, reason=why)
    yield from back_to_owner(s, now, item, why, anew=True)


def wrote_again(s: State, now: Instant, item: Item, why: str) -> Events:
    """Whatever an item that is not ended stands at: what follows when somebody has written."""
    if item.state is ItemState.DEFERRED and item.text is not None and item.text.waiting_for:
        yield from wake(s, now, item, why)
    elif item.state is ItemState.WRAP_UP:
        yield e.ItemClosed(
            at=now,
            item=item.id,
            outcome="written-again",
            code="",
            note_ref="",
            forget_at=now + s.policy.retention.closed_in_core,
        )
        yield from reopened(s, now, s.items[item.id], RESIDENT, why)


def begin_item(
    s: State,
    now: Instant,
    *,
    item_id: ItemId,
    channel: Channel,
    door: str,
    conversation: str,
    address_key: str,
    contact_ref: str,
    words_ref: str,
    language: str,
    subject: str,
    count: int = 0,
) -> Events:
    """A new item for a conversation, which begins with it when it is new; the first message not."""
    form = FORM_OF[channel]
    yield e.ItemReceived(
        at=now,
        item=item_id,
        channel=channel,
        tempo=TEMPO_OF[form],
        form=form,
        called=door,
        address_key=address_key,
        contact_ref=contact_ref,
        words_ref=words_ref,
        call_id="",
        language=language,
        subject=subject,
    )
    if conversation not in s.conversations:
        yield e.ConversationBegun(
            at=now,
            conversation=conversation,
            channel=channel,
            door=door,
            address_key=address_key,
            contact_ref=contact_ref,
            language=language,
            count=count,
        )
    yield e.ConversationJoined(at=now, conversation=conversation, item=item_id)


def enter_for_owner(s: State, now: Instant, item_id: ItemId, queue: str, rule: str) -> Events:
    """Queue a new item; who had the conversation before gets it first."""
    item = s.items[item_id]
    owner = item.text.owner if item.text is not None else None
    if owner is not None and _is_at_work(s, owner):
        yield from line_up(
            s,
            now,
            item,
            s.policy.queues[queue],  # type: ignore[index]
            form=item.form,
            first_queued_at=now,
            rule=rule,
            named=f"{NAMED}{owner}",
        )
        return
    queue_rule = s.policy.queues[queue]  # type: ignore[index]
    yield from enter_queue(s, now, item, queue_rule, None, form=item.form, rule=rule)


def not_ended(item: Item) -> Item:
    """Return the item. Raises NotNow when it has ended."""
    if item.state in ENDED:
        raise NotNow(f"item {item.id!r} is {item.state}: reopen it first")
    return item
