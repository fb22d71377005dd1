"""Rows beside the items: of those few who were promised a wait, or kept a step, and of queues."""

from __future__ import annotations

from router.core.model import Instant, ItemId, QueueId, Span
from router.core.records import Row


class Promise(Row, frozen=True):
    """How long an item was first told to wait, in its present entry."""

    item: ItemId
    at: Instant
    low: Span
    high: Span
    told_of_more: bool = False  # that it takes longer than this was said


class KeptSteps(Row, frozen=True):
    """Steps with a condition that an item keeps though the condition may have ended."""

    item: ItemId
    queue: QueueId  # whose steps they are
    steps: tuple[int, ...]


class PromisesMet(Row, frozen=True):
    """What came true of the waits that were promised in a queue on a day, ns."""

    queue: QueueId
    day: str
    count: int = 0
    inside: int = 0  # waited no less and no more than was said
    longer: int = 0  # waited longer than was said
    error_sum: Span = 0  # of the middle of what was said less what was waited
    error_abs_sum: Span = 0
