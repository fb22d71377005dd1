"""How far minimums and turns have come: what an offer moves on, and one that failed takes back."""

from __future__ import annotations

from router.core import minimums, turns
from router.core.minimums import Paces
from router.core.model import Instant
from router.core.records import Item
from router.core.state import State


def offered(s: State, now: Instant, item: Item) -> Paces:
    """Return the paces once the item is offered."""
    return minimums.offered(s, now, item) + turns.offered(s, item)


def failed(s: State, now: Instant, item: Item) -> Paces:
    """Return the paces when an open offer of the item comes to nothing."""
    return minimums.failed(s, now, item) + turns.failed(s, item)
