"""Times of day at which residents may choose to be called back, as many as there are hands for.

A window lies whole within the hours in which residents may be rung, begins at a multiple of its
length on the town's clock, and takes so many callbacks. Only the times still to come are offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.core.hours import standing
from router.core.model import MINUTE, SECOND, Instant, QueueId
from router.core.policy import Queue
from router.core.queueing import emergency_of
from router.core.state import State

OFFERED_MAX: Final = 3  # more than that nobody keeps in mind
WHEN: Final = "@when:"  # node: "@when:" and the starts, minutes since 1970, "+" between them


def offered(s: State, now: Instant, queue: Queue) -> tuple[Instant, ...]:
    """Return when the windows begin that a resident may choose now, soonest first."""
    rule = queue.callback
    if rule is None or rule.windows is None:
        return ()
    found: list[Instant] = []
    for start in _starts(s, now, queue):
        if len(found) == OFFERED_MAX:
            break
        if _is_open(s, queue, start) and taken(s, queue.id, start) < rule.windows.most:
            found.append(start)
    return tuple(found)


def taken(s: State, queue: QueueId, start: Instant) -> int:
    """Return how many callbacks are promised for the window; looks at promises only."""
    promised = (row for row in s.recalls.values() if row.starts == start and not row.unreturned)
    return sum(s.items[row.item].queue == queue for row in promised)


def _starts(s: State, now: Instant, queue: Queue) -> Iterator[Instant]:
    rule = queue.callback
    if rule is None or rule.windows is None:
        return
    zone = ZoneInfo(s.policy.time_zone)
    today = datetime.fromtimestamp(now // SECOND, zone).date()
    length = rule.windows.length // MINUTE
    for ahead in range(rule.windows.days + 1):
        day = today + timedelta(days=ahead)
        for minute in range(0, 24 * 60, length):
            local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
            start = int(local.timestamp()) * SECOND
            if start > now:
                yield start


def _is_open(s: State, queue: Queue, start: Instant) -> bool:
    rule = queue.callback
    if rule is None or rule.windows is None:
        return False
    stands = standing(s.policy.hours[rule.hours], start, emergency_of(s, rule.hours))
    whole = stands.changes_at is None or stands.changes_at >= start + rule.windows.length
    return stands.is_open and whole


def node_of(starts: tuple[Instant, ...]) -> str:
    """Return the name of the node at which the caller chooses one of them."""
    return WHEN + "+".join(str(start // MINUTE) for start in starts)


def starts_in(node: str) -> tuple[Instant, ...]:
    """Return the windows among which the caller chooses at a node made by `node_of`."""
    return tuple(int(each) * MINUTE for each in node.removeprefix(WHEN).split("+"))


def told(s: State, now: Instant, queue: Queue, start: Instant) -> tuple[str, dict[str, str]]:
    """Return the key of the text that tells a window, and what it is filled with."""
    zone = ZoneInfo(s.policy.time_zone)
    begins = datetime.fromtimestamp(start // SECOND, zone)
    rule = queue.callback
    length = rule.windows.length if rule is not None and rule.windows is not None else 0
    ends = datetime.fromtimestamp((start + length) // SECOND, zone)
    is_today = begins.date() == datetime.fromtimestamp(now // SECOND, zone).date()
    return (
        "callback_today" if is_today else "callback_tomorrow",
        {"from": f"{begins:%H:%M}", "until": f"{ends:%H:%M}"},
    )
