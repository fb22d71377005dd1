"""Which item is the work on a conversation, and how that work goes on when somebody writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import business_time
from router.core import events as e
from router.core.buckets import NAMED
from router.core.callbacks import closed
from router.core.fallback import enter_queue
from router.core.families import work_for
from router.core.first_response import due_at, promise_of
from router.core.model import (
    ENDED,
    AgentId,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
    Span,
    Tempo,
)
from router.core.policy import Queue
from router.core.policy_text import ChatPolicy, MailPolicy
from router.core.queueing import KEPT_AS, TEMPO_OF, line_up, queue_of
from router.core.records import Conversation, Item
from router.core.state import State
from router.core.text_level import THEIR_TURN
from router.core.transcript import RESIDENT
from router.errors import UnknownTarget

Events = Iterator[e.Event]

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
    item = s.items.get(conversation.item) if conversation.item is not None else None
    return work_for(s, item) if item is not None else None


def kept(s: State, now: Instant, key: str, item: ItemId) -> e.KeyKept:
    """Return the event that remembers a dedupe key."""
    return e.KeyKept(at=now, key=key, item=item, until=now + s.policy.retention.dedupe_text)


def goes_on_elsewhere(s: State, item: Item) -> Item | None:
    """Return the open item that is the work on the item's conversation instead of it, if any."""
    row = s.conversations.get(item.text.conversation) if item.text is not None else None
    work = work_on(s, row) if row is not None else None
    return work if work is not None and work.id != item.id and work.state not in ENDED else None


def back_to_owner(
    s: State, now: Instant, item: Item, rule: str, *, anew: bool, form: Form | None = None
) -> Events:
    """Put the item in line, kept for a while for who had it last if they are at work.

    `anew`: the resident waits from now on, not since the item was received. `form`: as what;
    without it as something to read and answer when there is time.
    """
    row = s.items[item.id]
    queue = queue_of(s, row)
    if form is None:
        kept_as = KEPT_AS.get(row.channel, Form.MESSAGE)
        form = row.form if row.form is Form.SUBMISSION else kept_as
    owner, span = _owner_at_work(s, row)
    if owner is None and form is Form.CHAT:  # nobody is promised a chat while the town is closed
        yield from enter_queue(s, now, row, queue, None, form=form, rule=rule)
        return
    yield from line_up(
        s,
        now,
        row,
        queue,
        form=form,
        first_queued_at=now if anew else row.first_queued_at or row.received_at,
        rule=rule,
        named=f"{NAMED}{owner}" if owner is not None else "",
        named_span=span,
        anew=False,
    )


def _owner_at_work(s: State, item: Item) -> tuple[AgentId | None, Span]:
    """Return who had it last, if they are at work, and for how long it is kept for them."""
    owner = item.text.owner if item.text is not None else None
    rules = s.policy.chat if item.channel is Channel.CHAT else s.policy.mail
    agent = s.agents.get(owner) if owner is not None else None
    if agent is None or agent.lease_until is None or agent.id not in s.policy.agents:
        return None, 0
    return (agent.id, rules.to_owner_for) if rules is not None and rules.to_owner_for else (None, 0)


def wake(s: State, now: Instant, item: Item, why: str, *, form: Form | None = None) -> Events:
    """Let a parked item go on: what it waited for has come, or has not come in time."""
    theirs = item.text is not None and item.text.waiting_for in THEIR_TURN
    yield e.ItemWoken(at=now, item=item.id, why=why, due_at=due_when_woken(s, now, item))
    yield from back_to_owner(s, now, item, why, anew=theirs, form=form)


def due_when_woken(s: State, now: Instant, item: Item) -> Instant | None:
    """Return when the next response is due once a parked item goes on.

    Before the first answer of a person the clock stands while the resident was asked something,
    and runs on while we ask a department or put it off ourselves. After it, each turn of the
    resident begins a promise of its own.
    """
    text, queue = item.text, queue_of(s, item)
    if text is None or item.tempo is not Tempo.SLOW_TEXT:
        return item.due_at
    stood = text.waiting_for in THEIR_TURN
    if text.responded_at is not None:
        since = now if stood or text.unanswered_since is None else text.unanswered_since
        return due_at(s, since, queue, item.channel)
    if item.due_at is None or text.parked_at is None or not stood:
        return item.due_at
    is_business = promise_of(queue, item.channel).business
    return _moved(s, queue, item.due_at, text.parked_at, now, business=is_business)


def _moved(
    s: State, queue: Queue, due: Instant, since: Instant, now: Instant, *, business: bool
) -> Instant:
    """Return what was due, later by the time since an instant that counts in the queue."""
    if not business:
        return due + now - since
    hours = s.policy.hours[queue.hours]
    later = business_time.add(hours, due, business_time.elapsed(hours, since, now))
    return due if later is None else later


def opened_again(s: State, now: Instant, item: Item, by: str, why: str) -> Events:
    """Open an ended item; it is the work on its conversation again unless another item is."""
    yield e.ItemReopened(at=now, item=item.id, by=by, reason=why)
    row = s.conversations.get(item.text.conversation) if item.text is not None else None
    if row is not None and row.item != item.id and goes_on_elsewhere(s, item) is None:
        yield e.ConversationJoined(at=now, conversation=row.id, item=item.id)


def reopened(s: State, now: Instant, item: Item, by: str, why: str) -> Events:
    """Open an ended item again for who had it last."""
    yield from opened_again(s, now, item, by, why)
    yield from back_to_owner(s, now, item, why, anew=True)


def wrote_again(s: State, now: Instant, item: Item, why: str) -> Events:
    """Whatever an item that is not ended stands at: what follows when somebody has written."""
    if item.state is ItemState.DEFERRED and item.text is not None and item.text.waiting_for:
        yield from wake(s, now, item, why)
    elif item.state is ItemState.WRAP_UP:
        yield closed(s, now, item.id, "written-again")
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
    queue_rule = s.policy.queues[queue]  # type: ignore[index]
    owner, span = _owner_at_work(s, item)
    if owner is None:
        yield from enter_queue(s, now, item, queue_rule, None, form=item.form, rule=rule)
        return
    yield from line_up(
        s,
        now,
        item,
        queue_rule,
        form=item.form,
        first_queued_at=now,
        rule=rule,
        named=f"{NAMED}{owner}",
        named_span=span,
    )
