"""Who listens to a call, for the wallboard; and for the agent, as far as the town tells. Pure."""

from __future__ import annotations

from router.core.model import ItemId, ListenMode
from router.core.state import State
from router.desk.view_types import moment
from router.desk.views_calls import ListenerView


def listener_view(state: State, item_id: ItemId) -> ListenerView | None:
    """Return the supervisor in the talk; None when nobody is."""
    row = state.listeners.get(item_id)
    if row is None:
        return None
    rule = state.policy.agents.get(row.agent)
    return ListenerView(
        agent=row.agent,
        name=rule.name if rule is not None else row.agent,
        mode=row.mode,
        state="connected" if row.connected else "ringing",
        since=moment(row.since),
    )


def told_listener(state: State, item_id: ItemId) -> ListenerView | None:
    """Return what the agent is told: who can be heard in any case, others where the town says."""
    row = state.listeners.get(item_id)
    if row is None or not (row.is_shown or row.mode is not ListenMode.LISTEN):
        return None
    return listener_view(state, item_id)
