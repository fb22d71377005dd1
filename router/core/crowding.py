"""What there is no room for: queues at their limit, languages nobody speaks, a surge that holds.

Reads the state and decides nothing; whoever lines somebody up asks here.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.model import Span, Tempo
from router.core.policy import Queue
from router.core.records_town import GapRow
from router.core.state import State
from router.core.state_town import SURGE
from router.core.tempos import gap_key, key_of


def limit_of(s: State, queue: Queue, tempo: Tempo) -> int:
    """Return how many of one tempo may wait in the queue now; 0 = no limit."""
    row = s.limits.get(key_of(queue.id, tempo)) if queue.length_per_agent else None
    limits = [each for each in (queue.length_max, row.length if row else 0) if each]
    return min(limits, default=0)


def has_room(s: State, queue: Queue, tempo: Tempo) -> bool:
    """Say whether one more may wait there."""
    limit = limit_of(s, queue, tempo)
    return not limit or len(s.index.line(queue.id, tempo)) < limit


def gap_of(s: State, queue: Queue, skill: str, tempo: Tempo) -> GapRow | None:
    """Return that others are served there but nobody signed in has this language's skill."""
    return s.gaps.get(gap_key(queue.id, skill, tempo))


def gaps_of(s: State, queue: Queue, tempo: Tempo) -> Iterator[GapRow]:
    """Yield the languages of the town that nobody there speaks now, in effect or not."""
    for language in s.policy.languages:
        row = gap_of(s, queue, language.skill, tempo)
        if row is not None:
            yield row


def deflects(s: State, queue: Queue) -> bool:
    """Say whether a surge holds and the queue is none of those that go first."""
    rule = s.policy.surge
    return SURGE in s.surges and rule is not None and queue.id not in rule.first


def surge_head_start(s: State, queue: Queue) -> Span:
    """Return what a surge gives to who comes to this queue."""
    rule = s.policy.surge
    holds = SURGE in s.surges and rule is not None and queue.id in rule.first
    return rule.head_start if holds and rule is not None else 0
