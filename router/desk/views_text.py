"""What people inside are shown of mail, chats and forms."""

from __future__ import annotations

from router.core.model import Form, ItemState, MessageKind
from router.desk.view_types import Moment, NamedView, View


class FileView(View, frozen=True, kw_only=True):
    """A file that came with a message."""

    name: str
    kind: str
    size: int
    inline: bool = False  # a picture inside the HTML text


class MessageView(View, frozen=True, kw_only=True):
    """One message of a conversation."""

    conversation: str  # with `number` it names the message: items merged into one share numbers
    number: int
    kind: MessageKind
    by: str  # resident | town | agent | contact
    who: str = ""  # name of an agent or contact
    at: Moment
    ref: str
    note: str = ""  # what an automatic message is; to whom a forward went
    text: str = ""  # "" until its words are found
    quoted: str = ""  # what was cut off: quotation, signature
    subject: str = ""
    sender: str = ""  # of a mail, as written
    has_html: bool = False
    files: tuple[FileView, ...] = ()


class TextView(View, frozen=True, kw_only=True):
    """The conversation of an item, and what is owed in it."""

    conversation: str  # "" = none yet; an answer by mail begins it
    can_reply: str = ""  # chat | mail | "" when nobody knows where to write to
    messages: tuple[MessageView, ...] = ()
    earlier: int = 0  # messages before these
    owner: str | None = None  # who had it last
    waiting_for: str = ""  # resident | department | until | dormant
    linked_to: str | None = None
    merged_into: str | None = None
    merged: tuple[str, ...] = ()
    rule: str = ""  # the mail rule that shaped it
    urgent: bool = False
    unanswered_since: Moment | None = None
    answer_due: Moment | None = None
    resident_left: bool = False


class InboxView(View, frozen=True, kw_only=True):
    """One line of the shared inbox, without anybody's words."""

    item: str
    state: ItemState
    form: Form
    queue: NamedView | None
    subject: str
    language: str
    received_at: Moment
    age_s: float
    due: Moment | None
    agent: str | None  # who has it now
    owner: str | None  # who had it last
    waiting_for: str
    urgent: bool
    unanswered_since: Moment | None
    messages: int
    outcome: str


class AnswerView(View, frozen=True, kw_only=True):
    """A canned answer, its fields filled in."""

    id: str
    title: str
    text: str


class DraftView(View, frozen=True, kw_only=True):
    """What the agent was writing."""

    item: str
    text: str


class UploadedView(View, frozen=True, kw_only=True):
    """A file that can now be sent with an answer."""

    blob: str
    name: str
    kind: str
    size: int


class KeptView(View, frozen=True, kw_only=True):
    """A machine's mail: kept, never answered."""

    at: Moment
    kind: str
    why: str
    item: str  # "" when it is about none
    sender: str
    subject: str


class BlockedView(View, frozen=True, kw_only=True):
    """Somebody who may not write by chat."""

    key: str  # of an address, or a conversation
    until: Moment | None
    reason: str
    by: str
