"""Days, weeks and months of the town; no clock, no database."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from router.reports.choices import By

DAY = timedelta(1)


class Kind(StrEnum):
    """How long a report's period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Period(NamedTuple):
    """From the first to the last day, both included."""

    kind: Kind
    first: date
    last: date

    @property
    def name(self) -> str:
        """Return how it is written: 2026-11-18, 2026-W47 or 2026-11."""
        if self.kind is Kind.WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02}"
        return self.first.isoformat()[: 7 if self.kind is Kind.MONTH else 10]

    def begun_days(self, today: date) -> int:
        """Return how many of its days have begun."""
        return max(0, (min(self.last, today) - self.first).days + 1)


def may_be_by(kind: Kind, by: By) -> bool:
    """Return whether there is such a report: hours are told of a single day."""
    return by is not By.HOUR or kind is Kind.DAY


def period_with(kind: Kind, day: date) -> Period:
    """Return the period that holds the day; weeks begin on Monday."""
    if kind is Kind.DAY:
        return Period(kind, day, day)
    if kind is Kind.WEEK:
        first = day - day.weekday() * DAY
        return Period(kind, first, first + 6 * DAY)
    first = day.replace(day=1)
    next_month = (first + 31 * DAY).replace(day=1)
    return Period(kind, first, next_month - DAY)
