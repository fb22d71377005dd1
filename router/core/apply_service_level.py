"""Folding what was counted for the service level: one row per queue, channel and interval of today.

Rows of a day that is over leave the state with the first count of the next one; what is counted
for it later stands in the journal alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.estimate import smoothed
from router.core.records import Item, QueueRow
from router.core.state import State
from router.core.tallies import TallyRow
from router.core.text_level import CHANNELS_OF_TEXTS

# of events stored before channels were counted: figures of calls, one row per queue
_COUNTERS: Final = {
    "answered": "answered_in",
    "abandoned": "abandoned_in",
    "callback": "callbacks",
    "diverted": "diverted",
    "answered-late": "answered_late",
    "abandoned-late": "abandoned_late",
}
_ANSWERED: Final = frozenset({"answered", "answered-late"})


def _counted(state: State, ev: e.ServiceLevelCounted) -> None:
    """The first result counts; what follows a passed threshold is late."""
    item = state.items.get(ev.item)
    if item is not None:
        state.put_item(ev.item, replace(item, threshold_at=None, service_level=ev.result))
    rang = ev.channel not in CHANNELS_OF_TEXTS
    if rang and ev.result in _ANSWERED and item is not None and item.offered_at:
        _note_ringing(state, item, ev)
    if ev.channel is None:
        _count_for_queue(state, ev)
    else:
        _tally(state, ev)


def _note_ringing(state: State, item: Item, ev: e.ServiceLevelCounted) -> None:
    row = state.queues.get(ev.queue) or QueueRow(id=ev.queue)
    rang = smoothed(row.ring_mean, row.rung, ev.at - (item.offered_at or ev.at))
    state.put_queue(replace(row, ring_mean=rang, rung=row.rung + 1))


def _tally(state: State, ev: e.ServiceLevelCounted) -> None:
    today = next((row.day for row in state.tallies.values()), "")  # all are of one day
    if ev.day < today or ev.channel is None:
        return
    if today and ev.day > today:
        for old in list(state.tallies):
            state.put_tally(old, None)
    key = (ev.queue, ev.channel, ev.interval)
    row = state.tallies.get(key) or TallyRow(ev.queue, ev.channel, ev.interval, ev.day)
    counts = dict(row.counts)
    counts[ev.result] = counts.get(ev.result, 0) + 1
    state.put_tally(key, replace(row, counts=tuple(sorted(counts.items()))))


def _count_for_queue(state: State, ev: e.ServiceLevelCounted) -> None:
    row = state.queues.get(ev.queue) or QueueRow(id=ev.queue)
    if ev.day < row.day:
        return
    if ev.day != row.day:
        row = replace(row, day=ev.day, offered=0, **dict.fromkeys(_COUNTERS.values(), 0))
    changes: dict[str, int] = {}
    if not ev.result.endswith("-late"):
        changes["offered"] = row.offered + 1
    counter = _COUNTERS.get(ev.result)
    if counter is not None:
        changes[counter] = getattr(row, counter) + 1
    state.put_queue(replace(row, **changes))


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.ServiceLevelCounted: _counted,
}
