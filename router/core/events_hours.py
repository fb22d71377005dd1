"""Facts about what people switch by hand, and about people on call when the town cannot answer."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import Instant, ItemId, QueueId, Tempo


class OnCallTold(Event, frozen=True, tag="on-call-told"):
    """Somebody on call is rung, or was sent a mail, about an item; `OutsideTried` ends it."""

    item: ItemId
    contact: str
    way: str  # call | mail
    round: int  # 1 = the first time through the list
    rule: str  # by which they are told: "!chain/rule", or a node


class MessageAnnounced(Event, frozen=True, tag="message-announced"):
    """A person has put a message in front of every call until an instant."""

    id: str
    text: tuple[tuple[str, str], ...]  # language code, text
    since: Instant
    until: Instant
    numbers: tuple[str, ...]  # called numbers; () = all
    by: str


class MessageWithdrawn(Event, frozen=True, tag="message-withdrawn"):
    """Nobody hears the message any more."""

    id: str
    by: str


class SurgeBegun(Event, frozen=True, tag="surge-begun"):
    """From now on the policy's `surge` holds."""

    until: Instant
    reason: str
    by: str


class SurgeEnded(Event, frozen=True, tag="surge-ended"):
    by: str


class QueueLimited(Event, frozen=True, tag="queue-limited"):
    """So many may wait in the queue with the agents who are there now."""

    queue: QueueId
    length: int
    tempo: Tempo = Tempo.LIVE


class LanguageGapEntered(Event, frozen=True, tag="language-gap-entered"):
    """The queue is staffed, but nobody signed in there has this language's skill."""

    queue: QueueId
    skill: str
    lasts_at: Instant | None  # in effect from then on; None: at once
    tempo: Tempo = Tempo.LIVE  # for whom nobody has it


class LanguageGapLasted(Event, frozen=True, tag="language-gap-lasted"):
    """It has lasted long enough: it is in effect."""

    queue: QueueId
    skill: str
    tempo: Tempo = Tempo.LIVE


class LanguageGapLeft(Event, frozen=True, tag="language-gap-left"):
    queue: QueueId
    skill: str
    tempo: Tempo = Tempo.LIVE
