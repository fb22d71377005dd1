"""Ringing back: the place is kept, the hours in which residents may be rung are observed.

The agent is rung first, then the resident. Busy, no answer and an answering machine are attempts;
an agent who does not take it is none. After the last attempt, or at the expiry, the callback
becomes a message that a person sees: it never disappears. Whoever gets through by ringing the town
in the meantime is not rung again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.estimate import worked_on
from router.core.hours import next_open, standing
from router.core.model import Form, Instant, ItemId, ItemState, LegResult, Tempo
from router.core.policy import CallbackRule
from router.core.queueing import emergency_of, line_up, queue_of
from router.core.records import Item
from router.core.service_level import count
from router.core.state import State
from router.errors import NotAllowed

Events = Iterator[e.Event]

WAITING: Final = frozenset({ItemState.QUEUED, ItemState.OFFERED, ItemState.DEFERRED})
_WITH_US: Final = frozenset(
    {ItemState.QUEUED, ItemState.OFFERED, ItemState.HANDLING, ItemState.HELD}
)


def rule_of(s: State, item: Item) -> CallbackRule | None:
    """Return how the item's queue calls back; None when it does not."""
    return queue_of(s, item).callback


def out_of_hours(s: State, now: Instant, item: Item) -> e.ItemDeferred | None:
    """Return the deferral of a callback whose resident may not be rung now."""
    rule = rule_of(s, item)
    if rule is None or item.queue is None:
        return None
    hours = s.policy.hours[rule.hours]
    emergency = emergency_of(s, rule.hours)
    if standing(hours, now, emergency).is_open:
        return None
    until = next_open(hours, now, emergency)
    expires = item.callback.expires_at if item.callback is not None else now
    return deferral(
        now, item, until if until is not None else expires, "outside the hours for calling back"
    )


def deferral(now: Instant, item: Item, until: Instant, reason: str) -> e.ItemDeferred:
    """Return the event that keeps a callback for later."""
    if item.queue is None:
        raise NotAllowed(f"item {item.id!r} is in no queue")
    return e.ItemDeferred(
        at=now,
        item=item.id,
        until=until,
        queue=item.queue,
        form=Form.CALLBACK,
        tempo=Tempo.LIVE,
        reason=reason,
        due_at=item.due_at,
    )


def book(s: State, now: Instant, item: Item, address_key: str, contact_ref: str) -> Events:
    """Promise the caller to ring back; the item must be in line.

    Raises:
        NotAllowed: the queue does not call back.
    """
    rule = rule_of(s, item)
    if rule is None or item.queue is None:
        raise NotAllowed(f"queue {item.queue!r} does not call back")
    yield from count(s, now, item, "callback")
    yield e.CallbackBooked(
        at=now,
        item=item.id,
        address_key=address_key,
        contact_ref=contact_ref,
        expires_at=now + rule.expires_after,
        attempts_max=rule.attempts_max,
    )


def failed(s: State, now: Instant, item: Item, result: LegResult) -> Events:
    """The resident was rung without success: again later, or a message for a person."""
    rule = rule_of(s, item)
    callback = item.callback
    if callback is None or rule is None:
        yield from give_up(s, now, item, f"{result}; the queue no longer calls back")
        return
    attempt = callback.attempts + 1
    yield e.CallbackAttempted(at=now, item=item.id, attempt=attempt, result=result)
    call = _call_of_resident(s, item)
    if call is not None:
        yield from _merge_into(s, now, s.items[item.id], call)
    elif attempt < callback.attempts_max:
        yield deferral(now, item, now + rule.retry_after, f"attempt {attempt}: {result}")
    else:
        yield from give_up(s, now, s.items[item.id], f"{attempt} attempts without an answer")


def _call_of_resident(s: State, item: Item) -> Item | None:
    """Return the call in which the resident is with the same queue by now."""
    for other_id in list(s.index.by_address.get(item.address_key, ())):
        other = s.items[other_id]
        if other.form is Form.CALL and other.queue == item.queue and other.state in _WITH_US:
            return other
    return None


def _merge_into(s: State, now: Instant, item: Item, call: Item) -> Events:
    yield e.CallbackMerged(at=now, item=item.id, into=call.id)
    yield closed(s, now, item.id, "merged")
    older = item.first_queued_at
    if call.state is ItemState.QUEUED and older is not None:
        first = min(older, call.first_queued_at or now)
        rule = f"takes over the place of callback {item.id}"
        yield from line_up(
            s,
            now,
            call,
            queue_of(s, call),
            form=Form.CALL,
            first_queued_at=first,
            rule=rule,
            anew=False,
        )


def give_up(s: State, now: Instant, item: Item, reason: str) -> Events:
    """The callback becomes a message: an unreturned call that somebody must look at."""
    yield from line_up(
        s,
        now,
        item,
        queue_of(s, item),
        form=Form.MESSAGE,
        first_queued_at=item.first_queued_at or now,
        rule=f"callback not reached: {reason}",
    )


def closed(s: State, now: Instant, item_id: str, outcome: str, *, code: str = "") -> e.ItemClosed:
    """Return the event that ends an item without an agent."""
    return e.ItemClosed(
        at=now,
        item=item_id,  # type: ignore[arg-type]
        outcome=outcome,
        code=code,
        note_ref="",
        forget_at=now + s.policy.retention.closed_in_core,
        worked=worked_on(now, s.items[ItemId(item_id)]),
    )
