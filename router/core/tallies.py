"""What was counted for the service level today, by queue, channel and interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.core.model import MINUTE, SECOND, Channel, Instant, QueueId, Span
from router.core.records import Row

INTERVAL: Final[Span] = 15 * MINUTE
TallyKey = tuple[QueueId, Channel, Instant]


class TallyRow(Row, frozen=True):
    """How often each result was counted for entries that began in the interval."""

    queue: QueueId
    channel: Channel
    interval: Instant  # its beginning
    day: str  # ISO date in the town
    counts: tuple[tuple[str, int], ...] = ()  # by result, in order of its name


class DayRow(Row, frozen=True):
    """What was counted of a queue's calls on a day: the sum of its rows; derived, not stored."""

    day: str
    last: Instant  # the latest interval in which anybody came
    counts: tuple[tuple[str, int], ...] = ()


def interval_of(instant: Instant) -> Instant:
    """Return when the quarter of an hour began; every zone's offset is a whole number of them."""
    return instant - instant % INTERVAL


def beginning_of(zone: ZoneInfo, day: date) -> Instant:
    """Return when the day begins in the zone."""
    return round(datetime.combine(day, time(), zone).timestamp()) * SECOND


def end_of_day(day: str, zone: str) -> Instant:
    """Return when a day in the town is over."""
    return beginning_of(ZoneInfo(zone), date.fromisoformat(day) + timedelta(1))


def day_with(day: DayRow | None, old: TallyRow | None, new: TallyRow) -> DayRow:
    """Return the day's sum once a row of it is replaced."""
    if day is None or day.day != new.day:
        return DayRow(new.day, new.interval, new.counts)
    counts = dict(day.counts)
    for sign, row in ((1, new), (-1, old)):
        for result, number in row.counts if row is not None else ():
            counts[result] = counts.get(result, 0) + sign * number
    return DayRow(day.day, max(day.last, new.interval), tuple(sorted(counts.items())))


def summed(rows: Iterable[TallyRow]) -> Counter[str]:
    """Return the counts of all rows together."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(dict(row.counts))
    return total
