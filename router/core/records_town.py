"""Rows of the state beside items, agents and queues: what few items have, what was switched.

Like those of `records`: frozen, replaced as a whole, fields only appended.
"""

from __future__ import annotations

from router.core.model import Instant, ItemId, LegResult
from router.core.records import Row


class OnCallAttempt(Row, frozen=True):
    """Somebody on call who was told of an item, and what came of it."""

    contact: str
    way: str  # call | mail
    round: int  # 1 = the first time through the list
    at: Instant
    result: LegResult | None = None  # None: it rings, or an answer is awaited
    ended_at: Instant | None = None


class OnCallRow(Row, frozen=True):
    """Everybody on call who was told of an item, in order."""

    item: ItemId
    rule: str  # by which they are told: "!chain/rule", or a node
    attempts: tuple[OnCallAttempt, ...] = ()
