"""What a waiting item asks for at present, by which condition, and what happens next and when.

Computed after the fact, as the rest of the story is.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.forecast import forecast
from router.core.model import SECOND, Channel, Condition, Instant, ItemState, Span, Tempo
from router.core.policy import Queue, Step
from router.core.queueing import held_steps, queue_of
from router.core.records import Item
from router.core.service_level import promise_of
from router.core.state import State
from router.core.watch import risk_due


def why_other_asks(state: State, item: Item) -> Iterator[str]:
    """Yield what a condition lets pass beside what the item's steps ask for."""
    bucket = state.index.bucket_of(item)
    if item.state is not ItemState.QUEUED or item.reserved_for is not None:
        return
    queue = queue_of(state, item)
    steps = [(n, queue.steps[n - 1]) for n in held_steps(state, item, queue)]
    for number, step in steps:
        if step.condition in _conditions(state, queue):
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
        if step.condition is not None and number not in held and item.tempo is Tempo.LIVE:
            yield f"step {number} ({step.place}): {does(step)}, {_once(state, now, queue, step)}"


def _once(state: State, now: Instant, queue: Queue, step: Step) -> str:
    """Return when the condition of a step would hold."""
    if step.condition is Condition.AT_RISK:
        by = queue.at_risk.forecast if queue.at_risk is not None else None
        if by is not None:
            said = forecast(state, now, queue, by.of).said(promise_of(queue, Channel.VOICE).within)
            return f"once the queue is at_risk, below {by.enter:.0%}: {said}"
        row, line = state.queues.get(queue.id), state.index.line(queue.id, Tempo.LIVE)
        due = risk_due(queue, row, line, state.items)
        in_s = f" in {_s(due - now)}" if due is not None else ""
        return f"once the queue is at_risk: it is{in_s}, if nobody takes the first caller"
    enter = queue.long_wait.enter if queue.long_wait is not None else 0
    return f"once the expected wait is {_s(enter)} or more"


def _conditions(state: State, queue: Queue) -> tuple[Condition, ...]:
    row = state.queues.get(queue.id)
    return () if row is None else row.conditions


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
