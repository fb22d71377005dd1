"""Tables of the legs that are not of resident and agent: third parties, people on call, listeners.

By the name of the leg: what follows from news of it. By the effect: what follows when the leg was
made, and when that could not be done. By the kind of the timer: what follows when nothing is heard
of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from router.core import commands as c
from router.core import consults, listening, lone_walk
from router.core import effects as f
from router.core import events as e
from router.core.model import Instant, ItemId
from router.core.records import Item
from router.core.state import State

Events = Iterator[e.Event]

HEARD: Final[dict[str, Callable[[State, Instant, Item, c.ReportLeg], Events]]] = {
    "third": consults.third_leg,
    "on_call": lone_walk.heard,
    "listener": listening.heard,
}
RINGS: Final[dict[type[f.Effect], Callable[[State, Instant, Item, Any, str], Events]]] = {
    f.DialThird: consults.third_rings,
    f.DialOnCall: lone_walk.rings,
    f.DialListener: listening.rings,
}
NOT_RUNG: Final[dict[type[f.Effect], Callable[[State, Instant, Item, Any, str], Events]]] = {
    f.DialThird: consults.third_not_rung,
    f.DialOnCall: lone_walk.not_rung,
    f.DialListener: listening.not_rung,
    f.SetListener: listening.not_set,
}


def _third_unheard(s: State, now: Instant, name: str) -> Events:
    yield from consults.unheard(s, now, s.items[ItemId(name)])


UNHEARD: Final[dict[str, Callable[[State, Instant, str], Events]]] = {
    "consult": _third_unheard,
    "walk": lone_walk.unheard,
    "listener": listening.unheard,
}
