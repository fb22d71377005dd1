"""Days, weeks and months of the town."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.reports.periods import DAY, Kind, period_with


@pytest.mark.parametrize(
    ("kind", "day", "first", "last", "name"),
    [
        ("day", "2026-11-18", "2026-11-18", "2026-11-18", "2026-11-18"),
        ("week", "2026-11-18", "2026-11-16", "2026-11-22", "2026-W47"),
        ("week", "2027-01-02", "2026-12-28", "2027-01-03", "2026-W53"),
        ("month", "2028-02-29", "2028-02-01", "2028-02-29", "2028-02"),
        ("month", "2026-12-31", "2026-12-01", "2026-12-31", "2026-12"),
    ],
)
def test_a_period_holds_the_day(kind: str, day: str, first: str, last: str, name: str) -> None:
    period = period_with(Kind(kind), date.fromisoformat(day))
    assert (period.first.isoformat(), period.last.isoformat(), period.name) == (first, last, name)


@given(st.sampled_from(list(Kind)), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_periods_follow_each_other_without_a_gap(kind: Kind, day: date) -> None:
    period = period_with(kind, day)
    assert period.first <= day <= period.last
    assert period_with(kind, period.last) == period
    assert period_with(kind, period.first - DAY).last + DAY == period.first


def test_days_that_have_not_begun_do_not_divide() -> None:
    month = period_with(Kind.MONTH, date(2026, 11, 18))
    assert [month.begun_days(date(2026, 11, day)) for day in (1, 18, 30)] == [1, 18, 30]
    assert (month.begun_days(date(2026, 10, 31)), month.begun_days(date(2027, 5, 1))) == (0, 30)
