"""What was counted for the service level today, by queue, channel and interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from router.core.model import Channel, Instant, QueueId
from router.core.records import Row

TallyKey = tuple[QueueId, Channel, Instant]


class TallyRow(Row, frozen=True):
    """How often each result was counted for entries that began in the interval."""

    queue: QueueId
    channel: Channel
    interval: Instant  # its beginning
    day: str  # ISO date in the town
    counts: tuple[tuple[str, int], ...] = ()  # by result, in order of its name


def summed(rows: Iterable[TallyRow]) -> Counter[str]:
    """Return the counts of all rows together."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(dict(row.counts))
    return total
