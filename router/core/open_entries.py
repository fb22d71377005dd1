"""Callers whose entry has not ended, counted by queue and by the quarter of an hour they began in.

Follows the items, so that what those who wait come to can be foreseen without looking at each of
them. Derived from rows and policy; nothing here is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from router.core.formulas import THRESHOLD
from router.core.model import IN_LINE, Form, Instant, ItemState, QueueId
from router.core.records import Item
from router.core.tallies import interval_of

Key = tuple[QueueId, Instant | None]  # a quarter of an hour; None: whenever they began


class Open(NamedTuple):
    """Callers who have not been answered and have not left."""

    waiting: int = 0  # in line, and the promised time is not over
    near: int = 0  # being offered to somebody, or connected; not over either
    over: int = 0  # counted already: the promised time has passed

    @property
    def all(self) -> int:
        """Return how many there are."""
        return self.waiting + self.near + self.over


NOBODY: Final = Open()


class OpenEntries:
    """The callers of the queues that ask for a forecast."""

    def __init__(self) -> None:
        self.queues: frozenset[QueueId] = frozenset()
        self._counts: dict[Key, list[int]] = {}

    def adopt(self, queues: frozenset[QueueId], items: Iterable[Item]) -> None:
        """Count for these queues from now on; `items` are all there are."""
        if queues != self.queues:
            self.queues = queues
            self._counts = {}
            for item in items:
                self.follow(None, item)

    def of(self, queue: QueueId, interval: Instant | None = None) -> Open:
        """Return who is there."""
        found = self._counts.get((queue, interval))
        return NOBODY if found is None else Open(*found)

    def follow(self, old: Item | None, new: Item | None) -> bool:
        """Follow an item's row from `old` to `new`; say whether that changes a count."""
        before = None if old is None else self._place(old)
        after = None if new is None else self._place(new)
        if before == after:
            return False
        if before is not None:
            self._add(*before, -1)
        if after is not None:
            self._add(*after, 1)
        return True

    def _place(self, item: Item) -> tuple[QueueId, Instant, int] | None:
        is_over = item.threshold_at is None
        if is_over and item.service_level != THRESHOLD:
            return None  # the commonest: its entry has ended
        queue, entered = item.queue, item.entered_at
        if item.form is not Form.CALL or queue is None or entered is None:
            return None
        if queue not in self.queues or (is_over and item.state not in IN_LINE):
            return None
        field = 2 if is_over else item.state is not ItemState.QUEUED
        return queue, interval_of(entered), field

    def _add(self, queue: QueueId, interval: Instant, field: int, number: int) -> None:
        for key in ((queue, None), (queue, interval)):
            counts = self._counts.setdefault(key, [0, 0, 0])
            counts[field] += number
            if not any(counts):
                del self._counts[key]
