"""Queueing formulas, exact: Erlang B, C and A (patience exponential), steady state, one pool.

A first guess of how many people are needed, and what a simulation must agree with. `load` is in
erlangs: contacts per second times seconds of handling. Times are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

AGENTS_MAX: Final = 10_000
PANELS: Final = 80
NEGLIGIBLE: Final = 45.0  # e**-45 of a density's peak is below the rounding of its integral

# Nodes and weights of Gauss-Legendre quadrature with five points on [-1, 1].
_INNER: Final = math.sqrt(5 - 2 * math.sqrt(10 / 7)) / 3
_OUTER: Final = math.sqrt(5 + 2 * math.sqrt(10 / 7)) / 3
_NEAR: Final = (322 + 13 * math.sqrt(70)) / 900
_FAR: Final = (322 - 13 * math.sqrt(70)) / 900
POINTS: Final = (
    (-_OUTER, _FAR),
    (-_INNER, _NEAR),
    (0.0, 128 / 225),
    (_INNER, _NEAR),
    (_OUTER, _FAR),
)


class Steady(NamedTuple):
    """What holds in the long run."""

    waits: float  # share that does not get an agent at once
    gives_up: float
    wait_s: float  # mean over all
    occupancy: float
    in_time: float  # share of all who come that is answered within the target


def erlang_b(agents: int, load: float) -> float:
    """Return the share that is lost when nobody can wait."""
    inverse = 1.0
    for n in range(1, agents + 1):
        inverse = 1.0 + inverse * n / load
    return 1.0 / inverse


def erlang_c(agents: int, load: float, handling_s: float, target_s: float) -> Steady:
    """Return what holds when everybody waits; with a load of `agents` or more nobody is in time."""
    if load >= agents:
        return Steady(1.0, 0.0, math.inf, 1.0, 0.0)
    lost = erlang_b(agents, load)
    waits = lost / (1 - load / agents * (1 - lost))
    left = (agents - load) / handling_s  # rate at which those ahead go
    in_time = 1 - waits * math.exp(-left * target_s)
    return Steady(waits, 0.0, waits / left, load / agents, in_time)


def erlang_a(
    agents: int, load: float, handling_s: float, patience_s: float, target_s: float
) -> Steady:
    """Return what holds when those who wait give up after an exponential time.

    Source: Zeltyn and Mandelbaum's M/M/n+G, by the density of the wait that somebody with endless
    patience would have; integrated with about 1e-12.
    """
    rate, out, leave = load / handling_s, agents / handling_s, 1 / patience_s

    def left(x: float) -> float:
        return -math.expm1(-leave * x) / leave

    def exponent(x: float) -> float:
        return rate * left(x) - out * x

    peak = max(0.0, math.log(rate / out) / leave) if rate > out else 0.0
    top = exponent(peak)
    last = peak + NEGLIGIBLE / out
    while exponent(last) > top - NEGLIGIBLE:
        last = peak + 2 * (last - peak)

    def weight(x: float) -> float:
        return math.exp(exponent(x) - top)

    def over(of: Callable[[float], float]) -> float:
        edge = min(target_s, last)
        whole = [(0.0, edge), (edge, last)]
        return math.fsum(_integral(lambda x: of(x) * weight(x), *each) for each in whole)

    at_once = math.exp(-top) / erlang_b(agents - 1, load) / rate
    total = at_once + over(lambda _: 1.0)
    gives_up = over(lambda x: -math.expm1(-leave * x)) / total
    soon = _integral(lambda x: math.exp(-leave * x) * weight(x), 0.0, min(target_s, last))
    return Steady(
        waits=1 - at_once / total,
        gives_up=gives_up,
        wait_s=over(left) / total,
        occupancy=load * (1 - gives_up) / agents,
        in_time=(at_once + soon) / total,
    )


def _integral(of: Callable[[float], float], begin: float, end: float) -> float:
    return math.fsum(_terms(of, begin, end))


def _terms(of: Callable[[float], float], begin: float, end: float) -> Iterator[float]:
    half = (end - begin) / PANELS / 2
    for panel in range(PANELS):
        middle = begin + (2 * panel + 1) * half
        for node, weight in POINTS:
            yield weight * half * of(middle + node * half)


@lru_cache(maxsize=4096)
def agents_needed(
    load: float, handling_s: float, target_s: float, share: float, patience_s: float | None = None
) -> int:
    """Return the fewest agents that answer this share of all who come within the target.

    Raises:
        ValueError: more than 10,000 would be needed.
    """
    if load <= 0:
        return 0
    first = 1 if patience_s is not None else math.floor(load) + 1
    low, high = first, first
    while not _is_enough(high, load, handling_s, target_s, share, patience_s):
        low, high = high + 1, 2 * high
        if high > AGENTS_MAX:
            raise ValueError(f"{load:.0f} erlangs need more than {AGENTS_MAX} agents")
    while low < high:
        middle = (low + high) // 2
        if _is_enough(middle, load, handling_s, target_s, share, patience_s):
            high = middle
        else:
            low = middle + 1
    return low


def _is_enough(
    agents: int,
    load: float,
    handling_s: float,
    target_s: float,
    share: float,
    patience_s: float | None,
) -> bool:
    if patience_s is None:
        return erlang_c(agents, load, handling_s, target_s).in_time >= share
    return erlang_a(agents, load, handling_s, patience_s, target_s).in_time >= share
