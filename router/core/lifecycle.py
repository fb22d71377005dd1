"""The states of a work item and the only moves between them.

Nothing outside this file decides what follows a state. The table is data: `docs/lifecycle.md` and
the reachability test are made from it. `OfferEnded` is not here: an item leaves `offered` by it
only when its last open offer ended unaccepted, see `router.core.apply`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from router.core import events as e
from router.core.model import ItemState as S
from router.errors import InvariantBroken

_LEAVE: Final[dict[type[e.Event], S]] = {
    e.ItemClosed: S.CLOSED,
    e.ItemAbandoned: S.ABANDONED,
    e.ItemDiverted: S.DIVERTED,
    e.ItemShunted: S.SHUNTED,
}
_ROUTE: Final[dict[type[e.Event], S]] = {
    e.FlowMoved: S.IN_FLOW,
    e.ItemQueued: S.QUEUED,
    e.ItemDeferred: S.DEFERRED,
}
_AGAIN: Final[dict[type[e.Event], S]] = {e.ItemReopened: S.RECEIVED}

MOVES: Final[Mapping[S, Mapping[type[e.Event], S]]] = MappingProxyType(
    {
        S.RECEIVED: _ROUTE | _LEAVE | {e.ItemParked: S.DEFERRED},
        S.IN_FLOW: _ROUTE | _LEAVE,
        S.QUEUED: _ROUTE
        | _LEAVE
        | {e.OfferMade: S.OFFERED, e.CallbackBooked: S.QUEUED, e.ItemParked: S.DEFERRED},
        S.OFFERED: {e.OfferMade: S.OFFERED, e.HandlingStarted: S.HANDLING},
        S.HANDLING: _ROUTE
        | _LEAVE
        | {
            e.ItemHeld: S.HELD,
            e.ItemReturned: S.QUEUED,
            e.WrapUpStarted: S.WRAP_UP,
            e.ItemParked: S.DEFERRED,
        },
        S.HELD: _ROUTE
        | _LEAVE
        | {e.ItemResumed: S.HANDLING, e.ItemReturned: S.QUEUED, e.WrapUpStarted: S.WRAP_UP},
        S.WRAP_UP: {e.ItemClosed: S.CLOSED},
        S.DEFERRED: _ROUTE | _LEAVE,
        S.CLOSED: _AGAIN | {e.ItemUnmerged: S.RECEIVED},
        S.ABANDONED: _AGAIN,
        S.DIVERTED: _AGAIN,
        S.SHUNTED: _AGAIN | {e.ItemClosed: S.CLOSED},
    }
)


def move(state: S, event: e.Event) -> S:
    """Return the state that follows.

    Raises:
        InvariantBroken: the table has no such row. Commands are refused before they become
            events, so this is our mistake, not the caller's.
    """
    try:
        return MOVES[state][type(event)]
    except KeyError:
        name = type(event).__name__
        raise InvariantBroken(f"{name} cannot happen to an item that is {state}") from None
