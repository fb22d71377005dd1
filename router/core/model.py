"""The nouns every part shares: ids, kinds and states.

Instants are integer nanoseconds UTC, spans integer nanoseconds: exact, fast, and no zone can be
forgotten. Values of enums are what the journal stores and what people read; they never change.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NewType

Instant = int  # nanoseconds UTC, as `time.time_ns`
Span = int  # nanoseconds

SECOND: Final[Span] = 1_000_000_000
MINUTE: Final[Span] = 60 * SECOND
HOUR: Final[Span] = 60 * MINUTE
DAY: Final[Span] = 24 * HOUR

ItemId = NewType("ItemId", str)
AgentId = NewType("AgentId", str)
OfferId = NewType("OfferId", str)
QueueId = NewType("QueueId", str)
FlowId = NewType("FlowId", str)
EffectKey = NewType("EffectKey", str)
PolicyHash = NewType("PolicyHash", str)


class Channel(StrEnum):
    """The door a contact came through."""

    VOICE = "voice"
    WEBFORM = "webform"
    MAIL = "mail"
    CHAT = "chat"


class Tempo(StrEnum):
    """The kind of channel: it decides capacity, not the transport."""

    LIVE = "live"  # a person is waiting on the line
    FAST_TEXT = "fast_text"
    SLOW_TEXT = "slow_text"  # mail, forms, messages left


class ItemState(StrEnum):
    """Where a work item stands. `lifecycle` holds the only moves between them."""

    RECEIVED = "received"
    IN_FLOW = "in_flow"  # a caller inside an IVR flow
    QUEUED = "queued"
    OFFERED = "offered"  # at least one agent is reserved for it
    HANDLING = "handling"
    HELD = "held"  # in handling, the resident hears hold music
    WRAP_UP = "wrap_up"
    DEFERRED = "deferred"  # waits for an instant: next opening, a callback's next attempt
    CLOSED = "closed"  # ends: dealt with
    ABANDONED = "abandoned"  # ends: the resident left before an agent took it
    DIVERTED = "diverted"  # ends: handed to somebody outside (security, on-call, a number)
    SHUNTED = "shunted"  # set aside with a reason, needs a person


IN_LINE: Final = frozenset({ItemState.QUEUED, ItemState.OFFERED})
ENDED: Final = frozenset(
    {ItemState.CLOSED, ItemState.ABANDONED, ItemState.DIVERTED, ItemState.SHUNTED}
)


class Form(StrEnum):
    """What an agent will do with the item now."""

    CALL = "call"  # talk to the caller on the line
    CALLBACK = "callback"  # ring the resident, place kept
    MESSAGE = "message"  # voicemail or note left by a caller: read or listen, then act
    SUBMISSION = "submission"  # a filled-in web form
    MAIL = "mail"  # a mail: read it and answer
    CHAT = "chat"  # write to and fro with a resident who is there


class MessageKind(StrEnum):
    """What a message of a conversation is."""

    TEXT = "text"  # said or written to somebody
    FILE = "file"
    NOTE = "note"  # internal: residents never see it
    AUTOMATIC = "automatic"  # an answer of the town that no person wrote
    FORWARD = "forward"  # to a department, and what it answered
    MACHINE = "machine"  # a machine's mail: a bounce, a vacation notice


class OfferEnding(StrEnum):
    """How an offer ended."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    MISSED = "missed"  # the desk showed it, the agent did not answer
    SKIPPED = "skipped"  # the desk never showed it
    WITHDRAWN = "withdrawn"  # the resident left, somebody else took it, the agent vanished


class Unreached(StrEnum):
    """Why an agent who accepted was not connected, other than by not answering."""

    BUSY = "busy"  # their telephone is engaged
    UNREACHABLE = "unreachable"  # the carrier could not ring it, or nothing was heard of it


class AgentStatus(StrEnum):
    """What the agent chose."""

    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class AgentState(StrEnum):
    """What the engine is doing with the agent."""

    IDLE = "idle"
    OFFERED = "offered"
    HANDLING = "handling"
    WRAP_UP = "wrap_up"


class LegState(StrEnum):
    """A telephone leg of an item, as far as the engine knows."""

    NONE = "none"
    DIALLING = "dialling"
    CONNECTED = "connected"
    ENDED = "ended"


class LegResult(StrEnum):
    """What became of dialling somebody."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    MACHINE = "machine"
    ENDED = "ended"  # was connected, has hung up
    NOT_ACCEPTED = "not_accepted"  # picked up and pressed no key: perhaps a machine


class ListenMode(StrEnum):
    """How a supervisor is in an agent's talk."""

    LISTEN = "listen"  # heard by nobody
    WHISPER = "whisper"  # heard by the agent alone
    BARGE = "barge"  # heard by both


class AgentOrder(StrEnum):
    """By what an item's agent is chosen among those who are free; the longest idle of equals."""

    COVERAGE = "coverage"  # whose scarcest other skill most others have, too, who are free
    LEAST_FLEXIBLE = "least_flexible"  # who has the fewest skills
    BEST_LEVEL = "best_level"  # who is best at what the item asks for
    TEAM_FIRST = "team_first"  # who is of the queue's team
    LAST_AGENT = "last_agent"  # who had the resident last: it is kept for them for a while


class Condition(StrEnum):
    """Why an item cannot simply wait, or what is true of a queue; each may have a declared fate."""

    EMERGENCY = "emergency"
    CLOSED = "closed"
    UNSTAFFED = "unstaffed"  # nobody signed in (with a lease) could take it
    ALL_AWAY = "all_away"  # signed in, but every one of them away
    FULL = "full"
    LATE = "late"  # waited longer than the queue's longest wait
    CLOSING = "closing"  # still waiting when the queue closes, or come shortly before
    NO_LANGUAGE = "no_language"  # staffed, but nobody signed in speaks the resident's language
    SURGE = "surge"  # far more people than can be answered, and other queues go first
    LONG_WAIT = "long_wait"  # who came now would have to wait for long
    AT_RISK = "at_risk"  # the promise to the first in line is about to be missed


STRAIN: Final = frozenset({Condition.AT_RISK, Condition.LONG_WAIT})  # of a queue that is served
