"""Entries into queues from a journal, and which promise was in force on a day.

Reads beside a running daemon or without one, and changes nothing. A day is judged by the policy
that was in force when it ended: adopting another one later rewrites no day that is over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from router.core.entries import Entries, Entry, begun_by, counted_with
from router.core.events import AnyEvent, PolicyAdopted, ServiceLevelCounted
from router.core.model import SECOND, Channel, Instant, ItemId, PolicyHash, QueueId
from router.core.policy import Policy, Queue
from router.core.policy_service_level import Promise
from router.core.service_level import promise_of
from router.core.tallies import beginning_of
from router.core.text_level import CHANNELS_OF_TEXTS
from router.core.upcast import decode_events
from router.errors import InvariantBroken, UnknownTarget
from router.ports import Journal, StoredBatch
from router.runtime.beginnings import begins_at
from router.runtime.recovery import load_policy

_ADOPTED: Final = str(PolicyAdopted.__struct_config__.tag).encode()
FOR_EVER: Final[Instant] = 1 << 62


class PastPolicies:
    """The policies that were adopted, in order, and until when the journal tells of the town."""

    def __init__(
        self, adopted: list[tuple[Instant, Policy]], since: Instant | None, until: Instant
    ) -> None:
        """`since`: everything after that is kept; None: everything."""
        self._adopted = adopted
        self.since = since
        self.until = until
        self.zone = ZoneInfo(adopted[-1][1].time_zone)

    def promise(self, queue: QueueId, channel: Channel, before: Instant) -> Promise:
        """Return what was promised when that instant came; of a queue that is gone, at its end.

        Raises:
            UnknownTarget: no policy adopted before had the queue.
        """
        return promise_of(self.rule(queue, before), channel)

    def rule(self, queue: QueueId, before: Instant) -> Queue:
        """Return the queue as it was when that instant came, or at its end.

        Raises:
            UnknownTarget: no policy adopted before had the queue.
        """
        for at, policy in reversed(self._adopted):
            rule = policy.queues.get(queue)
            if at < before and rule is not None:
                return rule
        raise UnknownTarget(f"no policy that was adopted before has a queue {queue!r}")

    def bounds(self, day: date) -> tuple[Instant, Instant]:
        """Return the beginning of the day in the town, and that of the next."""
        return beginning_of(self.zone, day), beginning_of(self.zone, day + timedelta(1))

    def check_kept(self, day: date) -> None:
        """Errors: `UnknownTarget` when what came on the day is gone, or some of it."""
        if self.since is not None and self.bounds(day)[0] <= self.since:
            whole = self.local(self.since).date() + timedelta(1)
            raise UnknownTarget(
                f"the journal is kept from {whole.isoformat()} on, what came on {day.isoformat()}"
                " is gone or in part: see TOWNLINE_JOURNAL_KEEP_DAYS"
            )

    def local(self, instant: Instant) -> datetime:
        """Return the instant in the town, in whole seconds."""
        return datetime.fromtimestamp(instant // SECOND, UTC).astimezone(self.zone)


async def past_policies(journal: Journal) -> PastPolicies:
    """Return all policies that were adopted.

    Raises:
        UnknownTarget: none was, the journal is empty.
        InvariantBroken: one that was adopted is not stored or cannot be read.
    """
    adopted: list[tuple[Instant, Policy]] = []
    known: dict[PolicyHash, Policy] = {}

    async def adopt(at: Instant, name: PolicyHash) -> None:
        if name not in known:
            known[name] = await load_policy(journal, name)
        adopted.append((at, known[name]))

    beginning = await journal.beginning()
    for at, name in () if beginning is None else beginning.adopted:
        await adopt(at, PolicyHash(name))
    until: Instant = 0
    async for batch in journal.read(0 if beginning is None else beginning.version):
        until = batch.at
        if _ADOPTED not in batch.events:
            continue
        for event in _events(batch):
            if isinstance(event, PolicyAdopted):
                await adopt(event.at, event.policy)
    if not adopted:
        raise UnknownTarget("the journal is empty: nobody has called yet")
    return PastPolicies(adopted, None if beginning is None else beginning.at, until)


async def texts_between(journal: Journal, begin: Instant, end: Instant) -> list[Entry]:
    """Return the texts of which anything was counted in the half-open range, with that alone.

    One for each queue that had the text when something was counted.
    """
    found: dict[tuple[ItemId, QueueId], Entry] = {}
    async for events in _events_from(journal, begin):
        if events[0].at >= end:
            break
        for event in events:
            if isinstance(event, ServiceLevelCounted) and event.channel in CHANNELS_OF_TEXTS:
                entry = found.get((event.item, event.queue)) or begun_by(event)
                found[event.item, event.queue] = counted_with(entry, event)
    return list(found.values())


async def entries_between(journal: Journal, begin: Instant, end: Instant) -> list[Entry]:
    """Return the entries of calls and chats that began in the half-open range, as they ended.

    Those that wait still come last. Reads on until each of them has ended.
    """
    found: list[Entry] = []
    await _each(journal, found.append, begin, end, Entries(texts=False))
    return found


async def each_entry(journal: Journal, take: Callable[[Entry], None]) -> None:
    """Hand over every entry, of mail and forms as well; those that have not ended come last.

    Of a shortened journal: every entry that began after its beginning.
    """
    beginning = await journal.beginning()
    begin = 0 if beginning is None else beginning.at + 1
    await _each(journal, take, begin, FOR_EVER, Entries(texts=True))


async def _each(
    journal: Journal, take: Callable[[Entry], None], begin: Instant, end: Instant, entries: Entries
) -> None:
    async for events in _events_from(journal, begin):
        if events[0].at >= end and not any(x.entered_at < end for x in entries.waiting()):
            break
        for event in events:
            for entry in entries.feed(event):
                if begin <= entry.entered_at < end:
                    take(entry)
    for entry in entries.waiting():
        if begin <= entry.entered_at < end:
            take(entry)


async def _events_from(journal: Journal, begin: Instant) -> AsyncIterator[list[AnyEvent]]:
    async for batch in journal.read(await begins_at(journal)):
        if batch.at >= begin:
            yield _events(batch)


def _events(batch: StoredBatch) -> list[AnyEvent]:
    try:
        return decode_events(batch.events)
    except msgspec.DecodeError as error:
        raise InvariantBroken(f"batch {batch.batch_id!r} cannot be read: {error}") from error
