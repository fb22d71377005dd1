"""A callback that is asked for, on the line or in writing: once for each number.

At a time that is left, or as soon as possible. What was written stays with it: who rings back has
read it.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.callbacks import book, deferral
from router.core.model import Form, Instant
from router.core.policy import Queue
from router.core.queueing import line_up
from router.core.records import Item
from router.core.redials import merge
from router.core.state import State
from router.core.windows import may_choose, promise
from router.errors import NotAllowed, NotNow


def check_wish(s: State, now: Instant, queue: Queue, starts: Instant | None) -> None:
    """Raise `NotAllowed` where nobody calls back, `NotNow` when that time is no longer free."""
    if queue.callback is None:
        raise NotAllowed(f"queue {queue.id!r} does not call back")
    if starts is not None and not may_choose(s, now, queue, starts):
        raise NotNow("that time is no longer free; choose another one")


def wished(
    s: State,
    now: Instant,
    item: Item,
    queue: Queue,
    address_key: str,
    contact_ref: str,
    starts: Instant | None,
    rule: str,
    *,
    form: Form = Form.CALLBACK,
    anew: bool = False,
) -> Iterator[e.Event]:
    """Make a callback of an item, which keeps its age; that it may be was asked before.

    `form` is CALL for who was on the line: their entry ends as a call's does. `anew` where the
    item does not count as an entry of the queue yet.
    """
    first = item.first_queued_at if item.first_queued_at is not None else now
    first = yield from merge(s, now, item, address_key, queue.id, first)
    yield from line_up(
        s,
        now,
        item,
        queue,
        form=form,
        first_queued_at=first,
        rule=rule,
        anew=anew,
    )
    yield from book(s, now, s.items[item.id], address_key, contact_ref, starts)
    if starts is not None:
        yield from promise(now, item.id, queue, starts)
        yield deferral(now, s.items[item.id], starts, "at the time that was chosen")
