"""The shape of config/hours.yaml: weekly hours, holidays and other dates."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.core.hours import Range
from router.policy.clock_times import WEEKDAYS, OpenTimes, Weekdays, read_ranges
from router.policy.models_layers import LayerShape
from router.policy.shape import Shape
from router.policy.values import LocalDate, Name, Text, converter, wrong

HolidayTimes = tuple[Range, ...] | Literal["as_usual"]


def _holiday_times(text: str) -> HolidayTimes:
    return "as_usual" if text == "as_usual" else read_ranges(text)


OnHolidays = Annotated[
    HolidayTimes,
    *converter(
        _holiday_times, "write closed, as_usual, or times such as 10:00-14:00", {"type": "string"}
    ),
]


class HolidaysShape(Shape):
    """Which days are holidays. The statutory ones are computed; the town adds and removes."""

    country: str = Field(
        default="CA", pattern="^[A-Z]{2}$", description="ISO country code", examples=["CA"]
    )
    province: str = Field(
        default="ON", pattern="^[A-Z]{2}$", description="province or territory", examples=["ON"]
    )
    years_ahead: int = Field(
        default=5,
        ge=1,
        le=20,
        description="years for which holidays are computed, beginning with the previous one",
        examples=["5"],
    )
    added: dict[LocalDate, Text] = Field(
        default={},
        description="further holidays, date -> name",
        examples=["2026-08-03: Civic Holiday"],
    )
    removed: list[LocalDate] = Field(
        default=[],
        description="statutory holidays on which the town works as usual",
        examples=["2026-12-28"],
    )


class DatesShape(Shape):
    """Other hours on one date or several."""

    date: LocalDate | None = Field(
        default=None, description="the date, if it is one", examples=["2026-12-24"]
    )
    first: LocalDate | None = Field(
        default=None, description="first date, if there are several", examples=["2026-12-28"]
    )
    last: LocalDate | None = Field(
        default=None, description="last date, included", examples=["2026-12-31"]
    )
    open: OpenTimes = Field(
        description="when it is open on these dates, or `closed`", examples=["08:00-12:00"]
    )
    reason: Text = Field(
        description="why, shown to agents and in explanations", examples=["Christmas Eve"]
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.date is None) == (self.first is None) or (self.first is None) != (
            self.last is None
        ):
            raise wrong("give either `date`, or `first` and `last`")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise wrong(f"ends on {self.last}, before it begins on {self.first}; swap them")
        return self


class HoursShape(Shape):
    """The opening hours of one place or line."""

    weekly: dict[Weekdays, OpenTimes] = Field(
        description="weekdays -> times; a weekday that is not named is closed",
        examples=["mon-fri: 08:00-18:00"],
    )
    on_holidays: OnHolidays = Field(
        default=(),
        description="`closed`, `as_usual`, or times that hold on every holiday",
        examples=["10:00-14:00"],
    )
    dates: list[DatesShape] = Field(
        default=[],
        description="other hours on single dates; they win over holidays and weekdays",
        examples=["- {date: 2026-12-24, open: 08:00-12:00, reason: Christmas Eve}"],
    )

    @model_validator(mode="after")
    def _each_day_once(self) -> Self:
        seen: dict[int, tuple[int, ...]] = {}
        for days in self.weekly:
            for day in days:
                if day in seen:
                    raise wrong(
                        f"weekly names {WEEKDAYS[day]} twice, so its hours overlap; name it once"
                    )
                seen[day] = days
        ranges = {day: self.weekly[days] for day, days in seen.items()}
        for day, today in ranges.items():
            late = max((each.end for each in today), default=0) - 1440
            early = min((each.start for each in ranges.get((day + 1) % 7, ())), default=1440)
            if late > early:
                raise wrong(
                    f"weekly: {WEEKDAYS[day]} runs past midnight into the hours of"
                    f" {WEEKDAYS[(day + 1) % 7]}, so they overlap; end it earlier"
                )
        return self


class HoursFile(Shape):
    """config/hours.yaml."""

    holidays: HolidaysShape = Field(default=HolidaysShape(), description="which days are holidays")
    hours: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], HoursShape] = Field(
        min_length=1,
        description="named opening hours",
        examples=["town_hall: {weekly: {mon-fri: 08:00-18:00}}"],
    )
    services: dict[Name, Annotated[list[LayerShape], Field(min_length=1)]] = Field(
        default={},
        description="for each instant, who answers: at every instant exactly one layer's hours must"
        " be open; `service` nodes of flows ask here",
        examples=["line: [{layer: centre, hours: day}, {layer: third_party, hours: night}]"],
    )
