"""What was said of the wait, and what came true: a caller is never told of more without a word.

The first estimate of an entry is the promise; when a person answers, it is compared with the wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.model import MINUTE, Instant, Span
from router.core.records import Item
from router.core.service_level import local_day
from router.core.state import State


def in_minutes(low: Span, high: Span) -> tuple[int, int]:
    """Return the whole minutes in which a wait is said, which hold what was expected."""
    return low // MINUTE, max(2, -(-high // MINUTE))  # never "1 minutes"


def has_risen(s: State, now: Instant, item: Item, low: Span | None, high: Span | None) -> bool:
    """Say whether this takes longer than what was said before, and nobody has said so.

    It does if the number is greater than the last one that was said (before a time of not knowing,
    the first one), or if even the shortest wait ends after all of the first promise.
    """
    if low is None or high is None:
        return False
    first = s.promises.get(item.id)
    last = item.spoken_high
    if last is None and first is not None:
        last = first.high
    if last is not None and high > last:
        return True
    return first is not None and not first.told_of_more and now + low > first.at + first.high


def keep(s: State, now: Instant, item: Item) -> Iterator[e.Event]:
    """A person has answered: compare the promise, as it was said, with what was waited."""
    first = s.promises.get(item.id)
    if first is None or item.queue is None:
        return
    low, high = in_minutes(first.low, first.high)
    yield e.EstimateMet(
        at=now,
        item=item.id,
        queue=item.queue,
        day=local_day(s, now),
        low=low * MINUTE,
        high=high * MINUTE,
        waited=now - first.at,
    )
