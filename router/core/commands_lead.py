"""What supervisors ask for: another rank, agent or queue of an item; skills of agents for today."""

from __future__ import annotations

from router.core.commands import Command
from router.core.model import AgentId, Instant, ItemId, QueueId, Span


class PrioritiseItem(Command, frozen=True):
    """Rank an item in line as if it had come so much earlier; replaces its own head start."""

    item_id: ItemId
    head_start: Span  # ns beside that of its queue; less than 0: later
    reason: str
    by: str


class AssignItem(Command, frozen=True):
    """Give an item to a certain agent, also beyond what they may hold.

    What was written is theirs at once; a caller or a chat is offered to them, because somebody
    must be there.
    """

    item_id: ItemId
    agent_id: AgentId
    reason: str
    by: str


class MoveItem(Command, frozen=True):
    """Put an item in line at another queue; its age goes with it."""

    item_id: ItemId
    queue: QueueId
    reason: str
    by: str


class PullBackItem(Command, frozen=True):
    """Take an item out of an agent's hands, back into its line at its old place.

    Not out of a talk: resident and agent have each other on the line.
    """

    item_id: ItemId
    reason: str
    by: str


class SetSkills(Command, frozen=True):
    """Let an agent have other levels until an instant; replaces what was set for them before."""

    agent_id: AgentId
    levels: dict[str, int]  # by skill; 0 = none of it. Other skills stay as the policy has them
    reason: str
    by: str
    until: Instant | None = None  # None: the end of the town's day


class RestoreSkills(Command, frozen=True):
    """Back to what the policy says, before the time."""

    agent_id: AgentId
    by: str
