"""Folding facts about supervisors in the talks of agents into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.model import EffectKey, ItemId
from router.core.records_calls import Listener
from router.core.state import State
from router.errors import InvariantBroken


def listener_of(state: State, item_id: ItemId) -> Listener:
    """Return who listens to the item. Raises InvariantBroken when nobody does."""
    row = state.listeners.get(item_id)
    if row is None:
        raise InvariantBroken(f"nobody listens to item {item_id!r}")
    return row


def leg_changed(state: State, ev: e.LegChanged) -> None:
    """The supervisor's telephone rings, or was answered."""
    row = listener_of(state, ev.item)
    due = None if ev.connected else row.due
    changed = replace(row, call_id=ev.call_id, connected=ev.connected, due=due)
    state.put_listener(ev.item, changed)


def rung_by(state: State, item_id: ItemId, key: EffectKey) -> None:
    """Remember the effect that rings the supervisor: news of older legs is stale."""
    state.put_listener(item_id, replace(listener_of(state, item_id), key=key))


def _begun(state: State, ev: e.ListeningBegun) -> None:
    state.put_listener(
        ev.item,
        Listener(
            item=ev.item,
            agent=ev.agent,
            by=ev.by,
            of=ev.of,
            mode=ev.mode,
            is_shown=ev.is_shown,
            since=ev.at,
            due=ev.due,
        ),
    )


def _changed(state: State, ev: e.ListeningChanged) -> None:
    state.put_listener(ev.item, replace(listener_of(state, ev.item), mode=ev.mode))


def _ended(state: State, ev: e.ListeningEnded) -> None:
    listener_of(state, ev.item)
    state.put_listener(ev.item, None)


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.ListeningBegun: _begun,
    e.ListeningChanged: _changed,
    e.ListeningEnded: _ended,
}
