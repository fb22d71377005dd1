"""Conditions of a queue that is served and comes under strain: at risk, and a long wait.

Entered at one threshold and left at another, once per queue and never per item. `at_risk` is timed,
who is first in line says when; or it is foreseen (`router.core.forecast`), from all who wait and
what was counted. `long_wait` follows from the expected wait of somebody who came now,
measured when something happens in the queue's own line or to its staff. What a condition lets pass
holds for whole lists of items (`router.core.lanes`); when it ends, those who still wait keep what
is lasting, by an event each: they are few, or it would not have ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core import policy_waiting as policy
from router.core.estimate import wait_of_newcomer
from router.core.forecast import forecast
from router.core.model import (
    SECOND,
    STRAIN,
    Channel,
    Condition,
    Form,
    Instant,
    ItemId,
    QueueId,
    Tempo,
)
from router.core.policy import Queue
from router.core.queueing import kept_of, take_step
from router.core.records import Item
from router.core.service_level import promise_of
from router.core.staffing import divert_waiting
from router.core.state import State
from router.core.watch import first_caller, waits_since

Events = Iterator[e.Event]


def update_strain(s: State, now: Instant, queue_id: QueueId) -> Events:
    """Compare what is measured of the queue with what was last said of it."""
    row = s.queues.get(queue_id)
    was = frozenset(row.conditions) & STRAIN if row is not None else frozenset()
    rule = s.policy.queues.get(queue_id)
    if rule is None:
        for condition in sorted(was):
            yield e.ConditionLeft(
                at=now, queue=queue_id, condition=condition, because="the queue is gone"
            )
        return
    for condition, measure in MEASURES.items():
        holds, because = measure(s, now, rule, condition in was)
        if holds and condition not in was:
            yield e.ConditionEntered(at=now, queue=queue_id, condition=condition, because=because)
            yield from _divert(s, now, rule, condition)
        elif condition in was and not holds:
            yield e.ConditionLeft(at=now, queue=queue_id, condition=condition, because=because)
            yield from _keep_steps(s, now, rule, condition)


def strain_due(s: State, now: Instant, name: str) -> Events:
    """The first in line has waited for so long that the queue may be at risk."""
    yield from update_strain(s, now, QueueId(name))


def _at_risk(s: State, now: Instant, rule: Queue, was: bool) -> tuple[bool, str]:
    if rule.at_risk is None:
        return False, "is not measured any more"
    if rule.at_risk.forecast is not None:
        return _foreseen(s, now, rule, rule.at_risk.forecast, was)
    first = first_caller(s.index.line(rule.id, Tempo.LIVE), s.items)
    if first is None:
        return False, "no caller waits"
    waited = now - waits_since(first)
    said = f"the first caller has waited {_s(waited)} of {_s(rule.target_span)}"
    return waited >= (rule.at_risk.leave if was else rule.at_risk.enter), said


def _foreseen(
    s: State, now: Instant, rule: Queue, by: policy.Forecast, was: bool
) -> tuple[bool, str]:
    """Where nobody has come yet this time, it stays as it is while somebody waits."""
    seen = forecast(s, now, rule, by.of)
    level = seen.level
    if level is None:
        holds = was and s.watch.entries.of(rule.id).all > 0
    else:
        holds = level < (by.leave if was else by.enter)
    if holds == was:
        return holds, ""  # nothing is said of what stays as it is
    return holds, seen.said(promise_of(rule, Channel.VOICE).within)


def _long_wait(s: State, now: Instant, rule: Queue, was: bool) -> tuple[bool, str]:
    if rule.long_wait is None:
        return False, "is not measured any more"
    low, high = wait_of_newcomer(s, now, rule)
    if low is None or high is None:  # nobody is there: that is another condition
        return was, "the wait is unknown"
    expected = (low + high) // 2
    said = f"who came now would wait {_s(low)} to {_s(high)}"
    return expected >= (rule.long_wait.leave if was else rule.long_wait.enter), said


MEASURES = {Condition.AT_RISK: _at_risk, Condition.LONG_WAIT: _long_wait}


def _on_the_line(s: State, queue: Queue) -> Iterator[Item]:
    for _, name in list(s.index.line(queue.id, Tempo.LIVE)):
        yield s.items[ItemId(name)]


def _divert(s: State, now: Instant, queue: Queue, condition: Condition) -> Events:
    """Send callers along the chain of a step that their age allows and the condition now opens."""
    chains = [
        (number, step.chain)
        for number, step in enumerate(queue.steps, 1)
        if step.chain and step.condition is condition
    ]
    if not chains:
        return
    for item in _on_the_line(s, queue):
        chain = next((chain for number, chain in chains if number <= item.step), None)
        if chain is not None and item.form is Form.CALL:
            yield from divert_waiting(s, now, item, queue, condition, chain)


def _keep_steps(s: State, now: Instant, queue: Queue, condition: Condition) -> Events:
    """Who waited while the condition held keeps what it opened, unless it was for so long only."""
    lasting = [
        (number, step)
        for number, step in enumerate(queue.steps, 1)
        if step.condition is condition and step.is_lasting
    ]
    if not lasting:
        return
    for item in _on_the_line(s, queue):
        had = kept_of(s, item, queue)
        new = [each for each in lasting if each[0] <= item.step and each[0] not in had]
        if new and item.reserved_for is None:
            rule = f"{new[-1][1].place}, kept: it waited while the queue was {condition}"
            kept = (*had, *(number for number, _ in new))
            yield from take_step(s, now, item, queue, rule, step=item.step, kept=kept)


def _s(span: int) -> str:
    return f"{span / SECOND:.0f} s"
