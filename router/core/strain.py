"""Conditions of a queue that is served and comes under strain: at risk, and a long wait.

Entered at one threshold and left at another, once per queue and tempo and never per item. `at_risk`
is timed, who is first in line says when; or, of calls, it is foreseen (`router.core.forecast`),
from all who wait and what was counted. `long_wait` follows from the expected wait of somebody who
came now, measured when something happens in the queue's own line or to its staff; nobody promises a
text how long it waits in line, so only `at_risk` is measured for those. What a condition lets pass
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
    Condition,
    Instant,
    ItemId,
    QueueId,
    Tempo,
)
from router.core.policy import Queue
from router.core.queueing import kept_of, take_step
from router.core.records import Item
from router.core.service_level import CHANNELS, promise_of
from router.core.staffing import WAITS_THERE, divert_waiting
from router.core.state import State
from router.core.tempos import FIRST, STRAINED, named
from router.core.watch import first_of, risk_at, waits_since

Events = Iterator[e.Event]


def update_strain(s: State, now: Instant, queue_id: QueueId, tempo: Tempo) -> Events:
    """Compare what is measured of the queue with what was last said of it."""
    was = STRAIN.intersection(s.conditions_row(queue_id, tempo).conditions)
    rule = s.policy.queues.get(queue_id)

    def left(condition: Condition, because: str) -> e.ConditionLeft:
        return e.ConditionLeft(
            at=now, queue=queue_id, condition=condition, because=because, tempo=tempo
        )

    if rule is None:
        for condition in sorted(was):
            yield left(condition, "the queue is gone")
        return
    for condition, measure in MEASURES.items():
        if condition not in STRAINED[tempo]:
            continue
        holds, because = measure(s, now, rule, tempo, condition in was)
        if holds and condition not in was:
            yield e.ConditionEntered(
                at=now, queue=queue_id, condition=condition, because=because, tempo=tempo
            )
            yield from _divert(s, now, rule, tempo, condition)
        elif condition in was and not holds:
            yield left(condition, because)
            yield from _keep_steps(s, now, rule, tempo, condition)


def strain_due(s: State, now: Instant, name: str) -> Events:
    """The first in line has waited for so long, or what was foreseen is over: look again."""
    yield from update_strain(s, now, *named(name))


def _at_risk(s: State, now: Instant, rule: Queue, tempo: Tempo, was: bool) -> tuple[bool, str]:
    if rule.at_risk is None:
        return False, "is not measured any more"
    if rule.at_risk.forecast is not None and tempo is Tempo.LIVE:
        return _foreseen(s, now, rule, rule.at_risk.forecast, was)
    first = first_of(s.index.line(rule.id, tempo), s.items)
    if first is None:
        return False, NOBODY_WAITS[tempo]
    at = risk_at(rule.at_risk, s.policy.hours[rule.hours], first, leaves=was)
    return at is not None and now >= at, _first_says(now, rule, first)


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
    return holds, seen.said()


def _first_says(now: Instant, rule: Queue, first: Item) -> str:
    if first.due_at is not None and first.tempo is Tempo.SLOW_TEXT:
        left = first.due_at - now
        return f"the first answer is due in {_s(left)}" if left > 0 else "an answer is overdue"
    waited, within = now - waits_since(first), promise_of(rule, CHANNELS[first.form]).within
    return f"the first {FIRST[first.tempo]} has waited {_s(waited)} of {_s(within)}"


def _long_wait(s: State, now: Instant, rule: Queue, tempo: Tempo, was: bool) -> tuple[bool, str]:
    if rule.long_wait is None:
        return False, "is not measured any more"
    low, high = wait_of_newcomer(s, now, rule, tempo)
    if low is None or high is None:  # nobody is there: that is another condition
        return was, "the wait is unknown"
    expected = (low + high) // 2
    said = f"who came now would wait {_s(low)} to {_s(high)}"
    return expected >= (rule.long_wait.leave if was else rule.long_wait.enter), said


MEASURES = {Condition.AT_RISK: _at_risk, Condition.LONG_WAIT: _long_wait}


NOBODY_WAITS = {
    Tempo.LIVE: "no caller waits",
    Tempo.FAST_TEXT: "no chat waits",
    Tempo.SLOW_TEXT: "no text waits for a first answer",
}


def _in_line(s: State, queue: Queue, tempo: Tempo) -> Iterator[Item]:
    for _, name in list(s.index.line(queue.id, tempo)):
        yield s.items[ItemId(name)]


def _divert(s: State, now: Instant, queue: Queue, tempo: Tempo, condition: Condition) -> Events:
    """Send callers and chats along the chain of a step that the condition now opens to them."""
    chains = [
        (number, step.chain)
        for number, step in enumerate(queue.steps, 1)
        if step.chain and step.condition is condition
    ]
    if not chains:
        return
    for item in _in_line(s, queue, tempo):
        chain = next((chain for number, chain in chains if number <= item.step), None)
        if chain is not None and item.form in WAITS_THERE:
            yield from divert_waiting(s, now, item, queue, condition, chain)


def _keep_steps(s: State, now: Instant, queue: Queue, tempo: Tempo, condition: Condition) -> Events:
    """Who waited while the condition held keeps what it opened, unless it was for so long only."""
    lasting = [
        (number, step)
        for number, step in enumerate(queue.steps, 1)
        if step.condition is condition and step.is_lasting
    ]
    if not lasting:
        return
    for item in _in_line(s, queue, tempo):
        had = kept_of(s, item, queue)
        new = [each for each in lasting if each[0] <= item.step and each[0] not in had]
        if new and item.reserved_for is None:
            rule = f"{new[-1][1].place}, kept: it waited while the queue was {condition}"
            kept = (*had, *(number for number, _ in new))
            yield from take_step(s, now, item, queue, rule, step=item.step, kept=kept)


def _s(span: int) -> str:
    return f"{span / SECOND:.0f} s"
