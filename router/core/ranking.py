"""Another place for an item in line: by hand, by a changed policy, after a merge."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.model import SECOND, Instant
from router.core.policy import Policy
from router.core.records import Item
from router.core.state import State

Events = Iterator[e.Event]


def put_at(now: Instant, item: Item, urgency_at: Instant, rule: str) -> e.ItemPrioritised:
    """Return the event that gives an item in line another place, and no other head start."""
    return e.ItemPrioritised(
        at=now, item=item.id, head_start=item.head_start, urgency_at=urgency_at, rule=rule
    )


def follow_head_start(s: State, now: Instant, item: Item, before: Policy) -> Events:
    """Rank the item by the head start that its queue has today, no longer by that of `before`."""
    was = before.queues.get(item.queue) if item.queue is not None else None
    queue = s.policy.queues.get(item.queue) if item.queue is not None else None
    if was is None or queue is None or was.head_start == queue.head_start:
        return
    change = f"{was.head_start / SECOND:.0f} to {queue.head_start / SECOND:.0f} s"
    rule = f"the policy changed: head_start_s of queue {queue.id} from {change}"
    yield put_at(now, item, item.urgency_at + was.head_start - queue.head_start, rule)
