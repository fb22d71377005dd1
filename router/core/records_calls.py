"""Rows about calls that few items have: kept beside the items, by the item's id."""

from __future__ import annotations

from router.core.model import AgentId, EffectKey, Instant, ItemId, LegResult, ListenMode, QueueId
from router.core.records import Row


class Consult(Row, frozen=True):
    """A third party whom the agent asks while the resident stays with them."""

    item: ItemId
    by: AgentId
    to: str  # "agent:y", "contact:z" or "number"
    agent: AgentId | None  # the colleague who is rung; their capacity is taken meanwhile
    queue: QueueId | None  # whose item it becomes; None: the queue stays
    since: Instant
    due: Instant | None  # by then something must have been heard; None: no longer rung
    key: EffectKey = EffectKey("")  # of the effect that rings them
    call_id: str = ""
    connected: bool = False
    given: bool = False  # the agent has gone: the talk is theirs and the resident's
    failed: LegResult | None = None  # it came to nothing; kept until the talk is over


class Listener(Row, frozen=True):
    """A supervisor in an agent's talk, or whose telephone rings for it."""

    item: ItemId
    agent: AgentId  # the supervisor's
    by: str
    of: AgentId  # whose talk it is
    mode: ListenMode
    is_shown: bool
    since: Instant
    due: Instant | None  # by then something must have been heard; None: no longer rung
    key: EffectKey = EffectKey("")  # of the effect that rings them
    call_id: str = ""
    connected: bool = False


class Recall(Row, frozen=True):
    """What is known of a callback beyond its attempts."""

    item: ItemId
    owner: AgentId | None = None  # who promised it, and has it first
    starts: Instant | None = None  # the time that the resident chose
    ends: Instant | None = None
    unreturned: str = ""  # why it was given up; "" while it is still to be rung
    since: Instant = 0  # of the promise, or of giving up
