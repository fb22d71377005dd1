"""What a model brings to each quarter of an hour, and how many people the formulas ask for.

Formulas know one pool and one kind of contacts: `pooled` is what would be enough if everybody could
do everything, `apart` if every queue had people of its own. The truth lies in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from router.core.model import HOUR, SECOND, Channel, Instant, QueueId, Span
from router.core.policy import Policy
from router.core.service_level import promise_of
from router.twin.contacts import LIVE
from router.twin.demand import Demand
from router.twin.erlang import agents_needed
from router.twin.figures import QUARTER


class Load(NamedTuple):
    """What one queue gets in one quarter of an hour, of one channel."""

    queue: QueueId
    channel: Channel
    per_hour: float
    handling_s: float  # of an agent's whole attention
    patience_s: float | None
    target_s: float
    share: float  # promised within the target

    @property
    def erlangs(self) -> float:
        """Return how many agents it keeps busy."""
        return self.per_hour / 3600 * self.handling_s


class Quarter(NamedTuple):
    """One quarter of an hour of the model."""

    begin: Instant
    loads: tuple[Load, ...]  # of people who are there: calls and chats

    @property
    def erlangs(self) -> float:
        """Return how many agents it keeps busy."""
        return sum(load.erlangs for load in self.loads)


def quarters(demand: Demand, policy: Policy) -> list[Quarter]:
    """Return every quarter of an hour in which calls or chats come."""
    found: dict[Instant, dict[tuple[QueueId, Channel], Load]] = {}
    for kind in demand.kinds:
        if kind.channel not in LIVE:
            continue
        queue = policy.queues[kind.queue]
        promise = promise_of(queue, kind.channel)
        for begin, expected in _by_quarter(kind.pieces):
            load = Load(
                queue=kind.queue,
                channel=kind.channel,
                per_hour=expected * HOUR / QUARTER,
                handling_s=kind.handling.mean_s * kind.attention,
                patience_s=None if kind.patience is None else kind.patience.mean_s,
                target_s=promise.within / SECOND,
                share=promise.share,
            )
            row = found.setdefault(begin, {})
            key = (kind.queue, kind.channel)
            row[key] = _both([row[key], load]) if key in row else load
    return [Quarter(begin, tuple(found[begin].values())) for begin in sorted(found)]


def _by_quarter(pieces: Iterable[tuple[Instant, Instant, float]]) -> list[tuple[Instant, float]]:
    expected: dict[Instant, float] = {}
    for begin, end, count in pieces:
        at = begin
        while at < end:
            slot = at - at % QUARTER
            until = min(end, slot + QUARTER)
            expected[slot] = expected.get(slot, 0.0) + count * (until - at) / (end - begin)
            at = until
    return [(slot, count) for slot, count in sorted(expected.items()) if count > 0]


def _both(loads: Iterable[Load]) -> Load:
    """Return one load that stands for all: means by number of contacts.

    The strictest target and the highest share hold; patience is a mean of rates.
    """
    rows = list(loads)
    total = sum(load.per_hour for load in rows)
    leaving = sum(load.per_hour / load.patience_s for load in rows if load.patience_s is not None)
    return Load(
        queue=rows[0].queue,
        channel=rows[0].channel,
        per_hour=total,
        handling_s=sum(load.per_hour * load.handling_s for load in rows) / total,
        patience_s=total / leaving if leaving else None,
        target_s=min(load.target_s for load in rows),
        share=max(load.share for load in rows),
    )


def pooled(quarter: Quarter, *, may_give_up: bool) -> int:
    """Return how many people would do if everybody could do everything."""
    return _needed(_both(quarter.loads), may_give_up)


def apart(quarter: Quarter, *, may_give_up: bool) -> int:
    """Return how many people would do if every queue and channel had its own."""
    return sum(_needed(load, may_give_up) for load in quarter.loads)


def _needed(load: Load, may_give_up: bool) -> int:
    patience_s = load.patience_s if may_give_up else None
    return agents_needed(load.erlangs, load.handling_s, load.target_s, load.share, patience_s)


def text_hours(demand: Demand) -> float:
    """Return the hours of work that mail and forms bring."""
    return sum(
        sum(piece.expected for piece in kind.pieces) * kind.handling.mean_s * kind.attention / 3600
        for kind in demand.kinds
        if kind.channel not in LIVE
    )


def hours_of(people: int, span: Span = QUARTER) -> float:
    """Return the hours of so many people in a span."""
    return people * span / HOUR


def people_for(hours: float, hours_a_year: float, shrinkage: float = 0.0) -> float:
    """Return how many full-time people give so many hours a year at the desk."""
    return hours / (hours_a_year * (1 - shrinkage))
