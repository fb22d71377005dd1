"""What supervisors ask for about a call that an agent has: to hear it, to help, to leave it."""

from __future__ import annotations

from router.core.commands import Command
from router.core.model import AgentId, ItemId, ListenMode


class ListenTo(Command, frozen=True):
    """Bring a supervisor into the talk, or let them be there in another way."""

    item_id: ItemId
    agent_id: AgentId  # the supervisor's, whose telephone rings
    mode: ListenMode
    by: str


class StopListening(Command, frozen=True):
    """Take whoever listens out of the talk, which goes on."""

    item_id: ItemId
    by: str
