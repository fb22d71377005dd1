"""What agents ask for about calls: a third party beside the resident, a callback."""

from __future__ import annotations

from router.core.commands import Command
from router.core.model import AgentId, Instant, ItemId, QueueId


class ConsultItem(Command, frozen=True):
    """Ring exactly one of queue, agent, contact or number while the resident stays on the line."""

    item_id: ItemId
    agent_id: AgentId
    to_queue: QueueId | None = None  # whoever of it is free
    to_agent: AgentId | None = None
    to_contact: str = ""  # OutsideContact id
    number_ref: str = ""  # words of kind `contact` submitted with this command
    number_key: str = ""  # stands for that number where ringing is counted


class CompleteTransfer(Command, frozen=True):
    """The third party has answered: the agent leaves, the resident stays with them."""

    item_id: ItemId
    agent_id: AgentId


class CancelConsult(Command, frozen=True):
    """The third party is let go, the resident stays with the agent."""

    item_id: ItemId
    agent_id: AgentId


class PromiseCallback(Command, frozen=True):
    """The agent promises to ring back, and hangs up if anybody is on the line."""

    item_id: ItemId
    agent_id: AgentId
    owner: AgentId | None = None  # who has it first; None: the agent
    starts: Instant | None = None  # not before; None: when its turn comes
