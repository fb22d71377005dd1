"""Checks the on-call lists: no two shifts at once, no date on which nobody is on call."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from router.core.hours import HORIZON_DAYS
from router.policy.models_fallback import OnCallShape
from router.policy.sources import Sources

_DAY: Final = timedelta(days=1)


def check_on_call(sources: Sources, today: date) -> None:
    """Complain about shifts that overlap, and about the first date that nobody covers."""
    fallback = sources.fallback
    for name, on_call in fallback.model.on_call.items() if fallback.model is not None else ():
        _check_overlaps(sources, name, on_call)
        gap = _first_gap(on_call, today)
        if gap is not None:
            fallback.document.complain(
                ("on_call", name),
                f"nobody is on call on {gap}: no shift has that date and there is no `otherwise`;"
                " add a shift, or say who is on call otherwise",
                at_key=True,
            )


def _first_gap(on_call: OnCallShape, today: date) -> date | None:
    """Return the first date from today on, within the horizon, on which nobody is on call."""
    if on_call.otherwise:
        return None
    day, end = today, today + timedelta(days=HORIZON_DAYS)
    for shift in sorted(on_call.shifts, key=lambda each: each.first):
        if shift.first > day:
            break
        day = max(day, shift.last + _DAY)
    return day if day < end else None


def _check_overlaps(sources: Sources, name: str, on_call: OnCallShape) -> None:
    taken: list[tuple[date, date]] = []
    for index, shift in enumerate(on_call.shifts):
        for first, last in taken:
            if shift.first <= last and first <= shift.last:
                message = f"overlaps the shift from {first} to {last}; change one of them"
                sources.fallback.document.complain(("on_call", name, "shifts", index), message)
        taken.append((shift.first, shift.last))
