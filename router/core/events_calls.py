"""Facts about calls: asking a third party, callbacks that were promised or given up."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import AgentId, Instant, ItemId, LegResult, QueueId


class ConsultBegun(Event, frozen=True, tag="consult-begun"):
    """The agent has somebody rung while the resident stays with them."""

    item: ItemId
    by: AgentId
    to: str  # "agent:y", "contact:z" or "number"
    agent: AgentId | None
    queue: QueueId | None
    due: Instant


class ConsultEnded(Event, frozen=True, tag="consult-ended"):
    """The third party is not, or no longer, on the line; the resident stays where they are."""

    item: ItemId
    result: LegResult
    reason: str


class ConsultCompleted(Event, frozen=True, tag="consult-completed"):
    """The agent has left the talk to the third party; a colleague has the item from now on."""

    item: ItemId
    by: AgentId
    to: str
    agent: AgentId | None


class CallbackPromised(Event, frozen=True, tag="callback-promised"):
    """More about a callback: whose it is, and the time that was chosen."""

    item: ItemId
    owner: AgentId | None
    starts: Instant | None
    ends: Instant | None


class CallbackUnreturned(Event, frozen=True, tag="callback-unreturned"):
    """The resident will not be rung again by itself: a person must look."""

    item: ItemId
    reason: str
