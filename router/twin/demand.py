"""Traffic as a model: how much comes when, how long it takes, who is there; and chance over it.

One seed gives one case, whatever the policy: each kind of contacts and each shift has streams of
chance of its own, and a contact's handling and patience are drawn when it comes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from router.core.model import SECOND, AgentId, Channel, Instant, QueueId, Span
from router.twin.contacts import Case, Contact, Presence


class Times(NamedTuple):
    """How long something takes, by chance. `samples` stand for a distribution that was seen."""

    mean_s: float
    deviation: float = 1.0  # standard deviation over mean, of a lognormal; 0: exponential
    samples: tuple[float, ...] = ()  # seconds

    def draw(self, chance: random.Random) -> Span:
        """Return one time."""
        if self.samples:
            return round(chance.choice(self.samples) * SECOND)
        if not self.deviation:
            return round(chance.expovariate(1.0) * self.mean_s * SECOND)
        variance = math.log(1 + self.deviation**2)
        location = math.log(self.mean_s) - variance / 2
        return round(chance.lognormvariate(location, math.sqrt(variance)) * SECOND)


class Piece(NamedTuple):
    """So many come from `begin` to before `end`, on average."""

    begin: Instant
    end: Instant
    expected: float


class Kind(NamedTuple):
    """One kind of contacts."""

    name: str
    queue: QueueId
    channel: Channel
    languages: tuple[tuple[str, float], ...]  # with their shares
    pieces: tuple[Piece, ...]  # ascending
    handling: Times
    patience: Times | None
    attention: float


class Duty(NamedTuple):
    """One agent's shift on one day: the times between its breaks."""

    agent: AgentId
    day: str  # ISO date
    spans: tuple[tuple[Instant, Instant], ...]


class Demand(NamedTuple):
    """Everything that is not policy, before chance."""

    begin: Instant
    end: Instant
    days: int
    kinds: tuple[Kind, ...]
    duties: tuple[Duty, ...]
    no_shows: float  # share of duties


def case_of(demand: Demand, seed: int) -> Case:
    """Draw one case."""
    contacts = [each for kind in demand.kinds for each in _contacts(kind, seed)]
    return Case(
        begin=demand.begin,
        end=demand.end,
        contacts=tuple(sorted(contacts, key=lambda each: each.at)),
        presences=tuple(_presences(demand, seed)),
    )


def _contacts(kind: Kind, seed: int) -> Iterator[Contact]:
    """Yield arrivals of a Poisson process whose rate is constant within each piece."""
    chance = random.Random(f"{seed}/{kind.name}")
    due = chance.expovariate(1.0)  # of the next one, on a scale on which one comes per unit
    passed = 0.0
    for piece in kind.pieces:
        while due < passed + piece.expected:
            share = (due - passed) / piece.expected
            yield _contact(kind, piece.begin + int(share * (piece.end - piece.begin)), chance)
            due += chance.expovariate(1.0)
        passed += piece.expected


def _contact(kind: Kind, at: Instant, chance: random.Random) -> Contact:
    spoken, language = chance.random(), kind.languages[-1][0]
    for name, share in kind.languages:
        if spoken < share:
            language = name
            break
        spoken -= share
    return Contact(
        at=at,
        queue=kind.queue,
        channel=kind.channel,
        language=language,
        work=max(1, kind.handling.draw(chance)),
        patience=None if kind.patience is None else kind.patience.draw(chance),
        attention=kind.attention,
    )


def _presences(demand: Demand, seed: int) -> Iterator[Presence]:
    for duty in demand.duties:
        chance = random.Random(f"{seed}/{duty.agent}/{duty.day}")
        if chance.random() >= demand.no_shows:
            for begin, end in duty.spans:
                yield Presence(duty.agent, begin, end)


def within(demand: Demand, begin: Instant, end: Instant) -> Demand:
    """Return the part of the demand from `begin` to before `end`, as a demand of one day."""
    kinds = tuple(
        kind._replace(
            pieces=tuple(each for each in kind.pieces if begin <= each.begin and each.end <= end)
        )
        for kind in demand.kinds
    )
    duties = tuple(
        duty for duty in demand.duties if all(begin <= each[0] < end for each in duty.spans)
    )
    return demand._replace(begin=begin, end=end, days=1, kinds=kinds, duties=duties)


def hours_there(demand: Demand) -> Span:
    """Return the time at the desk of everybody together, breaks and no-shows not counted."""
    spans = [end - begin for duty in demand.duties for begin, end in duty.spans]
    return round(sum(spans) * (1 - demand.no_shows))


def without(span: tuple[int, int], breaks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of a span when the breaks are taken out of it."""
    edges = [span[0], *(edge for pause in sorted(breaks) for edge in pause), span[1]]
    return [(begin, end) for begin, end in list(pairwise(edges))[::2] if begin < end]
