"""Ringing back: the place is kept, the hours in which residents may be rung are observed.

The queue says who is rung first, the agent or the resident. Busy and no answer are attempts, an
answering machine is what the queue makes of it; an agent who does not take it is none, nor is a
carrier that is down. After the last attempt, at the expiry, or when the number cannot be rung at
all, the callback becomes a message that a person sees, with the reason: it never disappears.
Whoever gets through by ringing the town in the meantime is not rung again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.buckets import NAMED
from router.core.hours import next_open, standing
from router.core.model import MINUTE, Form, Instant, ItemState, LegResult, Span, Tempo
from router.core.policy import CallbackRule
from router.core.queueing import emergency_of, line_up, queue_of
from router.core.records import Item
from router.core.ringing import over_cap
from router.core.service_level import count, local_day
from router.core.state import State
from router.core.wishes import dial_resident, end_leg
from router.errors import NotAllowed

Events = Iterator[e.Event]

OWNER_FIRST: Final[Span] = 10 * MINUTE  # so long a callback waits for who promised it
UNRINGABLE: Final = frozenset({"not-allowed", "no-number", "refused", "gone"})
"""Why an effect failed that rings: reasons which another try would meet again."""
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


def book(
    s: State,
    now: Instant,
    item: Item,
    address_key: str,
    contact_ref: str,
    starts: Instant | None = None,
) -> Events:
    """Promise the caller to ring back, not before `starts`; the item must be in line.

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
        expires_at=max(now, starts or 0) + rule.expires_after,
        attempts_max=rule.attempts_max,
    )


def rings_resident_first(s: State, item: Item) -> bool:
    """Say whether the resident is rung, or on the line, before the agent's telephone rings."""
    rule = rule_of(s, item) if item.form is Form.CALLBACK else None
    return rule is not None and rule.first == "resident"


def ring_resident(s: State, now: Instant, item: Item) -> Events:
    """Ring the resident of a callback that an agent has; the agent is let go when that may not be.

    The agent's leg, if there is one, is ended with it.
    """
    again = out_of_hours(s, now, item)
    rule = rule_of(s, item)
    refusal = over_cap(s, now, item.address_key)
    if again is None and rule is not None and not refusal:
        attempt = item.callback.attempts + 1 if item.callback is not None else 1
        yield e.NumberDialled(at=now, target=item.address_key, day=local_day(s, now))
        message = rule.machine == "message"
        yield dial_resident(now, item, rule.ring_timeout, attempt, leave_message=message)
        return
    if item.agent_call_id:
        yield end_leg(s, now, item, item.agent_call_id)
    if again is not None:  # they closed while the agent's telephone rang
        yield again
    else:
        yield from give_up(s, now, s.items[item.id], refusal or "no callback rule")


def again(s: State, now: Instant, item: Item, rule: str) -> Events:
    """Put a callback that was kept for later back in line at its old place, for its owner first."""
    recall = s.recalls.get(item.id)
    owner = recall.owner if recall is not None else None
    agent = s.agents.get(owner) if owner is not None else None
    is_there = agent is not None and agent.lease_until is not None
    yield from line_up(
        s,
        now,
        item,
        queue_of(s, item),
        form=item.form,
        first_queued_at=item.first_queued_at or item.received_at,
        rule=rule,
        anew=False,
        named=f"{NAMED}{owner}" if is_there else "",
        named_span=OWNER_FIRST if is_there else 0,
    )


def not_rung(s: State, now: Instant, item: Item, why: str) -> Events:
    """The carrier could not ring the resident: its failure is no attempt."""
    rule = rule_of(s, item)
    if rule is None or item.callback is None:
        yield from give_up(s, now, item, f"{why}; the queue no longer calls back")
        return
    yield deferral(now, item, now + rule.retry_after, f"our carrier could not ring: {why}")


def failed(s: State, now: Instant, item: Item, result: LegResult, why: str = "") -> Events:
    """The resident was rung without success: again later, or a message for a person.

    `why` says more of a failure, for the person.
    """
    rule = rule_of(s, item)
    callback = item.callback
    if callback is None or rule is None:
        yield from give_up(s, now, item, f"{result}; the queue no longer calls back")
        return
    machine = rule.machine if result is LegResult.MACHINE else "count"
    attempt = callback.attempts + (machine != "again")
    yield e.CallbackAttempted(at=now, item=item.id, attempt=attempt, result=result)
    call = _call_of_resident(s, item)
    if call is not None:
        yield from _merge_into(s, now, s.items[item.id], call)
    elif result is LegResult.FAILED:
        reason = f"the number cannot be rung: {why}" if why else "the number cannot be rung"
        yield from give_up(s, now, s.items[item.id], reason)
    elif machine == "message":
        left = "a message was left with an answering machine"
        yield from give_up(s, now, s.items[item.id], left)
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
    yield e.CallbackUnreturned(at=now, item=item.id, reason=reason)
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
    )
