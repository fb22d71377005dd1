"""Facts about what supervisors decided for single items."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import AgentId, ItemId


class ItemAssigned(Event, frozen=True, tag="item-assigned"):
    """A person chose who shall have it; the offer that follows carries the change."""

    item: ItemId
    agent: AgentId
    by: str
    reason: str
    over: bool  # beyond what the agent may hold
