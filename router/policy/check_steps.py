"""Checks the steps of queues: in order of time, and by conditions that somebody measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from router.core.model import STRAIN, Condition
from router.policy.documents import Document
from router.policy.models_queues import QueueShape

_EXAMPLES: Final = {
    Condition.AT_RISK: "at_risk: {enter: 0.8, leave: 0.5}",
    Condition.LONG_WAIT: "long_wait: {enter_s: 300, leave_s: 200}",
}


def check_steps(
    document: Document, path: tuple[str, str], queue: QueueShape, rules: Mapping[str, Any]
) -> None:
    """Complain about a queue's steps; `rules` are those that hold for it."""
    before = 0
    for index, step in enumerate(queue.steps):
        at = (*path, "steps", index)
        if step.after_s is not None and _is_out_of_order(queue, index, before):
            message = f"comes after a step at {before} s; steps stand in order of time"
            document.complain((*at, "after_s"), message)
        before = max(before, step.after_s or 0)
        if step.condition is not None and rules[step.condition.value] is None:
            key = "when" if step.while_ is None else "while"
            document.complain((*at, key), _not_measured(step.condition))
        if step.offer_callback and rules["callback"] is None:
            message = "there is nothing to offer: the queue has no `callback`; give it one"
            document.complain((*at, "offer_callback"), message)
    for condition in sorted(STRAIN & rules["fallback"].keys()):
        if rules[condition.value] is None:
            where = (*path, "fallback", condition.value)
            known = condition in queue.fallback
            document.complain(where if known else path, _not_measured(condition), at_key=True)
    _check_end(document, path, queue, rules)


def _is_out_of_order(queue: QueueShape, index: int, before: int) -> bool:
    """Say whether the step is due before the one above, or replaces it at the same time."""
    step = queue.steps[index]
    after = step.after_s or 0
    if after != before or not index:
        return after < before
    return step.condition is queue.steps[index - 1].condition


def _not_measured(condition: Condition) -> str:
    return (
        f"nothing says when the queue is {condition}; add to the queue, or to `defaults`,"
        f" {_EXAMPLES[condition]}"
    )


def _check_end(
    document: Document, path: tuple[str, str], queue: QueueShape, rules: Mapping[str, Any]
) -> None:
    """Complain where callers might wait for ever: every wait has an end that somebody declared."""
    ends = any(step.fallback and step.condition is None for step in queue.steps)
    if not rules["wait_max_s"] and not ends:
        document.complain(
            path,
            "nothing ends the wait of a caller whom nobody takes; give `wait_max_s` and the chain"
            " `late` under `fallback`, or a last step {after_s: 1200, fallback: ...}",
            at_key=True,
        )
