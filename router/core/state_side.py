"""Tables of the state beside the items, and of figures: part of `State`.

What few items have is no field of every item. Each put remembers the row it replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from router.core.index import Index
from router.core.model import Channel, Instant, ItemId, QueueId, Tempo
from router.core.records import PaceRow
from router.core.records_calls import Consult, Listener, Recall
from router.core.records_waiting import KeptSteps, Promise, PromisesMet
from router.core.tallies import DayRow, TallyKey, TallyRow, day_with
from router.core.watch import Watch

R = TypeVar("R")
V = TypeVar("V")


class SideTables:
    """See the module's text."""

    index: Index
    watch: Watch
    _put: Callable[[dict[Any, Any], Any, Any], None]
    _look: Callable[[QueueId, Tempo], None]
    _undo: list[tuple[Any, ...]] | None

    def __init__(self) -> None:
        super().__init__()
        self.tallies: dict[TallyKey, TallyRow] = {}
        self.days: dict[QueueId, DayRow] = {}  # sums of calls; derived
        self.consults: dict[ItemId, Consult] = {}
        self.listeners: dict[ItemId, Listener] = {}
        self.recalls: dict[ItemId, Recall] = {}
        self.paces: dict[str, PaceRow] = {}
        self.promises: dict[ItemId, Promise] = {}  # waits that were said and are still waited
        self.kept: dict[ItemId, KeptSteps] = {}
        self.promises_met: dict[QueueId, PromisesMet] = {}  # of the last day that had any

    def put_tally(self, key: TallyKey, row: TallyRow | None) -> None:
        """Put, replace or (None) remove."""
        old, queue = self.tallies.get(key), key[0]
        counts = row is not None and row.channel is Channel.VOICE
        foreseen = counts and queue in self.watch.entries.queues  # else nothing is due by figures
        if foreseen and self._undo is not None:
            self._undo.append((self._look, queue, Tempo.LIVE))
        self._put(self.tallies, key, row)
        if row is not None and counts:
            self._put(self.days, queue, day_with(self.days.get(queue), old, row))
        if foreseen:
            self._look(queue, Tempo.LIVE)

    def put_consult(self, item_id: ItemId, row: Consult | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.consults, item_id, row)
        self.time_beside(row)

    def put_listener(self, item_id: ItemId, row: Listener | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.listeners, item_id, row)
        self.time_beside(row)

    def put_recall(self, item_id: ItemId, row: Recall | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.recalls, item_id, row)

    def put_pace(self, row: PaceRow) -> None:
        """Put or replace."""
        self._put(self.paces, row.minimum, row)

    def put_beside(self, table: dict[R, V], key: R, row: V | None) -> None:
        """Put, replace or (None) remove in a table of `records_waiting`."""
        self._put(table, key, row)

    def time_beside(self, row: Any) -> None:
        """Set the timer of a row of these tables, if it has one."""
        if isinstance(row, Consult):
            self.index.timer(row.due, "consult", row.item)
        elif isinstance(row, Listener):
            self.index.timer(row.due, "listener", row.item)

    def due_beside(self, kind: str, name: str) -> Instant | None:
        """Return when the row is due whose timer has this kind and name."""
        item_id = ItemId(name)
        row = (self.consults if kind == "consult" else self.listeners).get(item_id)
        return None if row is None else row.due
