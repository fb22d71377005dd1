"""What must be true of whoever listens, at any time."""

from __future__ import annotations

from collections import Counter

from router.core.model import ItemState
from router.core.state import State


def misplaced_listeners(state: State) -> list[str]:
    """Return who is in a talk that is not that of the agent they came for, or in two at once."""
    found = []
    for row in state.listeners.values():
        item = state.items.get(row.item)
        in_hand = item is not None and item.state in (ItemState.HANDLING, ItemState.HELD)
        if item is None or not in_hand or not item.agent == row.of != row.agent:
            found.append(f"{row} listens to {item}")
    times = Counter(row.agent for row in state.listeners.values())
    return found + [f"{agent} listens twice" for agent, each in times.items() if each > 1]
