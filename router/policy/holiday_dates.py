"""Which dates are holidays: the statutory ones of a province, plus and minus the town's own."""

from __future__ import annotations

from datetime import date

from holidays import country_holidays

from router.policy.models_hours import HolidaysShape


def holiday_dates(shape: HolidaysShape, today: date, language: str) -> dict[date, str]:
    """Return date -> name, from the previous year to `years_ahead` later, in order.

    Errors: NotImplementedError when the library knows no such country or province.
    """
    years = range(today.year - 1, today.year + shape.years_ahead + 1)
    known = country_holidays(shape.country, subdiv=shape.province).supported_languages
    fitting = next(
        (each for each in (f"{language}_{shape.country}", language) if each in known), None
    )
    found = country_holidays(shape.country, subdiv=shape.province, years=years, language=fitting)
    dates = {day: name for day, name in found.items() if day not in shape.removed}
    dates.update(shape.added)
    return {day: dates[day] for day in sorted(dates) if day.year in years}
