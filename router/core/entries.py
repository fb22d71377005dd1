"""Entries into queues as the journal tells them: when, to which queue, how it ended.

One record for each entry of a call, chat or text. `Entries` is fed the events in order and gives a
record out when its entry has ended; those that have not ended stay. All formulas can be computed
from the records alone.
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
from router.core.text_level import CHANNELS_OF_TEXTS

WAITING = "waiting"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry into a queue."""

    item: ItemId
    channel: Channel
    queue: QueueId
    entered_at: Instant
    within: Span  # promised
    short: Span = 0
    # a key of `formulas.ENDINGS` or `ENDINGS_OF_TEXTS`, but "abandoned" for short ones too
    outcome: str = WAITING
    waited: Span = 0  # until the outcome; while it waits: as far as anything was heard
    results: tuple[str, ...] = ()  # what was counted, in order
    over_at: Instant | None = None  # when it was counted that the promised time was over
    over_in: str = ""  # queue that had it then

    @property
    def interval(self) -> Instant:
        """Return the beginning of the interval in which it counts."""
        return interval_of(self.entered_at)


class Entries:
    """The entries that have not ended, and those that an event ends."""

    def __init__(self, *, texts: bool) -> None:
        """`texts`: mail and forms, too, whose entries may last for days."""
        self._open: dict[ItemId, Entry] = {}
        self._texts = texts
        self._received: dict[ItemId, tuple[Channel, Instant]] = {}

    def feed(self, event: e.Event) -> Iterator[Entry]:
        """Yield the entry that the event ends, if it ends one."""
        if isinstance(event, e.ServiceLevelCounted):
            if event.channel in CHANNELS_OF_TEXTS and not self._texts:
                return
            entry = self._open.pop(event.item, None)
            if entry is None:
                if event.channel not in CHANNELS_OF_TEXTS:
                    return  # its beginning lies before what is read
                entry = begun_by(event)
            entry = counted_with(entry, event)
            if entry.outcome == WAITING:
                self._open[event.item] = entry
            else:
                self._received.pop(event.item, None)
                yield entry
        elif isinstance(event, e.ItemQueued):
            self._queued(event)
        elif isinstance(event, e.ItemDeferred) and event.threshold_at is not None:
            self._text_queued(event, event.threshold_at)
        elif self._texts and isinstance(event, e.ItemReceived):
            if event.channel in CHANNELS_OF_TEXTS:
                self._received[event.item] = (event.channel, event.at)
        elif isinstance(event, e.ItemMerged):  # a text is answered there; what was counted stays
            entry = self._open.get(event.item)
            if entry is not None and entry.channel in CHANNELS_OF_TEXTS and not entry.results:
                del self._open[event.item]

    def waiting(self) -> list[Entry]:
        """Return the entries that have not ended, in order of their beginning."""
        return sorted(self._open.values(), key=lambda each: (each.entered_at, each.item))

    def _text_queued(self, event: e.ItemQueued | e.ItemDeferred, due: Instant) -> None:
        received = self._received.get(event.item)
        if received is None:
            return
        channel, at = received
        self._open[event.item] = Entry(event.item, channel, event.queue, at, due - at)

    def _queued(self, event: e.ItemQueued) -> None:
        channel = CHANNELS.get(event.form)
        if channel is None and event.threshold_at is not None:
            self._text_queued(event, event.threshold_at)
        if channel is None or event.entered_at is None or event.threshold_at is None:
            return
        self._open[event.item] = Entry(
            item=event.item,
            channel=channel,
            queue=event.queue,
            entered_at=event.entered_at,
            within=event.threshold_at - event.entered_at,
        )


def begun_by(event: e.ServiceLevelCounted) -> Entry:
    """Return the entry of a text of which something is counted for the first time."""
    return Entry(
        item=event.item,
        channel=event.channel or Channel.MAIL,
        queue=event.queue,
        entered_at=event.at - event.waited,
        within=event.within,
    )


def counted_with(entry: Entry, event: e.ServiceLevelCounted) -> Entry:
    """Return the entry with one more result; a text counts where it is then."""
    if event.channel in CHANNELS_OF_TEXTS:
        entry = replace(entry, queue=event.queue, within=event.within or entry.within)
    return _counted(entry, event)


def _counted(entry: Entry, event: e.ServiceLevelCounted) -> Entry:
    ending, is_over = event.result.removesuffix(LATE), event.result == THRESHOLD
    outcome = {THRESHOLD: WAITING, SHORT: "abandoned"}.get(ending, ending)
    return replace(
        entry,
        short=event.short or entry.short,
        outcome=outcome,
        waited=event.waited,
        over_at=event.at if is_over else entry.over_at,
        over_in=event.queue if is_over else entry.over_in,
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
