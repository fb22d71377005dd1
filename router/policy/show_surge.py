"""Prints what a surge lets hold, for `townline check --show`."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.model import Condition
from router.core.policy import Policy
from router.policy.spans import written_span


def show_surge(policy: Policy) -> Iterator[str]:
    """Yield the lines."""
    rule = policy.surge
    if rule is None:
        return
    first = ", ".join(rule.first) or "no queue"
    yield (
        f"Surge: {first} goes first by {written_span(rule.head_start)},"
        f" {written_span(rule.lasts_max)} at most"
        if rule.head_start
        else f"Surge: {first} goes first, {written_span(rule.lasts_max)} at most"
    )
    for queue in policy.queues.values():
        if queue.id not in rule.first:
            yield f"  {queue.id}: {queue.fates.get(Condition.SURGE, 'waits as ever')}"
    if rule.begins_at:
        yield (f"  begins by itself when {rule.begins_at} wait, for {written_span(rule.lasts)}")
