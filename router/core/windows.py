"""Times of day at which residents may choose to be called back, as many as there are hands for.

A window lies whole within the hours in which residents may be rung, begins at a multiple of its
length on the town's clock, and takes so many callbacks. Only the times still to come are offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.core import events as e
from router.core.hours import standing
from router.core.model import MINUTE, SECOND, Instant, ItemId, QueueId
from router.core.policy import Node, Queue
from router.core.queueing import emergency_of
from router.core.state import State

OFFERED_MAX: Final = 3  # more than that nobody keeps in mind
WRITTEN_MAX: Final = 12  # on a page they can be read
WHEN: Final = "@when:"  # node: "@when:" and the starts, minutes since 1970, "+" between them
CALLBACK: Final = "@callback"  # node: alone, or ":" and the start that was chosen
_TELLS: Final = {0: "callback_today", 1: "callback_tomorrow"}  # by days ahead
_FROM: Final = "|"  # between such a node and the node or rule that asked, where one did


def offered(s: State, now: Instant, queue: Queue, most: int = OFFERED_MAX) -> tuple[Instant, ...]:
    """Return when the windows begin that a resident may choose now, soonest first."""
    rule = queue.callback
    if rule is None or rule.windows is None:
        return ()
    found: list[Instant] = []
    for start in _starts(s, now, queue):
        if len(found) == most:
            break
        if _is_open(s, queue, start) and taken(s, queue.id, start) < rule.windows.most:
            found.append(start)
    return tuple(found)


def taken(s: State, queue: QueueId, start: Instant) -> int:
    """Return how many callbacks are promised for the window; looks at promises only."""
    promised = (row for row in s.recalls.values() if row.starts == start and not row.unreturned)
    return sum(s.items[row.item].queue == queue for row in promised)


def may_choose(s: State, now: Instant, queue: Queue, start: Instant) -> bool:
    """Say whether a window that was read on a page begins then and still has a place."""
    return start in offered(s, now, queue, WRITTEN_MAX)


def has_room_at(s: State, queue: Queue, start: Instant, address_key: str) -> bool:
    """Say whether a place is left; one that the same resident gives up for it counts."""
    rule = queue.callback
    if rule is None or rule.windows is None:
        return True  # no longer counted
    own = sum(
        row.starts == start and not row.unreturned and s.items[item_id].queue == queue.id
        for item_id in s.index.by_address.get(address_key, ())
        if (row := s.recalls.get(item_id)) is not None
    )
    return taken(s, queue.id, start) - own < rule.windows.most


def promise(now: Instant, item: ItemId, queue: Queue, start: Instant) -> Iterator[e.Event]:
    """Yield that the window is this item's: from now on it takes a place of it."""
    rule = queue.callback
    length = rule.windows.length if rule is not None and rule.windows is not None else 0
    yield e.CallbackPromised(at=now, item=item, owner=None, starts=start, ends=start + length)


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
    chosen = node.partition(_FROM)[0].removeprefix(WHEN)
    return tuple(int(each) * MINUTE for each in chosen.split("+"))


def start_in(node: str) -> Instant | None:
    """Return when the window begins that was chosen; None: as soon as possible."""
    minute = node.partition(_FROM)[0].removeprefix(CALLBACK).removeprefix(":")
    return int(minute) * MINUTE if node.startswith(CALLBACK) and minute else None


def with_origin(node: str, origin: str) -> str:
    """Return the name of a node of ours that remembers which node or rule asked."""
    return f"{node}{_FROM}{origin}" if origin else node


def origin_of(node: str) -> str:
    """Return the node or rule that asked; "" where none did."""
    return node.partition(_FROM)[2]


def asked_first(s: State, now: Instant, queue: Queue, node: Node, name: str) -> str:
    """Return where a caller stands who comes to a callback node: the choice of a time, if any."""
    return asked_again(s, now, queue, name) if node.choose_time else name


def asked_again(s: State, now: Instant, queue: Queue, origin: str) -> str:
    """Return the node at which the times that are left are chosen, or the number is asked for.

    `origin` is the node or rule that asks; "" where the step is ours alone.
    """
    starts = offered(s, now, queue)
    if starts:
        return with_origin(node_of(starts), origin)
    return origin or CALLBACK


def told(
    s: State, now: Instant, queue: Queue, start: Instant, language: str
) -> tuple[str, dict[str, str]]:
    """Return the key of the text that tells a window, and what it is filled with."""
    zone = ZoneInfo(s.policy.time_zone)
    begins = datetime.fromtimestamp(start // SECOND, zone)
    rule = queue.callback
    length = rule.windows.length if rule is not None and rule.windows is not None else 0
    ends = datetime.fromtimestamp((start + length) // SECOND, zone)
    ahead = (begins.date() - datetime.fromtimestamp(now // SECOND, zone).date()).days
    days = s.policy.texts.get("weekdays", {}).get(language, "").split(",")
    return (
        _TELLS.get(ahead, "callback_day"),
        {
            "day": days[begins.weekday() % len(days)].strip(),
            "from": f"{begins:%H:%M}",
            "until": f"{ends:%H:%M}",
        },
    )
