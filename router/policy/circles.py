"""Finds circles: things that lead back to themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def circles(starts: Iterable[T], ahead: Callable[[T], Iterable[T]]) -> Iterator[list[T]]:
    """Yield circles among what can be reached, so that each of them touches one that is yielded.

    Shape: in the order in which one goes round, each element once; no two circles are closed by
        the same step.
    """
    done: set[T] = set()
    for start in starts:
        if start in done:
            continue
        way: dict[T, Iterator[T]] = {start: iter(ahead(start))}  # in order, with what is left
        while way:
            here, left = next(reversed(way.items()))
            step = next((each for each in left if each not in done), None)
            if step is None:
                done.add(here)
                del way[here]
            elif step in way:
                around = list(way)
                yield around[around.index(step) :]
            else:
                way[step] = iter(ahead(step))
