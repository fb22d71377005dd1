"""Rows of the state beside items, agents and queues: what few items have, what was switched.

Like those of `records`: frozen, replaced as a whole, fields only appended.
"""

from __future__ import annotations

from router.core.model import (
    AgentId,
    Condition,
    EffectKey,
    Instant,
    ItemId,
    LegResult,
    QueueId,
    Tempo,
)
from router.core.records import Row


class OnCallAttempt(Row, frozen=True):
    """Somebody on call who was told of an item, and what came of it."""

    contact: str
    way: str  # call | mail
    round: int  # 1 = the first time through the list
    at: Instant
    result: LegResult | None = None  # None: it rings, or an answer is awaited
    ended_at: Instant | None = None


class OnCallRow(Row, frozen=True):
    """Everybody on call who was told of an item, in order."""

    item: ItemId
    rule: str  # by which they are told: "!chain/rule", or a node
    attempts: tuple[OnCallAttempt, ...] = ()


class LoneWalk(Row, frozen=True):
    """The walk about an item whose caller has hung up; kept until the item is forgotten."""

    item: ItemId
    rule: str  # "!chain/rule"
    since: Instant
    index: int = -1  # who is rung, in the order of the day
    key: EffectKey = EffectKey("")  # of the effect that rings; "" = nobody is rung
    call_id: str = ""
    due: Instant | None = None
    result: str = ""  # "" while it lasts; as in `LoneWalkEnded`
    contact: str = ""  # who acknowledged it


class NoticeRow(Row, frozen=True):
    """A message that a person has put in front of every call."""

    id: str
    text: tuple[tuple[str, str], ...]  # language code, text
    since: Instant
    until: Instant
    numbers: tuple[str, ...]
    by: str


class SurgeRow(Row, frozen=True):
    """The surge that holds now."""

    since: Instant
    until: Instant
    reason: str
    by: str


class SkillsRow(Row, frozen=True):
    """The levels that hold for an agent today."""

    agent: AgentId
    levels: tuple[tuple[str, int], ...]  # skill, level; 0 = none of it
    since: Instant
    until: Instant
    reason: str
    by: str


class LimitRow(Row, frozen=True):
    """How many may wait in a queue with the agents who are there."""

    queue: QueueId
    length: int
    tempo: Tempo = Tempo.LIVE  # of those who wait and of those who are there for them


class GapRow(Row, frozen=True):
    """A language of the town that nobody signed in speaks in a queue where others are served."""

    queue: QueueId
    skill: str
    lasts_at: Instant | None  # until then it is not in effect
    tempo: Tempo = Tempo.LIVE


class KindRow(Row, frozen=True):
    """What is true of a queue for chats, or for texts; the queue's own row has it for calls."""

    queue: QueueId
    tempo: Tempo
    conditions: tuple[Condition, ...] = ()
    lasts_at: Instant | None = None  # until then the condition of its staff is not in effect ...
    meanwhile: Condition | None = None  # ... but this one, if any
