"""What service level will be reached if those who wait are answered at their expected wait.

Looks at counts alone: what was counted, who is there, and how long the first caller in line and one
who came now would wait. Those between lie between, in line and in age: so many of them are late as
the straight line from the one to the other is beyond the promised time. Whoever is being offered is
in time. Those who have not come yet are not foreseen. Costs the same for any number of callers.
"""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

from router.core.estimate import wait_of, wait_of_newcomer
from router.core.formulas import FORMULAS, LATE, Figure
from router.core.model import SECOND, Channel, Instant, Span, Tempo
from router.core.open_entries import Open
from router.core.policy import Queue
from router.core.policy_waiting import Scope
from router.core.service_level import local_day, promise_of
from router.core.state import State
from router.core.tallies import interval_of
from router.core.watch import first_of, waits_since

_ANSWERED_LATE = "answered" + LATE


class Forecast(NamedTuple):
    """Of a quarter of an hour or a day: what was counted, who is there, what comes of both."""

    scope: Scope
    formula: str
    counted: Figure
    waiting: int  # whose entry has not ended
    in_time: int  # of those
    reached: Figure
    within: Span  # the promised time

    @property
    def level(self) -> float | None:
        """Return the share that will be reached; None where nobody has come."""
        return self.reached.level

    def said(self) -> str:
        """Return why, in words."""
        part = "quarter of an hour" if self.scope is Scope.INTERVAL else "day"
        if self.level is None:
            return f"nobody has come this {part}"
        return (
            f"{self.level:.0%} of this {part} will be answered within {self.within / SECOND:.0f} s:"
            f" {self.counted.met} of {self.counted.looked_at} so far,"
            f" {self.in_time} of {self.waiting} who wait ({self.formula})"
        )


def forecast(s: State, now: Instant, rule: Queue, scope: Scope) -> Forecast:
    """Return what the queue's calls will come to in the present quarter of an hour, or today."""
    counts: tuple[tuple[str, int], ...] = ()
    if scope is Scope.INTERVAL:
        interval = interval_of(now)
        row = s.tallies.get((rule.id, Channel.VOICE, interval))
        counts = row.counts if row is not None else ()
        there = s.watch.entries.of(rule.id, interval)
    else:
        day = s.days.get(rule.id)
        counts = day.counts if day is not None and day.day == local_day(s, now) else ()
        there = s.watch.entries.of(rule.id)
    promise = promise_of(rule, Channel.VOICE)
    formula = FORMULAS[promise.formula]
    met = sum([number for result, number in counts if result in formula.met])
    looked_at = sum([number for result, number in counts if result in formula.looked_at])
    waiting = there.waiting
    late = _late(s, now, rule, waiting, promise.within) if waiting else 0
    in_time = there.near + waiting - late
    over = there.over if _ANSWERED_LATE in formula.looked_at else 0  # else it was counted
    reached = Figure(met + in_time, looked_at + there.near + waiting + over)
    counted = Figure(met, looked_at)
    within = promise.within
    return Forecast(scope, promise.formula, counted, there.all, in_time, reached, within)


def _late(s: State, now: Instant, rule: Queue, last: int, within: Span) -> int:
    """Return how many of the last so many callers in line will wait beyond the promised time."""
    first = first_of(s.index.line(rule.id, Tempo.LIVE), s.items, is_waiting=True)
    wait, end = _middle(wait_of_newcomer(s, now, rule)), 0 if first is None else now
    begin = None if first is None else _middle(wait_of(s, now, first))
    if wait is None:
        return last  # nobody is there who could answer them
    if first is None or begin is None:
        return last if wait >= within else 0
    return beyond(
        _in_line(s.watch.entries.of(rule.id), rule), last, begin + end - waits_since(first), wait,
        within,
    )  # fmt: skip


def _in_line(there: Open, rule: Queue) -> int:
    """Return how many callers rank among those who are in time; who is late may rank behind."""
    return there.waiting if rule.late_behind else there.waiting + there.over


def _middle(between: tuple[Span | None, Span | None]) -> Span | None:
    low, high = between
    return None if low is None or high is None else (low + high) // 2


def beyond(line: int, last: int, first: Span, newcomer: Span, within: Span) -> int:
    """Return how many of the `last` in a line of `line` wait for `within` or longer in all.

    The one at place p, counted from 0, waits for as long as lies between `first` (p = 0) and
    `newcomer` (p = line).
    """
    line = max(line, last)
    rise = newcomer - first
    if rise == 0:
        return last if first >= within else 0
    crossing = (within - first) * line / rise
    if rise > 0:  # from the crossing on, to the end of the line
        begin, end = max(ceil(crossing), line - last, 0), line
    else:  # up to the crossing
        begin, end = line - last, min(floor(crossing) + 1, line)
    return max(0, end - begin)
