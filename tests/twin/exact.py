"""Exact figures of queues, from the birth-death chain itself or from the closed form.

`chain` sums the states of M/M/c with patience or a limit of places; `erlang_b` and `priority_waits`
are closed forms. Spans in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Exact(NamedTuple):
    """Of a queue in its steady state."""

    waits: float  # share of those who come in that wait
    gives_up: float  # share of those who come in
    blocked: float  # share of those who come
    wait_s: float  # mean of those who come in, those who give up included
    occupancy: float


def chain(
    agents: int,
    load: float,
    talk_s: float,
    patience_s: float = math.inf,
    places: int | None = None,
) -> Exact:
    """Return M/M/c+M, or M/M/c/K with so many places to wait; `load` in erlangs."""
    come, leave = load / talk_s, 0.0 if math.isinf(patience_s) else 1 / patience_s
    weights = [1.0]
    for n in range(1, agents + (200_000 if places is None else places) + 1):
        out = min(n, agents) / talk_s + max(0, n - agents) * leave
        weights.append(weights[-1] * come / out)
        if weights[-1] > 1e200:
            weights = [weight * 1e-200 for weight in weights]
        if places is None and n > agents and weights[-1] < 1e-17 * max(weights):
            break
    total = math.fsum(weights)
    blocked = 0.0 if places is None else weights[-1] / total
    waiting = math.fsum(max(0, n - agents) * w for n, w in enumerate(weights)) / total
    busy = math.fsum(min(n, agents) * w for n, w in enumerate(weights)) / total
    entered = come * (1 - blocked)
    waits = math.fsum(weights[agents:]) / total - blocked
    return Exact(
        waits / (1 - blocked), waiting * leave / entered, blocked, waiting / entered, busy / agents
    )


def erlang_b(agents: int, load: float) -> float:
    """Return the share that is blocked where nobody can wait."""
    share = 1.0
    for n in range(1, agents + 1):
        share = load * share / (n + load * share)
    return share


def erlang_c(agents: int, load: float) -> float:
    """Return the share that waits where everybody does."""
    blocked = erlang_b(agents, load)
    return blocked / (1 - load / agents * (1 - blocked))


def priority_waits(agents: int, talk_s: float, loads: Sequence[float]) -> list[float]:
    """Return the mean wait of each class, the most urgent first; a talk is never broken off."""
    all_busy = erlang_c(agents, sum(loads))
    before, waits = 0.0, []
    for load in loads:
        after = before + load / agents
        waits.append(all_busy * talk_s / agents / ((1 - before) * (1 - after)))
        before = after
    return waits
