"""Compiles hours.yaml: holidays become dates, weekdays become seven entries."""

from __future__ import annotations

from datetime import date

from router.core.hours import Hours, Override
from router.core.policy_layers import Layer
from router.policy.holiday_dates import holiday_dates
from router.policy.models_hours import DatesShape, HoursFile, HoursShape
from router.policy.models_layers import LayerShape


def compile_hours(id_: str, shape: HoursShape, time_zone: str, holidays: dict[date, str]) -> Hours:
    """Return the hours of one place, with every holiday expanded to its date."""
    weekly = [next((r for days, r in shape.weekly.items() if day in days), ()) for day in range(7)]
    overrides = [_override(each) for each in shape.dates]
    closed: dict[str, str] = {}
    if shape.on_holidays == ():
        closed = {day.isoformat(): name for day, name in holidays.items()}
    elif isinstance(shape.on_holidays, tuple):
        for day, name in holidays.items():
            written = day.isoformat()
            if not any(each.first <= written <= each.last for each in overrides):
                overrides.append(Override(written, written, shape.on_holidays, name))
    return Hours(id_, time_zone, tuple(weekly), closed, tuple(overrides))


def compile_all_hours(
    file: HoursFile, time_zone: str, today: date, language: str
) -> dict[str, Hours]:
    """Return all hours of the file by their names; holidays are called by that language.

    Errors: NotImplementedError for a calendar that the library does not know.
    """
    holidays = holiday_dates(file.holidays, today, language)
    return {
        id_: compile_hours(id_, shape, time_zone, holidays) for id_, shape in file.hours.items()
    }


def compile_layers(layers: list[LayerShape]) -> tuple[Layer, ...]:
    """Return the layers of one service, in order."""
    return tuple(Layer(each.layer, tuple(each.hours)) for each in layers)


def _override(shape: DatesShape) -> Override:
    first = shape.date or shape.first
    last = shape.date or shape.last
    if first is None or last is None:
        raise AssertionError(shape)  # the model demands one or the other
    return Override(first.isoformat(), last.isoformat(), shape.open, shape.reason)
