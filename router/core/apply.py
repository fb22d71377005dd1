"""Folding one fact into the state; the journal is replayed by this alone.

Nothing here decides: every value that rules or time chose stands in the event. An event that does
not fit the state is our own mistake (`InvariantBroken`): the daemon stops, restarts and replays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from router.core import (
    apply_agents,
    apply_calls,
    apply_handling,
    apply_hours,
    apply_line,
    apply_listening,
    apply_service_level,
    apply_text,
    apply_waiting,
)
from router.core import events as e
from router.core.state import State
from router.errors import InvariantBroken

HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    **apply_line.HANDLERS,
    **apply_handling.HANDLERS,
    **apply_agents.HANDLERS,
    **apply_calls.HANDLERS,
    **apply_text.HANDLERS,
    **apply_service_level.HANDLERS,
    **apply_hours.HANDLERS,
    **apply_waiting.HANDLERS,
    **apply_listening.HANDLERS,
}


def apply(state: State, event: e.Event) -> None:
    """Fold `event` into the state.

    Raises:
        InvariantBroken: the event cannot happen in this state.
    """
    handler = HANDLERS.get(type(event))
    if handler is None:
        raise InvariantBroken(f"nobody applies {type(event).__name__}")
    handler(state, event)
    state.tick(event.at)
