"""The wait to be expected in a queue now, and what came true of what callers were told. Pure."""

from __future__ import annotations

from router.core.estimate import wait_of_newcomer
from router.core.model import Instant
from router.core.policy import Queue
from router.core.service_level import local_day
from router.core.state import State
from router.desk.view_types import View, seconds


class WaitView(View, frozen=True, kw_only=True):
    """What a caller who came now would be told; None: unknown."""

    low_s: float | None
    high_s: float | None


class PromisesView(View, frozen=True, kw_only=True):
    """Of those answered today who had been told how long it takes: the first time of an entry."""

    told: int
    inside: float | None  # share who waited as long as was said; None: nobody was told yet
    longer: float | None  # share who waited longer
    mean_error_s: float | None  # middle of what was said less the wait; below 0: too hopeful
    mean_absolute_error_s: float | None


def expected_wait(state: State, rule: Queue, now: Instant) -> WaitView:
    """Return the wait to be expected by who came now."""
    low, high = wait_of_newcomer(state, now, rule)
    return WaitView(
        low_s=None if low is None else seconds(low), high_s=None if high is None else seconds(high)
    )


def promises_view(state: State, rule: Queue, now: Instant) -> PromisesView:
    """Return how honest today's estimates have been."""
    row = state.promises_met.get(rule.id)
    if row is None or row.day != local_day(state, now):
        return PromisesView(
            told=0, inside=None, longer=None, mean_error_s=None, mean_absolute_error_s=None
        )
    return PromisesView(
        told=row.count,
        inside=round(row.inside / row.count, 4),
        longer=round(row.longer / row.count, 4),
        mean_error_s=seconds(row.error_sum // row.count),
        mean_absolute_error_s=seconds(row.error_abs_sum // row.count),
    )
