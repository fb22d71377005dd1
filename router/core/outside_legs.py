"""Tables of the legs that are neither the resident's nor an agent's: third parties, people on call.

By the effect that rings them: what follows when the leg was made, and when it was not. By the kind
of the timer: what follows when nothing is heard of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from router.core import consults, lone_walk
from router.core import effects as f
from router.core import events as e
from router.core.model import Instant, ItemId
from router.core.records import Item
from router.core.state import State

Events = Iterator[e.Event]

RINGS: Final[dict[type[f.Effect], Callable[[State, Instant, Item, Any, str], Events]]] = {
    f.DialThird: consults.third_rings,
    f.DialOnCall: lone_walk.rings,
}
NOT_RUNG: Final[dict[type[f.Effect], Callable[[State, Instant, Item, Any, str], Events]]] = {
    f.DialThird: consults.third_not_rung,
    f.DialOnCall: lone_walk.not_rung,
}


def _third_unheard(s: State, now: Instant, name: str) -> Events:
    yield from consults.unheard(s, now, s.items[ItemId(name)])


UNHEARD: Final[dict[str, Callable[[State, Instant, str], Events]]] = {
    "consult": _third_unheard,
    "walk": lone_walk.unheard,
}
