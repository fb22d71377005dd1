"""How long the wait will be: a range, or honestly unknown.

With n agents at work on whom the item can count and a mean handling time h, the p-th in line waits
for p departures at rate n/h: mean p*h/n, standard deviation sqrt(p)*h/n. The range is one standard
deviation to both sides. Nobody signed in and not away: unknown. Agents shared with other queues
and callbacks in the same line are counted as they stand; the range says that it is a range.
"""

from __future__ import annotations

import math
from typing import Final

from router.core.model import MINUTE, Span
from router.core.records import Item
from router.core.state import State

HANDLE_ASSUMED: Final[Span] = 4 * MINUTE  # before a queue has handled anything


def smoothed(mean: Span, count: int, span: Span) -> Span:
    """Return the exponentially smoothed mean (1/16) after one more; `count` came before."""
    return span if count == 0 else (mean * 15 + span) // 16


def wait_of(s: State, item: Item, place: int) -> tuple[Span | None, Span | None]:
    """Return (low, high) from now on for the item at `place` (1 = next), or (None, None)."""
    _, available = s.index.staff(item.requirement, item.tempo)
    if available == 0 or item.queue is None:
        return None, None
    row = s.queues.get(item.queue)
    handle = row.handle_mean if row is not None and row.handled else HANDLE_ASSUMED
    mean = place * handle / available
    spread = math.sqrt(place) * handle / available
    return max(0, int(mean - spread)), int(mean + spread)
