"""Conditions of queues as facts: nobody signed in, everybody away, closed; and what follows.

Entered and left once per queue and kind of channel, never per item; an item that waits when a
condition comes into effect follows the fate that the queue declares for it. That nobody is there
must last for the queue's `absence` first: who reconnects or comes back from a short break is not
too late. For chats and texts it is measured while the queue is open, and only where a chain
follows; at each opening the time begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.conditions import conditions, staff_condition
from router.core.fallback import Taken, follow, noted_walk, walk_chain
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
    emergency_of,
    queue_of,
    release_reserved,
    skip_hopeless_steps,
)
from router.core.records import Item, QueueRow
from router.core.records_town import KindRow
from router.core.service_level import count
from router.core.state import State
from router.core.steps import asked, bound
from router.core.tempos import OF_STAFF, named, staffed_tempos
from router.core.wishes import move_call
from router.errors import InvariantBroken

Events = Iterator[e.Event]

WAITS_THERE: Final = {Form.CALL: Tempo.LIVE, Form.CHAT: Tempo.FAST_TEXT}  # there and then


def update_staffing(s: State, now: Instant) -> Events:
    """Compare each queue's staff with what was last said of it."""
    for row in list(s.kinds.values()):
        yield from _no_longer_noted(s, now, row)
    for queue in s.policy.queues.values():
        for tempo in staffed_tempos(s.policy, queue):
            yield from _update_staff(s, now, queue, tempo)
    for bucket in list(s.index.every_bucket()):
        if len(bucket) and not bucket.signed_in:
            for item_id in list(bucket):
                item = s.items[item_id]
                if item.reserved_for is not None:
                    gone = f"{item.reserved_for} is no longer there: anyone may"
                    yield from release_reserved(s, now, item, gone)
                else:
                    yield from skip_hopeless_steps(s, now, item, queue_of(s, item))


def _no_longer_noted(s: State, now: Instant, row: KindRow) -> Events:
    """The policy lets nothing follow any more, or the queue is gone."""
    queue, was = s.policy.queues.get(row.queue), staff_condition(row)
    if was is None or (queue is not None and row.tempo in staffed_tempos(s.policy, queue)):
        return
    yield e.ConditionLeft(
        at=now, queue=row.queue, condition=was, because="nothing follows", tempo=row.tempo
    )


def _update_staff(s: State, now: Instant, queue: Queue, tempo: Tempo) -> Events:
    row = s.conditions_row(queue.id, tempo)
    was, is_now = staff_condition(row), _staff_condition(s, queue, tempo)
    if was is is_now:
        return
    if was is not None:
        yield e.ConditionLeft(at=now, queue=queue.id, condition=was, tempo=tempo)
    if is_now is not None:
        yield from _enter(s, now, queue, tempo, row, is_now)


def _enter(
    s: State,
    now: Instant,
    queue: Queue,
    tempo: Tempo,
    row: QueueRow | KindRow,
    is_now: Condition,
) -> Events:
    """Enter the condition; `row` is as before. It comes into effect when it has lasted."""
    was = staff_condition(row)
    lasts_at, meanwhile = _when_in_effect(s, now, queue, row, is_now)
    yield e.ConditionEntered(
        at=now,
        queue=queue.id,
        condition=is_now,
        lasts_at=lasts_at,
        meanwhile=meanwhile,
        tempo=tempo,
    )
    somebody_came = was is Condition.UNSTAFFED  # and does not drive away those who wait
    if lasts_at is None and not somebody_came:
        yield from apply_fate(s, now, queue, is_now, (tempo,))


def _when_in_effect(
    s: State, now: Instant, queue: Queue, row: QueueRow | KindRow, is_now: Condition
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


def condition_lasted(s: State, now: Instant, key: str) -> Events:
    """Nobody has been there for long enough: those who wait follow the fate."""
    queue_id, tempo = named(key)
    condition = staff_condition(s.conditions_row(queue_id, tempo))
    if condition is None:
        raise InvariantBroken(f"queue {key!r} waits for a condition that it has left")
    yield e.ConditionLasted(at=now, queue=queue_id, condition=condition, tempo=tempo)
    queue = s.policy.queues.get(queue_id)
    if queue is not None:
        yield from apply_fate(s, now, queue, condition, (tempo,))


def staff_of(s: State, queue: Queue, language: Language, tempo: Tempo) -> tuple[int, int]:
    """Return (signed in, not away) of those who may take one there in this language."""
    found = [s.index.staff(bound(each, "", language.skill), tempo) for each in asked(queue)]
    return max(each[0] for each in found), max(each[1] for each in found)


def _staff_condition(s: State, queue: Queue, tempo: Tempo) -> Condition | None:
    row = s.queues.get(queue.id)
    if tempo is not Tempo.LIVE and row is not None and not row.is_open:
        return None
    staff = [staff_of(s, queue, language, tempo) for language in s.policy.languages]
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
        yield from apply_fate(s, now, queue, fate, tuple(WAITS_THERE.values()))
    for tempo in staffed_tempos(s.policy, queue):
        if tempo is not Tempo.LIVE:  # of whom nothing is noted while it is closed
            yield from _update_staff(s, now, queue, tempo)


def apply_fate(
    s: State, now: Instant, queue: Queue, condition: Condition, tempos: tuple[Tempo, ...]
) -> Events:
    """Send those who wait in the queue, of these tempos, where the condition's chain leads."""
    chain = queue.fates.get(condition)
    if chain is None:
        return
    for tempo in tempos:
        for _, item_id in list(s.index.line(queue.id, tempo)):
            item = s.items[ItemId(item_id)]
            if item.form is not Form.CALLBACK and _holds_for(s, now, item, queue, condition):
                yield from divert_waiting(s, now, item, queue, condition, chain)


def _holds_for(s: State, now: Instant, item: Item, queue: Queue, condition: Condition) -> bool:
    """Say whether the condition is the item's: somebody may be there for its language alone."""
    if item.form is Form.CALL or condition not in OF_STAFF:
        return True
    return condition in conditions(s, now, item, queue)


def divert_waiting(
    s: State, now: Instant, item: Item, queue: Queue, condition: Condition, chain: str
) -> Events:
    """Take one who waits out of the line and along a chain.

    Where the chain has nothing better than the line in which they stand, nothing changes; of texts,
    of which many may lie there, it is then not even noted that nobody is there.
    """
    taken = walk_chain(s, now, item, queue, condition, chain, "")
    if _stays(item, queue, taken):
        if item.tempo is not Tempo.SLOW_TEXT or condition not in OF_STAFF:
            yield from noted_walk(s, now, item, condition, chain, taken)
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


def _stays(item: Item, queue: Queue, taken: Taken) -> bool:
    """Say whether the item is where the rule would have it; a text that is kept is so in line."""
    if taken.rule is None:
        return True
    keeps = ("queue", "defer") if item.tempo is Tempo.SLOW_TEXT else ("queue",)
    return taken.rule.action in keeps and taken.rule.queue in (None, queue.id)
