"""The instants at which time alone changes something about an item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from router.core.model import ENDED, Instant, ItemState
from router.core.records import Item
from router.core.relations import is_merged

# what an item waits for in each state: the field that holds the instant, and its name
_WAITS_FOR: Final[dict[ItemState, tuple[tuple[str, str], ...]]] = {
    ItemState.RECEIVED: (),
    ItemState.IN_FLOW: (),  # its position's deadline
    ItemState.QUEUED: (
        ("step_due", "step"),
        ("threshold_at", "threshold"),
        ("late_at", "late"),
        ("reserved_until", "reserved"),
    ),
    ItemState.OFFERED: (("step_due", "step"), ("threshold_at", "threshold"), ("late_at", "late")),
    ItemState.HANDLING: (("threshold_at", "threshold"), ("leg_due", "leg")),
    ItemState.HELD: (("threshold_at", "threshold"),),
    ItemState.WRAP_UP: (("wrap_up_until", "wrap_up"),),
    ItemState.DEFERRED: (("deferred_until", "deferred"), ("threshold_at", "threshold")),
    **{state: (("forget_at", "forget"),) for state in ENDED},
}


def _read(names: Sequence[str]) -> Callable[[Item], tuple[Instant | None, ...]]:
    """Return what gives the values of these fields, all of them in one call."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda item: tuple(getattr(item, name) for name in names)


_READ: Final = {state: _read([name for name, _ in each]) for state, each in _WAITS_FOR.items()}
_MERGED: Final[tuple[tuple[str, str], ...]] = ()  # is let go together with what it went into


def item_due(item: Item) -> Instant | None:
    """Return the next instant at which time alone changes something about the item."""
    state = item.state
    if item.passed_over or item.callback is not None or item.text is not None:
        return min((instant for instant, _ in item_dues(item)), default=None)
    if state is ItemState.IN_FLOW:
        return item.flow.due if item.flow is not None else None
    due: Instant | None = None
    for value in _READ[state](item):
        if value is not None and (due is None or value < due):
            due = value
    return due


def item_dues(item: Item) -> Iterator[tuple[Instant, str]]:
    """Yield every (instant, what) the item waits for in its present state."""
    state = item.state
    for field, what in _MERGED if is_merged(item) else _WAITS_FOR[state]:
        value = getattr(item, field)
        if value is not None:
            yield value, what
    if state is ItemState.QUEUED:
        for _, until in item.passed_over:
            yield until, "passed_over"
    if state is ItemState.IN_FLOW and item.flow is not None and item.flow.due is not None:
        yield item.flow.due, "flow"
    if item.callback is not None and (state is ItemState.QUEUED or state is ItemState.DEFERRED):
        yield item.callback.expires_at, "callback"
    if item.text is not None and state not in ENDED:
        if item.text.idle_due is not None and state is ItemState.HANDLING:
            yield item.text.idle_due, "idle"
        if item.text.page_due is not None:
            yield item.text.page_due, "page"
