"""From what came to a model of it: rates by weekday and quarter of an hour, times as seen.

Handling is drawn from the times that were seen. Patience is exponential with the mean that fits
best: all the time that people waited over the number of those who gave up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from router.core.model import SECOND, Channel, Instant, QueueId
from router.twin.demand import Demand, Kind, Piece, Times
from router.twin.figures import QUARTER, QUARTER_MIN
from router.twin.simulation import Ending, Result

Slot = tuple[int, int]  # weekday, quarter of the day


def with_kinds_of(demand: Demand, results: Sequence[Result], zone: str) -> Demand:
    """Return the demand with the contacts that were seen, and the shifts that it has.

    Raises:
        ValueError: nothing was seen.
    """
    if not results:
        raise ValueError("nothing has come yet, so nothing can be told from it")
    town = ZoneInfo(zone)
    days = _days_seen(results, town)
    groups: dict[tuple[QueueId, Channel], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.contact.queue, result.contact.channel].append(result)
    kinds = tuple(
        _kind(queue, channel, seen, days, demand, town)
        for (queue, channel), seen in sorted(groups.items())
    )
    return demand._replace(kinds=kinds)


def _days_seen(results: Iterable[Result], town: ZoneInfo) -> Counter[int]:
    """Return how many of each weekday were seen, from the first day to the last."""
    dates = {_local(result.contact.at, town).date() for result in results}
    first, last = min(dates), max(dates)
    return Counter((first + timedelta(days=n)).weekday() for n in range((last - first).days + 1))


def _kind(
    queue: QueueId,
    channel: Channel,
    seen: Sequence[Result],
    days: Counter[int],
    demand: Demand,
    town: ZoneInfo,
) -> Kind:
    slots: Counter[Slot] = Counter(_slot(result.contact.at, town) for result in seen)
    spoken = Counter(result.contact.language for result in seen)
    worked = [
        result.contact.work / SECOND for result in seen if result.ending is Ending.ANSWERED
    ] or [result.contact.work / SECOND for result in seen]
    gave_up = sum(result.ending is Ending.GAVE_UP for result in seen)
    waited_s = sum(result.waited for result in seen) / SECOND
    return Kind(
        name=f"{queue}/{channel.value}",
        queue=queue,
        channel=channel,
        languages=tuple((name, count / len(seen)) for name, count in sorted(spoken.items())),
        pieces=tuple(_pieces(slots, days, demand, town)),
        handling=Times(sum(worked) / len(worked), samples=tuple(worked)),
        patience=Times(waited_s / gave_up, deviation=0.0) if gave_up else None,
        attention=seen[0].contact.attention,
    )


def _pieces(
    slots: Counter[Slot], days: Counter[int], demand: Demand, town: ZoneInfo
) -> Iterator[Piece]:
    at = demand.begin
    while at < demand.end:
        slot = _slot(at, town)
        if slots[slot]:
            yield Piece(at, at + QUARTER, slots[slot] / days[slot[0]])
        at += QUARTER


def _slot(instant: Instant, town: ZoneInfo) -> Slot:
    local = _local(instant, town)
    return local.weekday(), (local.hour * 60 + local.minute) // QUARTER_MIN


def _local(instant: Instant, town: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, UTC).astimezone(town)


def local_dates(demand: Demand, zone: str) -> list[date]:
    """Return the dates of the demand in the town."""
    first = _local(demand.begin, ZoneInfo(zone)).date()
    return [first + timedelta(days=ahead) for ahead in range(demand.days)]
