"""Entries into queues from a journal, and which promise was in force on a day.

Reads beside a running daemon or without one, and changes nothing. A day is judged by the policy
that was in force when it ended: adopting another one later rewrites no day that is over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from router.core.entries import Entries, Entry
from router.core.events import AnyEvent, PolicyAdopted
from router.core.model import SECOND, Channel, Instant, PolicyHash, QueueId
from router.core.policy import Policy
from router.core.policy_service_level import Promise
from router.core.service_level import promise_of
from router.core.upcast import decode_events
from router.errors import InvariantBroken, UnknownTarget
from router.ports import Journal, StoredBatch
from router.runtime.recovery import load_policy

_ADOPTED: Final = str(PolicyAdopted.__struct_config__.tag).encode()
FOR_EVER: Final[Instant] = 1 << 62


class PastPolicies:
    """The policies that were adopted, in order, and until when the journal tells of the town."""

    def __init__(self, adopted: list[tuple[Instant, Policy]], until: Instant) -> None:
        self._adopted = adopted
        self.until = until
        self.zone = ZoneInfo(adopted[-1][1].time_zone)

    def promise(self, queue: QueueId, channel: Channel, before: Instant) -> Promise:
        """Return what was promised when that instant came; of a queue that is gone, at its end.

        Raises:
            UnknownTarget: no policy adopted before had the queue.
        """
        for at, policy in reversed(self._adopted):
            rule = policy.queues.get(queue)
            if at < before and rule is not None:
                return promise_of(rule, channel)
        raise UnknownTarget(f"no policy that was adopted before has a queue {queue!r}")

    def bounds(self, day: date) -> tuple[Instant, Instant]:
        """Return the beginning of the day in the town, and that of the next."""
        first, after = (
            datetime.combine(each, time(), self.zone) for each in (day, day + timedelta(1))
        )
        return round(first.timestamp()) * SECOND, round(after.timestamp()) * SECOND

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
    until: Instant = 0
    async for batch in journal.read(0):
        until = batch.at
        if _ADOPTED not in batch.events:
            continue
        for event in _events(batch):
            if isinstance(event, PolicyAdopted):
                if event.policy not in known:
                    known[event.policy] = await load_policy(journal, event.policy)
                adopted.append((event.at, known[event.policy]))
    if not adopted:
        raise UnknownTarget("the journal is empty: nobody has called yet")
    return PastPolicies(adopted, until)


async def entries_between(journal: Journal, begin: Instant, end: Instant) -> list[Entry]:
    """Return the entries that began in the half-open range, in order of their endings.

    Those that wait still come last. Reads on until each of them has ended.
    """
    found: list[Entry] = []
    await each_entry(journal, found.append, begin, end)
    return found


async def each_entry(
    journal: Journal,
    take: Callable[[Entry], None],
    begin: Instant = 0,
    end: Instant = FOR_EVER,
) -> None:
    """Hand over each entry that began in the half-open range; see `entries_between`."""
    entries = Entries()
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
    async for batch in journal.read(0):
        if batch.at >= begin:
            yield _events(batch)


def _events(batch: StoredBatch) -> list[AnyEvent]:
    try:
        return decode_events(batch.events)
    except msgspec.DecodeError as error:
        raise InvariantBroken(f"batch {batch.batch_id!r} cannot be read: {error}") from error
