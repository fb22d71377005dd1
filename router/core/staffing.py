"""Conditions of queues as facts: nobody signed in, everybody away, closed; and what follows.

Entered and left once per queue, never per item; an item that waits when a condition of its queue
comes into effect follows the fate that the queue declares for it. That nobody is there must last
for the queue's `absence` first: who reconnects or comes back from a short break is not too late.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.fallback import follow, walk_chain, walked
from router.core.flows.walk import Walk
from router.core.hours import standing
from router.core.model import (
    Condition,
    Form,
    Instant,
    ItemId,
    ItemState,
    OfferEnding,
    QueueId,
    Tempo,
)
from router.core.offers import end_offers
from router.core.policy import Language, Queue
from router.core.queueing import (
    conditions,
    emergency_of,
    queue_of,
    release_reserved,
    skip_hopeless_steps,
)
from router.core.records import Item, QueueRow
from router.core.service_level import count
from router.core.state import State
from router.core.steps import asked, bound
from router.core.wishes import move_call
from router.errors import InvariantBroken

Events = Iterator[e.Event]

WAIT_THERE: Final = ((Form.CALL, Tempo.LIVE), (Form.CHAT, Tempo.FAST_TEXT))
_OF_STAFF: Final = frozenset({Condition.UNSTAFFED, Condition.ALL_AWAY})


def update_staffing(s: State, now: Instant) -> Events:
    """Compare each queue's staff with what was last said of it."""
    for queue in s.policy.queues.values():
        row = s.queues.get(queue.id, QueueRow(id=queue.id))
        was, is_now = staff_condition(row), _staff_condition(s, queue)
        if was is is_now:
            continue
        if was is not None:
            yield e.ConditionLeft(at=now, queue=queue.id, condition=was)
        if is_now is not None:
            yield from _enter(s, now, queue, row, is_now)
    for bucket in list(s.index.every_bucket()):
        if len(bucket) and not bucket.signed_in:
            for item_id in list(bucket):
                item = s.items[item_id]
                if item.reserved_for is not None:
                    gone = f"{item.reserved_for} is no longer there: anyone may"
                    yield from release_reserved(s, now, item, gone)
                else:
                    yield from skip_hopeless_steps(s, now, item, queue_of(s, item))


def staff_condition(row: QueueRow) -> Condition | None:
    """Return what is true of the queue's staff, in effect or not; None: somebody is there."""
    return next((each for each in row.conditions if each in _OF_STAFF), None)


def _enter(s: State, now: Instant, queue: Queue, row: QueueRow, is_now: Condition) -> Events:
    """Enter the condition; `row` is as before. It comes into effect when it has lasted."""
    was = staff_condition(row)
    lasts_at, meanwhile = _when_in_effect(s, now, queue, row, is_now)
    yield e.ConditionEntered(
        at=now, queue=queue.id, condition=is_now, lasts_at=lasts_at, meanwhile=meanwhile
    )
    somebody_came = was is Condition.UNSTAFFED  # and does not drive away those who wait
    if lasts_at is None and not somebody_came:
        yield from apply_fate(s, now, queue, is_now)


def _when_in_effect(
    s: State, now: Instant, queue: Queue, row: QueueRow, is_now: Condition
) -> tuple[Instant | None, Condition | None]:
    """Return when the condition is in effect (None: at once), and which one is until then.

    Nobody is there from when the last one went: that those who are away then vanish, or one who
    had vanished is back and away, does not begin it anew.
    """
    if not queue.absence or not s.agents:  # where nobody has ever been nobody can come back
        return None, None
    if row.lasts_at is None:
        away_before = is_now is Condition.UNSTAFFED and Condition.ALL_AWAY in row.conditions
        return now + queue.absence, Condition.ALL_AWAY if away_before else None
    return (None, None) if row.meanwhile is is_now else (row.lasts_at, None)


def condition_lasted(s: State, now: Instant, queue_id: QueueId) -> Events:
    """Nobody has been there for long enough: those who wait follow the fate."""
    condition = staff_condition(s.queues[queue_id])
    if condition is None:
        raise InvariantBroken(f"queue {queue_id!r} waits for a condition that it has left")
    yield e.ConditionLasted(at=now, queue=queue_id, condition=condition)
    queue = s.policy.queues.get(queue_id)
    if queue is not None:
        yield from apply_fate(s, now, queue, condition)


def staff_of(s: State, queue: Queue, language: Language) -> tuple[int, int]:
    """Return (signed in, not away) of those who may take a call there in this language."""
    found = [s.index.staff(bound(each, "", language.skill), Tempo.LIVE) for each in asked(queue)]
    return max(each[0] for each in found), max(each[1] for each in found)


def _staff_condition(s: State, queue: Queue) -> Condition | None:
    staff = [staff_of(s, queue, language) for language in s.policy.languages]
    signed_in, available = (max(counts) for counts in zip(*staff, strict=True))
    if signed_in == 0:
        return Condition.UNSTAFFED
    return Condition.ALL_AWAY if available == 0 else None


def update_hours(s: State, now: Instant, queue_id: QueueId) -> Events:
    """Note what the queue's hours say now; those who wait at closing follow their fate."""
    queue = s.policy.queues.get(queue_id)
    if queue is None:
        yield e.QueueHoursChanged(
            at=now, queue=queue_id, is_open=False, rule="gone", reason="", changes_at=None
        )
        return
    row = s.queues.get(queue_id)
    stands = standing(s.policy.hours[queue.hours], now, emergency_of(s, queue.hours))
    said = (stands.is_open, stands.rule, stands.reason, stands.changes_at)
    if row is not None and said == (row.is_open, row.rule, row.reason, row.changes_at) and row.rule:
        return
    was_open = row is None or row.is_open
    yield e.QueueHoursChanged(
        at=now,
        queue=queue_id,
        is_open=stands.is_open,
        rule=stands.rule,
        reason=stands.reason,
        changes_at=stands.changes_at,
    )
    if was_open and not stands.is_open:
        emergency = stands.rule == "emergency" and Condition.EMERGENCY in queue.fates
        fate = Condition.EMERGENCY if emergency else Condition.CLOSING
        yield from apply_fate(s, now, queue, fate)


def apply_fate(s: State, now: Instant, queue: Queue, condition: Condition) -> Events:
    """Send the callers and chats that wait in the queue where the condition's chain leads."""
    chain = queue.fates.get(condition)
    if chain is None:
        return
    for form, tempo in WAIT_THERE:
        for _, item_id in list(s.index.line(queue.id, tempo)):
            item = s.items[ItemId(item_id)]
            if item.form is form and _holds_for(s, now, item, queue, condition):
                yield from divert_waiting(s, now, item, queue, condition, chain)


def _holds_for(s: State, now: Instant, item: Item, queue: Queue, condition: Condition) -> bool:
    """Say whether the condition is the item's: who answers no calls may answer chats."""
    if item.form is Form.CALL or condition not in _OF_STAFF:
        return True
    return condition in conditions(s, now, item, queue)


def divert_waiting(
    s: State, now: Instant, item: Item, queue: Queue, condition: Condition, chain: str
) -> Events:
    """Take one who waits out of the line and along a chain.

    Where the chain has nothing better than the line in which they stand, nothing changes.
    """
    taken = walk_chain(s, now, item, queue, condition, chain, "")
    target = taken.rule.queue if taken.rule is not None else None
    if taken.rule is None or (taken.rule.action == "queue" and target in (None, queue.id)):
        yield walked(now, item, condition, chain, taken)
        return
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, f"queue {queue.id}: {condition}")
    item = s.items[item.id]
    yield from count(s, now, item, "timeout" if condition is Condition.LATE else "diverted")
    item = s.items[item.id]
    if item.form is not Form.CALL:
        yield from follow(s, now, item, queue, condition, chain, None)
        return
    flow = item.flow.flow if item.flow is not None else next(iter(s.policy.flows))
    step = item.flow.step + 1 if item.flow is not None else 1
    walk = Walk(item=item.id, flow=flow, policy=s.policy_hash, step=step)
    call_id, before = item.call_id, item.queue
    yield from follow(s, now, item, queue, condition, chain, walk)
    row = s.items[item.id]
    if call_id and (row.state is not ItemState.QUEUED or row.queue != before):
        yield move_call(now, row, call_id)
