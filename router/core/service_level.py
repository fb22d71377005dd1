"""When an item counts, and as what: once per entry into a queue.

The service-level event is the first of answered, abandoned, threshold passed, callback taken, left
the queue otherwise. What happens after the threshold is counted once more as the late result, so
that each named formula can be computed from the same events. A call is answered when a person is
connected, not when a desk clicked. Each entry is measured from its own beginning: a transfer or
a second call keeps its place, but the queue it comes to has its whole time for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from router.core import events as e
from router.core.model import SECOND, Form, Instant
from router.core.records import Item
from router.core.state import State


def local_day(s: State, instant: Instant) -> str:
    """Return the ISO date in the town."""
    return (
        datetime.fromtimestamp(instant // SECOND, UTC)
        .astimezone(ZoneInfo(s.policy.time_zone))
        .date()
        .isoformat()
    )


def count(s: State, now: Instant, item: Item, result: str) -> Iterator[e.Event]:
    """Count the item's result, if it is a call in a queue that has not been counted so yet."""
    if item.form is not Form.CALL or item.queue is None or item.first_queued_at is None:
        return
    entered = item.entered_at if item.entered_at is not None else item.first_queued_at
    if item.threshold_at is None:
        if item.service_level != "threshold" or result not in ("answered", "abandoned"):
            return
        result = f"{result}-late"
    yield e.ServiceLevelCounted(
        at=now,
        item=item.id,
        queue=item.queue,
        day=local_day(s, entered),
        result=result,
        waited=now - entered,
    )
