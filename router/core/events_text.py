"""Facts about conversations: what was written, by whom, which item is about it."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import AgentId, Channel, Instant, ItemId, MessageKind


class ConversationBegun(Event, frozen=True, tag="conversation-begun"):
    conversation: str
    channel: Channel
    door: str  # Mailbox id or ChatDoor id
    address_key: str
    contact_ref: str
    language: str
    count: int = 0  # messages that history has of it already


class ConversationJoined(Event, frozen=True, tag="conversation-joined"):
    """The item is the work done on this conversation from now on."""

    conversation: str
    item: ItemId


class MessageAdded(Event, frozen=True, tag="message-added"):
    conversation: str
    item: ItemId
    number: int  # from 1 on, per conversation
    kind: MessageKind
    by: str  # "resident", "town", "agent:x", "contact:y"
    ref: str  # words; "" when the text follows from the policy
    note: str = ""  # for the story: which automatic answer, which contact
    idle_due: Instant | None = None  # of a chat: then the resident has been silent too long
    promised: Instant | None = None  # of a person's first answer: when it was due


class ContactGiven(Event, frozen=True, tag="contact-given"):
    conversation: str
    item: ItemId | None
    contact_ref: str
    address_key: str


class ItemLinked(Event, frozen=True, tag="item-linked"):
    """Related, but of its own: another sender, or too long ago."""

    item: ItemId
    to: ItemId
    why: str


class OwnerNoted(Event, frozen=True, tag="owner-noted"):
    """Who had the conversation before, and shall get its new item first."""

    item: ItemId
    owner: AgentId


class RuleApplied(Event, frozen=True, tag="rule-applied"):
    """A mail rule shaped the item."""

    item: ItemId
    rule: str
    action: str  # route | close | refuse | set_aside
    place: str  # file:line
    urgent: bool
    subject: str = ""


class RuleUndone(Event, frozen=True, tag="rule-undone"):
    item: ItemId
    rule: str
    by: AgentId
    reason: str
    subject: str = ""  # the mailbox's, which counts again


class MailKept(Event, frozen=True, tag="mail-kept"):
    """A machine's mail: kept with the reason why nobody has to read it."""

    conversation: str  # "" when it belongs to none
    item: ItemId | None
    kind: str
    why: str
    ref: str
    contact_ref: str = ""


class DeliveryFailed(Event, frozen=True, tag="delivery-failed"):
    """A message of ours did not reach its reader."""

    conversation: str
    item: ItemId
    number: int
    why: str


class AutoAnswered(Event, frozen=True, tag="auto-answered"):
    """An automatic answer was counted against the sender's budget of the day."""

    target: str  # mailbox and address key
    day: str


class PageSent(Event, frozen=True, tag="page-sent"):
    """Somebody on call was told of an urgent item; the next one follows unless they answer."""

    item: ItemId
    contact: str
    index: int
    rule: str  # "chain/rule"
    due: Instant | None  # when the next one is told; None: this was the last


class PageAnswered(Event, frozen=True, tag="page-answered"):
    item: ItemId
    contact: str


class ResidentLeft(Event, frozen=True, tag="resident-left"):
    """The resident has ended the chat while it was in hand."""

    conversation: str
    item: ItemId


class ChatRated(Event, frozen=True, tag="chat-rated"):
    conversation: str
    item: ItemId
    score: int
    ref: str


class ItemMerged(Event, frozen=True, tag="item-merged"):
    """The item's contact belongs to another from now on; unless it was over, its end follows."""

    item: ItemId
    into: ItemId
    by: AgentId
    due_at: Instant | None = None  # first response of both; None: as it was
    day: str = ""  # local, on which it counts as a duplicate avoided; "" = it does not
    slept_for: str = ""  # what the other waited for until this merge woke it
    slept_until: Instant | None = None


class ItemUnmerged(Event, frozen=True, tag="item-unmerged"):
    """Both stand for themselves again, with what has been said to each of them meanwhile."""

    item: ItemId
    from_item: ItemId
    by: AgentId
    back_as: str = ""  # state of the item before; "" (older journals): its reopening follows
    day: str = ""  # on which the merge had counted
    unanswered_since: Instant | None = None
    responded_at: Instant | None = None
    due_at: Instant | None = None
    left_unanswered_since: Instant | None = None  # of what it is taken out of
    left_due_at: Instant | None = None


class ItemSplit(Event, frozen=True, tag="item-split"):
    """Messages from `number` on were copied into another item's conversation."""

    item: ItemId
    new: ItemId
    number: int
    by: AgentId


class ItemParked(Event, frozen=True, tag="item-parked"):
    """Out of the agent's hands until something happens, clocks standing; its owner stays."""

    item: ItemId
    waiting_for: str  # resident | department | until | dormant
    until: Instant
    owner: AgentId | None
    by: str = ""
    threshold_at: Instant | None = None  # a first response that comes to be overdue meanwhile


class UnreadMailed(Event, frozen=True, tag="unread-mailed"):
    """What a resident missed in the chat goes by mail, up to message `number`."""

    conversation: str
    item: ItemId
    number: int


class ItemWoken(Event, frozen=True, tag="item-woken"):
    """What the parked item waited for has come: its clocks go on."""

    item: ItemId
    why: str
    due_at: Instant | None  # first response, moved by the time that did not count
