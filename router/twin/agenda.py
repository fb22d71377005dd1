"""What is still to come in a run, in order of time; at one instant, in the order planned."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from router.core.model import Instant

Act = Callable[[Instant, int, str], None]  # told the instant, and what it was planned with


class Agenda:
    """The loop of every run on a simulated clock."""

    def __init__(self) -> None:
        self._steps: list[tuple[Instant, int, Act, int, str]] = []  # a heap; no two turns are equal
        self._turn = 0

    def plan(self, at: Instant, act: Act, number: int = 0, who: str = "") -> None:
        """Let this be done then."""
        self._turn += 1
        heapq.heappush(self._steps, (at, self._turn, act, number, who))

    def pass_time(self) -> None:
        """Do all that is planned, and what is planned meanwhile."""
        steps, pop = self._steps, heapq.heappop
        while steps:
            now, _, act, number, who = pop(steps)
            act(now, number, who)
