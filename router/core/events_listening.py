"""Facts about supervisors in the talks of agents."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import AgentId, Instant, ItemId, LegResult, ListenMode


class ListeningBegun(Event, frozen=True, tag="listening-begun"):
    """A supervisor's telephone rings; picked up, they are in the talk."""

    item: ItemId
    agent: AgentId  # the supervisor's
    by: str
    of: AgentId  # whose talk it is
    mode: ListenMode
    is_shown: bool  # the agent's desk says so
    due: Instant


class ListeningChanged(Event, frozen=True, tag="listening-changed"):
    """They are in the talk in another way."""

    item: ItemId
    mode: ListenMode
    by: str


class ListeningEnded(Event, frozen=True, tag="listening-ended"):
    """Nobody listens any more; the talk is what it was."""

    item: ItemId
    result: LegResult
    reason: str
