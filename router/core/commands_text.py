"""What residents and agents ask for about mail and chats: commands, never stored.

A conversation is what was written to and fro with one resident through one door. The work done on
it stands in items; a conversation has at most one open item at a time.
"""

from __future__ import annotations

import msgspec

from router.core.commands import Command
from router.core.model import AgentId, Instant, ItemId, MessageKind, QueueId


class PastThread(Command, frozen=True):
    """A conversation that the core has let go, as history remembers it."""

    conversation: str
    item: ItemId  # the last item of it
    queue: QueueId | None
    owner: AgentId | None  # who handled it last
    address_key: str
    count: int  # messages so far
    closed_at: Instant


class ReceiveMail(Command, frozen=True):
    """A person has written to one of the town's mailboxes."""

    item_id: ItemId
    conversation: str  # id for a new one
    key: str  # "mail:" + digest of what makes the mail itself: two copies have the same
    mailbox: str  # Mailbox id
    address_key: str  # HMAC of the sender's normalised address; "" when there is none
    contact_ref: str
    words_ref: str  # words of kind `said`
    language: str
    rule: str = ""  # id of the mail rule that matched; "" = none
    threads: tuple[str, ...] = ()  # conversations named by our own tokens, most trusted first
    known: tuple[str, ...] = ()  # message keys of the mails it answers, newest first
    message_key: str = ""  # "mid:" + digest of its Message-ID; "" when it has none
    past: PastThread | None = None  # when none of these is in the core
    contact: str = ""  # outside contact whose address it came from; "" = a resident
    spent: bool = False  # the sender has used up the budget for this mailbox: no automatic answer


class KeepMail(Command, frozen=True):
    """A machine has written: kept, never answered, opens nothing."""

    item_id: ItemId  # only used when our own reply came back
    key: str
    mailbox: str
    kind: str  # `channels.mail.message.Kind` value
    why: str  # the rule that decided
    words_ref: str
    contact_ref: str = ""
    threads: tuple[str, ...] = ()
    number: int = 0  # of our message that it is about; 0 = not known
    failed: bool = False  # that message has not reached its reader, and will not


class SetMailAside(Command, frozen=True):
    """A mail that could not be understood: kept where a person sees it."""

    item_id: ItemId
    key: str
    mailbox: str
    words_ref: str
    reason: str


class ReceiveChat(Command, frozen=True):
    """A resident has said something in a chat; begins the conversation when it is new."""

    item_id: ItemId  # for a new item, if one is needed
    conversation: str  # chosen by the channel when the chat was opened
    key: str  # "chat:" + conversation + the client's id of the activity
    door: str  # ChatDoor id
    address_key: str
    contact_ref: str  # "" while the resident has not said who they are
    words_ref: str
    language: str
    kind: MessageKind = MessageKind.TEXT


class GiveContact(Command, frozen=True):
    """The resident of a chat says who they are and how to reach them."""

    conversation: str
    contact_ref: str
    address_key: str


class AskCallback(Command, frozen=True):
    """The resident of a chat would rather be rung, place kept."""

    conversation: str
    item_id: ItemId  # when no item of the conversation is open
    contact_ref: str
    address_key: str
    door: str
    language: str
    starts: Instant | None = None  # of the window that was chosen; None: when its turn comes


class LeaveChat(Command, frozen=True):
    """The resident has ended the chat."""

    conversation: str


class RateChat(Command, frozen=True):
    """The resident's answer to the survey."""

    conversation: str
    score: int  # 1 to 5
    words_ref: str = ""


class AskTranscript(Command, frozen=True):
    """The resident wants what was said by mail."""

    conversation: str
    key: str
    contact_ref: str  # words of kind `contact` with the address


class MailUnread(Command, frozen=True):
    """The resident has been away since before message `number`: what they missed goes by mail."""

    conversation: str
    number: int  # the last message they have


# --- agents --------------------------------------------------------------------------------------


class TakeItem(Command, frozen=True):
    """An agent takes an item from the list of those that wait; `force` takes it from somebody."""

    item_id: ItemId
    agent_id: AgentId
    force: bool = False


class SendReply(Command, frozen=True):
    """The agent who has the item answers the resident."""

    item_id: ItemId
    agent_id: AgentId
    key: str  # a repeat sends nothing
    words_ref: str  # words of kind `said`
    then: str = "stay"  # stay | wait (for the resident) | close
    code: str = ""  # wrap-up code, for close
    address_keys: dict[ItemId, str] = msgspec.field(default_factory=dict)  # of mail addresses: of
    # the item's and those merged into it that have no conversation yet, which begins by mail
    kind: MessageKind = MessageKind.TEXT


class AddNote(Command, frozen=True):
    """An internal note; residents never see it."""

    item_id: ItemId
    by: AgentId
    key: str
    words_ref: str


class WaitForResident(Command, frozen=True):
    """Put the item away until the resident answers; its clocks stand still."""

    item_id: ItemId
    agent_id: AgentId


class SnoozeItem(Command, frozen=True):
    """Put the item away until an instant; it comes back to the same agent."""

    item_id: ItemId
    agent_id: AgentId
    until: Instant


class ForwardItem(Command, frozen=True):
    """Ask a department by mail; its answer comes back into the conversation."""

    item_id: ItemId
    agent_id: AgentId
    key: str
    contact: str  # OutsideContact id with an e-mail address
    words_ref: str  # what is written above the conversation


class MergeItems(Command, frozen=True):
    """The item is about the same as another: it ends, its conversation goes on there."""

    item_id: ItemId
    into: ItemId
    by: AgentId


class UnmergeItem(Command, frozen=True):
    """Take a merge back: the item is opened again with its conversation."""

    item_id: ItemId
    by: AgentId


class SplitItem(Command, frozen=True):
    """From message `number` on it is another matter: a new item gets a copy of the rest."""

    item_id: ItemId
    new_id: ItemId
    conversation: str  # id for the new one
    number: int
    by: AgentId


class UndoRule(Command, frozen=True):
    """What a mail rule did to the item was wrong: as if it had not matched."""

    item_id: ItemId
    by: AgentId
    reason: str = ""
