"""Which dates are holidays: the statutory ones of a province, plus and minus the town's own."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import holidays

from router.policy.models_hours import HolidaysShape


def _spare_the_other_countries() -> None:
    """Let the library import one country instead of all two hundred.

    Its package `holidays.countries` imports every module in it, which takes longer than all the
    rest of loading a policy; a bare package in its place finds the same modules one by one.
    """
    package = ModuleType("holidays.countries")
    package.__path__ = [str(Path(holidays.__file__).parent / "countries")]
    sys.modules.setdefault("holidays.countries", package)


_spare_the_other_countries()


def holiday_dates(shape: HolidaysShape, today: date, language: str) -> dict[date, str]:
    """Return date -> name, from the previous year to `years_ahead` later, in order.

    Errors: NotImplementedError when the library knows no such country or province.
    """
    years = range(today.year - 1, today.year + shape.years_ahead + 1)
    known = holidays.country_holidays(shape.country, subdiv=shape.province).supported_languages
    fitting = next(
        (each for each in (f"{language}_{shape.country}", language) if each in known), None
    )
    found = holidays.country_holidays(
        shape.country, subdiv=shape.province, years=years, language=fitting
    )
    dates = {day: name for day, name in found.items() if day not in shape.removed}
    dates.update(shape.added)
    return {day: dates[day] for day in sorted(dates) if day.year in years}
