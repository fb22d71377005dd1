"""Business time: only the hours in which the place is open count, summed in UTC.

Answers how much of it passed between two instants, and when a promise falls due ("in 4 business
hours", "in 2 business days"). An emergency closing does not stretch a promise: it is not asked.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from router.core.hours import (
    HORIZON,
    HORIZON_DAYS,
    Calendar,
    Hours,
    calendar_of,
    local_date,
    next_close,
    next_open,
    open_intervals,
    openings_of,
)
from router.core.model import SECOND

_DAY: Final = timedelta(days=1)


def elapsed(hours: Hours, start: int, end: int) -> int:
    """Open nanoseconds within [start, end); 0 when end <= start."""
    return sum(stop - begin for begin, stop in open_intervals(hours, start, end))


def add(hours: Hours, start: int, span: int) -> int | None:
    """The first instant at which `span` open nanoseconds have passed since `start`.

    Shape: the inverse of `elapsed`; `start` itself for a span of 0 or less, the closing time where
        the span is used up exactly at closing.
    Errors: None when the hours stay closed for 400 days before the span is used up.
    """
    at, left = start, span
    while left > 0:
        opens = next_open(hours, at)
        if opens is None:
            return None
        closes = next_close(hours, opens)
        at = opens + HORIZON if closes is None else closes
        if left <= at - opens:
            return opens + left
        left -= at - opens
    return at


def add_days(hours: Hours, start: int, days: int) -> int | None:
    """The end of opening on the `days`-th business day after the day of `start`.

    A business day is a local date on which an opening starts; it lasts to the end of its last
    opening, even past midnight. A start outside hours counts as if it came at the next opening.

    Shape: 0 days = the end of the day of `start`; less counts as 0.
    Errors: None when there is no business day within 400 days after the one before.
    """
    return _days_later(calendar_of(hours), start // SECOND, days)


@lru_cache(maxsize=64)  # of busy seconds; hours open and close at whole ones, so it is exact
def _days_later(calendar: Calendar, second: int, days: int) -> int | None:
    hours = calendar.hours
    opens = next_open(hours, second * SECOND)
    if opens is None:
        return None
    day = _business_day_of(hours, opens)
    for _ in range(days):
        later = _business_day_after(hours, day)
        if later is None:
            return None
        day = later
    return openings_of(hours, day)[-1][1]


def _business_day_of(hours: Hours, now: int) -> date:
    """The date on which the opening that holds `now` started; the earlier one if two overlap."""
    today = local_date(hours, now)
    if any(begin <= now < end for begin, end in openings_of(hours, today - _DAY)):
        return today - _DAY
    return today


def _business_day_after(hours: Hours, day: date) -> date | None:
    for ahead in range(1, HORIZON_DAYS + 1):
        later = day + timedelta(days=ahead)
        if openings_of(hours, later):
            return later
    return None
