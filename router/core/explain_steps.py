"""What a waiting item asks for at present, by which condition, and what happens next and when.

Computed after the fact, as the rest of the story is.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.forecast import forecast
from router.core.model import SECOND, Condition, Instant, ItemState, Span, Tempo
from router.core.policy import Queue, Step
from router.core.queueing import held_steps, queue_of
from router.core.records import Item
from router.core.state import State
from router.core.tempos import FIRST, KINDS, STRAINED
from router.core.watch import risk_due


def why_other_asks(state: State, item: Item) -> Iterator[str]:
    """Yield what a condition lets pass beside what the item's steps ask for."""
    bucket = state.index.bucket_of(item)
    if item.state is not ItemState.QUEUED or item.reserved_for is not None:
        return
    queue = queue_of(state, item)
    steps = [(n, queue.steps[n - 1]) for n in held_steps(state, item, queue)]
    for number, step in steps:
        if step.condition in state.conditions_row(queue.id, item.tempo).conditions:
            yield f"step {number} ({step.place}) holds: the queue is {step.condition}"
        else:
            yield f"step {number} ({step.place}) is kept: it waited while {step.condition} held"
    if bucket.requirement != item.requirement:
        yield f"asks at present for: {bucket.requirement}"


def once_conditions_hold(state: State, now: Instant, item: Item) -> Iterator[str]:
    """Yield what conditions that do not hold would change for an item in line."""
    queue = queue_of(state, item)
    held = held_steps(state, item, queue)
    for number, step in enumerate(queue.steps[: item.step], 1):
        if step.condition is not None and number not in held:
            once = _once(state, now, queue, step, item.tempo)
            yield f"step {number} ({step.place}): {does(step)}, {once}"


def _once(state: State, now: Instant, queue: Queue, step: Step, tempo: Tempo) -> str:
    """Return when the condition of a step would hold for those of one tempo."""
    if step.condition not in STRAINED[tempo]:
        return f"never for {KINDS[tempo]}: {step.condition} is not measured for them"
    if step.condition is Condition.AT_RISK:
        by = queue.at_risk.forecast if queue.at_risk is not None else None
        if by is not None and tempo is Tempo.LIVE:
            said = forecast(state, now, queue, by.of).said()
            return f"once the queue is at_risk, below {by.enter:.0%}: {said}"
        line, row = state.index.line(queue.id, tempo), state.conditions_row(queue.id, tempo)
        due = risk_due(queue, state.policy.hours, row.conditions, line, state.items)
        in_s = f" in {_s(due - now)}" if due is not None else ""
        return f"once the queue is at_risk: it is{in_s}, if nobody takes the first {FIRST[tempo]}"
    enter = queue.long_wait.enter if queue.long_wait is not None else 0
    return f"once the expected wait is {_s(enter)} or more"


def does(step: Step) -> str:
    """Return what a step changes for those who have reached it."""
    does = [f"asks for {step.requires}"] if step.requires else []
    does += [f"or {more}" for more in step.adds]
    does += [f"ranks {_s(step.head_start)} earlier"] if step.head_start else []
    does += ["offers a callback"] if step.offers_callback else []
    does += [f"goes along {step.chain}"] if step.chain else []
    return ", ".join(does)


def _s(span: Span) -> str:
    return f"{max(0, span) / SECOND:.0f} s"
