"""Folding what was promised to those who wait, and the steps that they keep, into side tables.

Few items have either, so neither is a field of every item.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.model import ItemId
from router.core.records_waiting import KeptSteps, Promise, PromisesMet
from router.core.state import State


def promised(state: State, ev: e.EstimateSpoken) -> None:
    """Keep the first promise of an entry; note that somebody was told of more."""
    if ev.counts and ev.low is not None and ev.high is not None:
        row = Promise(item=ev.item, at=ev.at, low=ev.low, high=ev.high)
        state.put_beside(state.promises, ev.item, row)
    elif ev.risen and ev.item in state.promises:
        state.put_beside(
            state.promises, ev.item, replace(state.promises[ev.item], told_of_more=True)
        )


def kept(state: State, ev: e.StepTaken) -> None:
    """Keep steps for the item."""
    item = state.items[ev.item]
    if ev.kept and item.queue is not None:
        state.put_beside(
            state.kept, ev.item, KeptSteps(item=ev.item, queue=item.queue, steps=ev.kept)
        )


def entered(state: State, ev: e.ItemQueued) -> None:
    """A new entry: what was promised before is over; another queue has other steps."""
    if ev.entered_at is not None and ev.item in state.promises:
        state.put_beside(state.promises, ev.item, None)
    row = state.kept.get(ev.item)
    if row is not None and row.queue != ev.queue:
        state.put_beside(state.kept, ev.item, None)


def gone(state: State, item_id: ItemId) -> None:
    """Nothing more is known of the item."""
    if item_id in state.promises:
        state.put_beside(state.promises, item_id, None)
    if item_id in state.kept:
        state.put_beside(state.kept, item_id, None)


def _met(state: State, ev: e.EstimateMet) -> None:
    state.put_beside(state.promises, ev.item, None)
    row = state.promises_met.get(ev.queue)
    if row is None or row.day < ev.day:
        row = PromisesMet(queue=ev.queue, day=ev.day)
    error = (ev.low + ev.high) // 2 - ev.waited
    state.put_beside(
        state.promises_met,
        ev.queue,
        replace(
            row,
            count=row.count + 1,
            inside=row.inside + (ev.low <= ev.waited <= ev.high),
            longer=row.longer + (ev.waited > ev.high),
            error_sum=row.error_sum + error,
            error_abs_sum=row.error_abs_sum + abs(error),
        ),
    )


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {e.EstimateMet: _met}
