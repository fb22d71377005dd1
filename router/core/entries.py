"""Entries into queues as the journal tells them: when, to which queue, how it ended.

One record for each entry of a call or chat. `Entries` is fed the events in order and gives a record
out when its entry has ended; those that have not ended stay. All formulas can be computed from the
records alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from router.core import events as e
from router.core.formulas import LATE, SHORT, THRESHOLD, result_of
from router.core.model import Channel, Instant, ItemId, QueueId, Span
from router.core.service_level import CHANNELS
from router.core.tallies import interval_of

WAITING = "waiting"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry into a queue."""

    item: ItemId
    channel: Channel
    queue: QueueId
    entered_at: Instant
    within: Span  # promised
    short: Span = 0
    outcome: str = WAITING  # a key of `formulas.ENDINGS`, but "abandoned" for short ones too
    waited: Span = 0  # until the outcome; while it waits: as far as anything was heard
    results: tuple[str, ...] = ()  # what was counted, in order

    @property
    def interval(self) -> Instant:
        """Return the beginning of the interval in which it counts."""
        return interval_of(self.entered_at)


class Entries:
    """The entries that have not ended, and those that an event ends."""

    def __init__(self) -> None:
        self._open: dict[ItemId, Entry] = {}

    def feed(self, event: e.Event) -> Iterator[Entry]:
        """Yield the entry that the event ends, if it ends one."""
        if isinstance(event, e.ServiceLevelCounted):
            entry = self._open.pop(event.item, None)
            if entry is None:  # its beginning lies before what is read
                return
            entry = _counted(entry, event)
            if entry.outcome == WAITING:
                self._open[event.item] = entry
            else:
                yield entry
        elif isinstance(event, e.ItemQueued):
            self._queued(event)

    def waiting(self) -> list[Entry]:
        """Return the entries that have not ended, in order of their beginning."""
        return sorted(self._open.values(), key=lambda each: (each.entered_at, each.item))

    def _queued(self, event: e.ItemQueued) -> None:
        channel = CHANNELS.get(event.form)
        if channel is None or event.entered_at is None or event.threshold_at is None:
            return
        self._open[event.item] = Entry(
            item=event.item,
            channel=channel,
            queue=event.queue,
            entered_at=event.entered_at,
            within=event.threshold_at - event.entered_at,
        )


def _counted(entry: Entry, event: e.ServiceLevelCounted) -> Entry:
    ending = event.result.removesuffix(LATE)
    outcome = {THRESHOLD: WAITING, SHORT: "abandoned"}.get(ending, ending)
    return replace(
        entry,
        short=event.short or entry.short,
        outcome=outcome,
        waited=event.waited,
        results=(*entry.results, event.result),
    )


def judged(entry: Entry, within: Span) -> Entry:
    """Return the entry as if another time had been promised; who waits is as far as was heard."""
    results = [THRESHOLD] if entry.waited >= within else []
    if entry.outcome != WAITING:
        results.append(result_of(entry.outcome, entry.waited, within, entry.short))
    return replace(entry, within=within, results=tuple(results))


def counts_of(entries: Iterable[Entry]) -> Counter[str]:
    """Return how often each result was counted."""
    return Counter(result for entry in entries for result in entry.results)
