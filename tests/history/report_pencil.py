"""What a reader with a pencil would write down of a story: looks at the state, not at the events.

Between two events everybody does what the state says they do; nothing of it is shared with the
ledger that is tested, which never sees a state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from router.core import events as e
from router.core.apply import apply
from router.core.model import AgentStatus, Form, Instant, ItemId, ItemState, LegState
from router.core.policy import Policy
from router.core.records import Item
from router.core.state import State
from router.core.tallies import INTERVAL

DOING = {ItemState.HANDLING: "talked", ItemState.HELD: "held", ItemState.WRAP_UP: "noted"}


@dataclass
class Handled:
    """One time that an agent had an item."""

    item: str
    queue: str
    agent: str
    began_at: Instant
    ended_at: Instant | None = None
    reached: bool = False
    spans: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DOING.values(), 0))


class Pencil:
    """Follows a story from its beginning."""

    def __init__(self, story: Sequence[e.AnyEvent], policies: dict[str, Policy]) -> None:
        self.handlings: list[Handled] = []
        self.times: defaultdict[tuple[str, Instant], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(("worked", "ready", "away"), 0)
        )
        self.ends: dict[str, tuple[str, Instant]] = {}
        self._open: dict[ItemId, Handled] = {}
        self._state, self._at = State(), 0
        self._state.policies.update(policies)  # type: ignore[arg-type]
        for event in story:
            self._pass(event.at)
            if isinstance(event, e.ConsultCompleted) and event.agent is not None:
                self._let_go(event.item, event.at)
            apply(self._state, event)
            self._look(event.at)

    def _pass(self, until: Instant) -> None:
        """Write down what everybody does until then."""
        for item, handled in self._open.items():
            handled.spans[DOING[self._state.items[item].state]] += until - self._at
        for agent in self._state.agents.values():
            if agent.lease_until is None:
                continue
            busy = any(held.state != "offered" for held in agent.holdings)
            idle = "ready" if agent.status is AgentStatus.AVAILABLE else "away"
            kind, at = "worked" if busy else idle, self._at
            while at < until:
                begin = at - at % INTERVAL
                end = min(until, begin + INTERVAL)
                self.times[agent.id, begin][kind] += end - at
                at = end
        self._at = until

    def _look(self, now: Instant) -> None:
        """Write down who has what in hand now, and what is over."""
        for item in self._state.items.values():
            handled = self._open.get(item.id)
            if handled is not None and item.state not in DOING:
                self._let_go(item.id, now)
            elif handled is None and item.state in DOING and item.agent is not None:
                handled = Handled(item.id, item.queue or "", item.agent, now)
                self._open[item.id] = handled
                self.handlings.append(handled)
            if item.id in self._open and _talks(item):
                self._open[item.id].reached = True
            if item.ended_at is not None:
                self.ends[item.id] = (item.state.value, item.ended_at)
            else:
                self.ends.pop(item.id, None)

    def _let_go(self, item: ItemId, now: Instant) -> None:
        self._open.pop(item).ended_at = now


def _talks(item: Item) -> bool:
    if item.form not in (Form.CALL, Form.CALLBACK):
        return True
    return item.agent_call_state is LegState.CONNECTED and bool(item.call_id)
