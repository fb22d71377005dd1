"""What a desk and the daemon say to each other: one struct per message, JSON on the wire.

`docs/desk-protocol.md` is the same in prose. Client messages refuse unknown fields, so that a
misspelt one is answered instead of ignored; the HTTP mirror takes the same structs as bodies.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from router.core.model import AgentStatus, OfferEnding
from router.desk.message_types import ClientMessage, Name, NoteText, Reason
from router.desk.messages_calls import Complete, Consult, Promise, Unconsult
from router.desk.messages_text import (
    Draft,
    Forward,
    Merge,
    Note,
    Reply,
    Snooze,
    Split,
    Take,
    Typing,
    UndoRule,
    Unmerge,
    Wait,
)
from router.desk.view_types import Moment, NamedView
from router.desk.views import AgentView, ItemView, OfferView

MESSAGE_BYTES_MAX: Final = 64 * 1024

# --- client to server ----------------------------------------------------------------------------


class Hello(ClientMessage, frozen=True, kw_only=True, tag="hello"):
    """First message of a connection; the token may come in a header or a cookie instead."""

    token: Annotated[str, Meta(max_length=512)] = ""
    language: Annotated[str, Meta(max_length=35)] = ""  # of the choices; "": the town's first
    client: Annotated[str, Meta(max_length=64)] = ""  # which page or program this is, any unique id
    attempt: Annotated[int, Meta(ge=0)] = 0  # its how manieth connection


class Status(ClientMessage, frozen=True, kw_only=True, tag="status"):
    """Available or away; at once, or when nothing is held any more."""

    status: AgentStatus
    reason: Reason = ""
    after_item: bool = False


class Seen(ClientMessage, frozen=True, kw_only=True, tag="seen"):
    """The desk shows the offer."""

    offer: Name


class Accept(ClientMessage, frozen=True, kw_only=True, tag="accept"):
    """Take the offered item."""

    offer: Name


class Decline(ClientMessage, frozen=True, kw_only=True, tag="decline"):
    """Leave the offered item to somebody else."""

    offer: Name
    reason: Reason = ""


class TakeBack(ClientMessage, frozen=True, kw_only=True, tag="take_back"):
    """The decline was a slip; works while nobody else has the item."""

    offer: Name


class Hold(ClientMessage, frozen=True, kw_only=True, tag="hold"):
    """Let the resident hear hold music."""

    item: Name


class Resume(ClientMessage, frozen=True, kw_only=True, tag="resume"):
    """Bring the resident back."""

    item: Name


class Transfer(ClientMessage, frozen=True, kw_only=True, tag="transfer"):
    """Cold transfer to exactly one of queue, agent, contact."""

    item: Name
    queue: Name | None = None
    agent: Name | None = None
    contact: Name | None = None
    keep_age: bool | None = None  # None: as the queue it comes to says


class Return(ClientMessage, frozen=True, kw_only=True, tag="return"):
    """Put the item back where it came from; it keeps its place."""

    item: Name
    reason: Reason = ""


class Finish(ClientMessage, frozen=True, kw_only=True, tag="finish"):
    """Hang up, or stop working on it: wrap-up follows."""

    item: Name


class Close(ClientMessage, frozen=True, kw_only=True, tag="close"):
    """Done with the item."""

    item: Name
    code: Reason = ""
    note: NoteText = ""


class SignOut(ClientMessage, frozen=True, kw_only=True, tag="sign_out"):
    """End of shift: no more offers; what is held stays until it is done."""


class Beat(ClientMessage, frozen=True, kw_only=True, tag="beat"):
    """The desk is alive; any other message says so, too."""


Action = (
    Status
    | Seen
    | Accept
    | Decline
    | TakeBack
    | Hold
    | Resume
    | Transfer
    | Consult
    | Complete
    | Unconsult
    | Promise
    | Return
    | Finish
    | Close
    | SignOut
    | Take
    | Reply
    | Note
    | Draft
    | Wait
    | Snooze
    | Forward
    | Merge
    | Unmerge
    | Split
    | UndoRule
    | Typing
)
AnyClientMessage = Hello | Beat | Action

# --- server to client ----------------------------------------------------------------------------


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of what the daemon says."""


class PolicyTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The choices that the policy gives an agent, in the desk's language where the town has it."""

    hash: str
    town: str
    time_zone: str  # of the town: America/Toronto; times of day are shown in it
    languages: tuple[NamedView, ...]
    queues: tuple[NamedView, ...]
    agents: tuple[NamedView, ...]
    contacts: tuple[NamedView, ...]
    interpreters: tuple[NamedView, ...]  # of the contacts
    away_reasons: tuple[NamedView, ...]
    wrap_up_codes: tuple[NamedView, ...]
    lease_s: float  # a desk that is silent for so long has vanished


class Welcome(ServerMessage, frozen=True, kw_only=True, tag="welcome"):
    """The answer to hello: everything a desk shows, complete."""

    id: str
    version: int  # of the journal; pushes carry later ones
    at: Moment  # the daemon's time, to count down by
    desk: str
    agent: AgentView
    offer: OfferView | None
    items: tuple[ItemView, ...]
    policy: PolicyTexts
    beat_every_s: float


class OfferMessage(ServerMessage, frozen=True, kw_only=True, tag="offer"):
    """An item is offered; answer `seen` as soon as it is shown."""

    version: int
    at: Moment
    offer: OfferView


class OfferEndedMessage(ServerMessage, frozen=True, kw_only=True, tag="offer_ended"):
    """Stop ringing."""

    version: int
    at: Moment
    offer: str
    item: str
    ending: OfferEnding
    reason: str


class ItemMessage(ServerMessage, frozen=True, kw_only=True, tag="item"):
    """The item as it stands now; `yours` is false once it has left the agent's hands."""

    version: int
    at: Moment
    yours: bool
    item: ItemView


class AgentMessage(ServerMessage, frozen=True, kw_only=True, tag="agent"):
    """The agent's own status and state."""

    version: int
    at: Moment
    agent: AgentView


class Notice(ServerMessage, frozen=True, kw_only=True, tag="notice"):
    """Something everybody at a desk should know."""

    notice: str  # policy-changed | restart | taken-over | signed-out | lease-lost | session-ended
    message: str
    policy: PolicyTexts | None = None


class TypingMessage(ServerMessage, frozen=True, kw_only=True, tag="typing"):
    """The resident of a chat is writing; never stored, forget it after a few seconds."""

    item: str


class Ping(ServerMessage, frozen=True, kw_only=True, tag="ping"):
    """The daemon is alive."""

    at: Moment


class Ok(ServerMessage, frozen=True, kw_only=True, tag="ok"):
    """Done and stored."""

    id: str


class Refused(ServerMessage, frozen=True, kw_only=True, tag="refused"):
    """Not done; nothing changed. Codes are stable."""

    id: str
    code: str
    message: str


AnyServerMessage = (
    Welcome
    | OfferMessage
    | OfferEndedMessage
    | ItemMessage
    | AgentMessage
    | Notice
    | TypingMessage
    | Ping
    | Ok
    | Refused
)

_decoder: Final[msgspec.json.Decoder[AnyClientMessage]] = msgspec.json.Decoder(AnyClientMessage)
_encoder: Final = msgspec.json.Encoder()


class _Id(msgspec.Struct):
    id: str = ""


def decode(text: str) -> AnyClientMessage:
    """Return the client's message.

    Errors: `msgspec.DecodeError` (its subclass `ValidationError` included) when it is not JSON or
        not a message of this protocol.
    """
    return _decoder.decode(text)


def id_in(text: str) -> str:
    """Return the id of a message that cannot be understood otherwise; "" when it has none."""
    try:
        return msgspec.json.decode(text, type=_Id).id[:64]
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ""


def encode(message: ServerMessage | ClientMessage) -> str:
    """Return the JSON text."""
    return _encoder.encode(message).decode()
