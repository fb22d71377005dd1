"""A step whose time has come: others may take it, it ranks earlier, or it goes elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.model import Condition, Instant, ItemState
from router.core.queueing import held_steps, queue_of, take_step
from router.core.records import Item
from router.core.staffing import WAITS_THERE, divert_waiting
from router.core.state import State

Events = Iterator[e.Event]


def step_due(s: State, now: Instant, item: Item) -> Events:
    """Take the item's next step; one with a condition counts only while, or once, it holds."""
    queue = queue_of(s, item)
    number = min(item.step + 1, len(queue.steps))
    if not number:  # the policy has no steps any more
        yield from take_step(s, now, item, queue, str(queue.place))
        return
    step = queue.steps[number - 1]
    rule = str(step.place)
    if step.condition is not None:
        rule += f", counts while the queue is {step.condition}"
    yield from take_step(s, now, item, queue, rule)
    item = s.items[item.id]
    holds = step.condition is None or number in held_steps(s, item, queue)
    if step.chain and holds and item.form in WAITS_THERE and item.state is not ItemState.HANDLING:
        condition = Condition.LATE if step.condition is None else step.condition
        yield from divert_waiting(s, now, item, queue, condition, step.chain)
