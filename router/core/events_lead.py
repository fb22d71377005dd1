"""Facts about what supervisors decided for single items, and for agents."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import AgentId, Instant, ItemId


class ItemAssigned(Event, frozen=True, tag="item-assigned"):
    """A person chose who shall have it; the offer that follows carries the change."""

    item: ItemId
    agent: AgentId
    by: str
    reason: str
    over: bool  # beyond what the agent may hold


class SkillsSet(Event, frozen=True, tag="skills-set"):
    """Until then these levels hold for the agent, whatever the policy says of these skills."""

    agent: AgentId
    levels: tuple[tuple[str, int], ...]  # skill, level; 0 = none of it
    until: Instant
    reason: str
    by: str


class SkillsRestored(Event, frozen=True, tag="skills-restored"):
    """For the agent holds what the policy says again."""

    agent: AgentId
    by: str  # who, or why it ended by itself
