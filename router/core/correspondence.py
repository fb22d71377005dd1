"""What agents do with mail, chats and forms: take, answer, note, put away, ask a department."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from router.core import commands as base
from router.core import commands_text as c
from router.core import events as e
from router.core.arrivals import open_item
from router.core.callbacks import closed
from router.core.capacity import beside
from router.core.families import family, talks_of
from router.core.handling import close, give_back, held_by
from router.core.matching import make_offer
from router.core.model import (
    DAY,
    ENDED,
    AgentId,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
    MessageKind,
    OfferEnding,
    Span,
)
from router.core.offers import end_offers, signed_in, withdraw_others
from router.core.queueing import line_up, queue_of
from router.core.records import Agent, Item, TextWork
from router.core.relations import has_conversation
from router.core.state import State
from router.core.text_level import threshold_of
from router.core.threads import (
    conversation_of,
    due_when_woken,
    kept,
    mail_policy,
    opened_again,
    wake,
)
from router.core.transcript import AGENT, added
from router.core.wishes import send_mail
from router.errors import NotAllowed, NotNow, UnknownTarget

Events = Iterator[e.Event]

SNOOZE_MAX: Final[Span] = 400 * DAY
WRITTEN: Final = frozenset({Form.MAIL, Form.CHAT, Form.MESSAGE, Form.SUBMISSION})


def with_text(item: Item) -> TextWork:
    """Return what is known of the item's conversation. Raises NotNow when it has none yet."""
    if item.text is None or not has_conversation(item):
        raise NotNow(f"item {item.id!r} is a {item.form} without a conversation")
    return item.text


# --- taking --------------------------------------------------------------------------------------


def take_item(s: State, now: Instant, c_: c.TakeItem) -> Events:
    """An agent takes what waits, without being offered it.

    Raises:
        NotNow: it has ended, or the agent has no room for it.
        NotAllowed: somebody else has it, and `force` does not say to take it all the same.
    """
    item = open_item(s, c_.item_id)
    agent = signed_in(s, c_.agent_id)
    if item.form not in WRITTEN:
        raise NotNow(f"item {item.id!r} is a {item.form}: it is offered, not taken")
    if item.agent == c_.agent_id and item.state is ItemState.HANDLING:
        return
    own = next((o for o in item.offers if s.offers[o].agent == c_.agent_id), None)
    if own is None:
        _need_room(s, agent, item)
    yield from hand_over_from(s, now, item, c_.agent_id, "taken from the list", force=c_.force)


def hand_over_from(
    s: State, now: Instant, item: Item, agent_id: AgentId, rule: str, *, force: bool = False
) -> Events:
    """Let the agent have what was written, wherever it stands.

    Raises:
        NotNow: it has ended.
        NotAllowed: somebody else at work has it, and `force` does not take it from them.
    """
    if item.state is ItemState.HANDLING:
        yield from _from_colleague(s, now, item, force=force)
    elif item.state is ItemState.SHUNTED:
        yield from opened_again(s, now, item, agent_id, "taken from the list")
        yield from _into_line(s, now, item)
    elif item.state is ItemState.DEFERRED:
        if item.text is not None and item.text.waiting_for:
            due = due_when_woken(s, now, item)
            yield e.ItemWoken(at=now, item=item.id, why=f"taken by {agent_id}", due_at=due)
        yield from _into_line(s, now, item)
    elif item.state in ENDED or item.state is ItemState.WRAP_UP:
        raise NotNow(f"item {item.id!r} is {item.state}")
    yield from _hand_over(s, now, s.items[item.id], agent_id, rule)


def _need_room(s: State, agent: Agent, item: Item) -> None:
    rule = s.policy.agents.get(agent.id)
    if rule is None:
        raise NotAllowed(f"agent {agent.id!r} is no longer in the policy")
    if agent.offer is not None:
        raise NotNow("answer the open offer first")
    if item.tempo not in beside(agent, s.policy.capacities[rule.capacity]):
        raise NotNow(f"no room for one more {item.tempo}: finish or put away what you hold")


def _from_colleague(s: State, now: Instant, item: Item, *, force: bool) -> Events:
    holder = s.agents.get(item.agent) if item.agent is not None else None
    if holder is not None and holder.lease_until is not None and not force:
        raise NotAllowed(f"item {item.id!r} is with {holder.id}")
    yield from give_back(s, now, item, "taken over", cause=OfferEnding.WITHDRAWN)


def _into_line(s: State, now: Instant, item: Item) -> Events:
    row = s.items[item.id]
    yield from line_up(
        s,
        now,
        row,
        queue_of(s, row),
        form=row.form,
        first_queued_at=row.first_queued_at or row.received_at,
        rule="taken from the list",
        anew=False,
    )


def _hand_over(s: State, now: Instant, item: Item, agent_id: AgentId, rule: str) -> Events:
    """Let the agent have what is in line: an offer, accepted at once."""
    mine = next((o for o in item.offers if s.offers[o].agent == agent_id), None)
    if mine is None:
        yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, f"{agent_id} took it")
        offer = make_offer(s, now, s.items[item.id], s.agents[agent_id], rule)
        yield offer
        mine = offer.offer
    else:
        yield from withdraw_others(s, now, item, mine, f"{agent_id} took it")
    yield e.OfferEnded(
        at=now, offer=mine, ending=OfferEnding.ACCEPTED, reason="taken", passed_over_until=None
    )
    yield e.HandlingStarted(at=now, item=item.id, agent=agent_id)


# --- writing -------------------------------------------------------------------------------------


def send_reply(s: State, now: Instant, c_: c.SendReply) -> Events:
    """Answer the resident; everybody whose item was merged into this one gets the answer, too.

    Raises:
        NotAllowed, NotNow: the agent does not have it; nobody knows where to write to.
    """
    if c_.key in s.keys:
        return
    item = held_by(s, c_.item_id, c_.agent_id, ItemState.HANDLING, ItemState.WRAP_UP)
    if c_.then not in ("stay", "wait", "close"):
        raise UnknownTarget(f"after a reply follows stay, wait or close, not {c_.then!r}")
    if item.state is ItemState.WRAP_UP and (item.text is None or not item.text.resident_left):
        raise NotNow(f"item {item.id!r} is {item.state}")
    begun = talks_of(s, item)
    for row in family(s, item):
        if not has_conversation(row) and row.id in c_.address_keys:
            yield from _begin_by_mail(s, now, row, c_.address_keys[row.id])
    yield kept(s, now, c_.key, item.id)
    item = s.items[item.id]
    talks = dict.fromkeys((*begun, *talks_of(s, item)))  # where they wrote comes first
    _need_reader(s, item, talks)
    reached: set[str] = set()
    for talk in talks:
        yield from _write(s, now, s.items[item.id], talk, c_, reached)
    if c_.then == "wait":
        yield from wait(s, now, c.WaitForResident(item_id=item.id, agent_id=c_.agent_id))
    elif c_.then == "close":
        done = base.CloseItem(item_id=item.id, agent_id=c_.agent_id, code=c_.code)
        yield from close(s, now, done)


def _need_reader(s: State, item: Item, talks: Collection[str]) -> None:
    """Refuse what nobody could read: no address, or a chat that its resident has left.

    Where the item has a conversation of its own it must be read there.
    """
    if not has_conversation(item):
        if not talks:
            mail_policy(s)
            raise NotNow(f"item {item.id!r} has no mail address to write to")
        return
    text = with_text(item)
    row = conversation_of(s, text.conversation)
    if row.channel is Channel.MAIL:
        mail_policy(s)
    elif not text.resident_left:
        return
    if not row.contact_ref or s.policy.mail is None:
        raise NotNow(f"item {item.id!r}: nobody knows where to write to")


def _write(
    s: State, now: Instant, item: Item, conversation: str, c_: c.SendReply, reached: set[str]
) -> Events:
    """Add the answer to a conversation; a mail goes to each address once, `reached` has them."""
    row, text, rules = s.conversations[conversation], item.text, s.policy.chat
    chats = row.channel is Channel.CHAT
    is_there = text is not None and not text.resident_left
    awaits = chats and item.form is Form.CHAT and rules is not None and is_there
    yield added(
        s,
        now,
        conversation,
        item.id,
        by=f"{AGENT}{c_.agent_id}",
        ref=c_.words_ref,
        kind=c_.kind,
        idle_due=now + rules.dormant_after if awaits and rules is not None else None,
        promised=item.due_at if text is None or text.responded_at is None else None,
    )
    if chats or not row.contact_ref or s.policy.mail is None or row.address_key in reached:
        return
    reached |= {row.address_key} - {""}
    yield send_mail(s, now, item.id, conversation, "reply", words_ref=c_.words_ref)


def _begin_by_mail(s: State, now: Instant, item: Item, address_key: str) -> Events:
    """Answer a form or a message by mail: its conversation begins with the answer."""
    mail = mail_policy(s)
    conversation = f"{item.id}M"
    yield e.ConversationBegun(
        at=now,
        conversation=conversation,
        channel=Channel.MAIL,
        door=mail.first.id,
        address_key=address_key,
        contact_ref=item.contact_ref,
        language=item.language,
    )
    yield e.ConversationJoined(at=now, conversation=conversation, item=item.id)


def add_note(s: State, now: Instant, c_: c.AddNote) -> Events:
    """Write a note that residents never see, on any item with a conversation."""
    if c_.key in s.keys:
        return
    item = open_item(s, c_.item_id)
    conversation = conversation_of(s, with_text(item).conversation)
    yield kept(s, now, c_.key, item.id)
    yield added(
        s,
        now,
        conversation.id,
        item.id,
        by=f"{AGENT}{c_.by}",
        ref=c_.words_ref,
        kind=MessageKind.NOTE,
    )


# --- putting away --------------------------------------------------------------------------------


def _park(s: State, now: Instant, item: Item, waiting_for: str, until: Instant) -> e.ItemParked:
    return e.ItemParked(
        at=now,
        item=item.id,
        waiting_for=waiting_for,
        until=until,
        owner=item.agent,
        threshold_at=threshold_of(item, waiting_for),
    )


def _writing(s: State, item_id: ItemId, agent_id: AgentId) -> Item:
    """Return what the agent has in hand and may put away: nobody is being rung for it."""
    item = held_by(s, item_id, agent_id, ItemState.HANDLING)
    with_text(item)
    if item.form not in WRITTEN:
        raise NotNow(f"item {item.id!r} is a {item.form}: end the call first")
    return item


def wait(s: State, now: Instant, c_: c.WaitForResident) -> Events:
    """Put it away until the resident answers."""
    item = _writing(s, c_.item_id, c_.agent_id)
    chats = s.policy.chat if item.channel is Channel.CHAT and s.policy.mail is None else None
    span = chats.dormant_max if chats is not None else mail_policy(s).waiting_max
    yield _park(s, now, item, "resident", now + span)


def snooze(s: State, now: Instant, c_: c.SnoozeItem) -> Events:
    """Put it away until an instant."""
    item = _writing(s, c_.item_id, c_.agent_id)
    if not now < c_.until <= now + SNOOZE_MAX:
        raise NotNow("snooze until an instant that lies ahead, at most 400 days")
    yield _park(s, now, item, "until", c_.until)


def forward(s: State, now: Instant, c_: c.ForwardItem) -> Events:
    """Ask a department; its answer comes back to the same agent."""
    if c_.key in s.keys:
        return
    item = _writing(s, c_.item_id, c_.agent_id)
    conversation = conversation_of(s, with_text(item).conversation).id
    mail = mail_policy(s)
    contact = s.policy.contacts.get(c_.contact)
    if contact is None:
        raise UnknownTarget(
            f"no contact {c_.contact!r}; contacts are {', '.join(s.policy.contacts)}"
        )
    if not contact.email:
        raise NotNow(f"contact {contact.id!r} has no mail address: add email: in config")
    yield kept(s, now, c_.key, item.id)
    yield added(
        s,
        now,
        conversation,
        item.id,
        by=f"{AGENT}{c_.agent_id}",
        ref=c_.words_ref,
        kind=MessageKind.FORWARD,
        note=f"to:{contact.id}",
    )
    yield send_mail(
        s,
        now,
        item.id,
        conversation,
        "forward",
        words_ref=c_.words_ref,
        contact=contact.id,
    )
    item = s.items[item.id]
    yield _park(s, now, item, "department", now + mail.waiting_max)


def waited_enough(s: State, now: Instant, item: Item) -> Events:
    """What a parked item waited for has not come in time."""
    waiting_for = with_text(item).waiting_for
    if waiting_for == "dormant":
        yield closed(s, now, item.id, "the resident did not come back")
    elif waiting_for == "resident" and _closes_when_silent(s):
        yield closed(s, now, item.id, "the resident did not answer")
    elif waiting_for == "until":
        yield from wake(s, now, item, "its time has come")
    else:
        yield from wake(s, now, item, f"no answer from the {waiting_for}")


def _closes_when_silent(s: State) -> bool:
    return s.policy.mail is not None and s.policy.mail.waiting_then == "close"
