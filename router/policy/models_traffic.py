"""The shape of config/traffic.yaml: what comes on ordinary days, and who is there.

The file models; it is not policy. Only `townline check`, `simulate` and `staff` read it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from router.core.model import Channel
from router.policy.clock_times import OpenTimes, Weekdays, read_minute
from router.policy.shape import Shape
from router.policy.values import (
    LocalDate,
    Name,
    OneOrMore,
    Share,
    SomeSeconds,
    Text,
    converter,
    wrong,
)

Minute = Annotated[
    int,
    *converter(
        read_minute, "write a time of day, for example 08:15", {"type": "string", "x-kind": "time"}
    ),
]
Weight = Annotated[float, Field(ge=0, le=1_000_000)]


class Spread(StrEnum):
    """How times are spread around their mean."""

    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"


class TimesShape(Shape):
    """How long something takes, by chance."""

    mean_s: SomeSeconds = Field(description="mean in seconds", examples=["240"])
    spread: Spread = Field(
        default=Spread.LOGNORMAL,
        description="`exponential`, or `lognormal` with `deviation`",
        examples=["lognormal"],
    )
    deviation: float = Field(
        default=0.8,
        gt=0,
        le=5,
        description="with `lognormal`: standard deviation as a multiple of the mean",
        examples=["0.8"],
    )


class ContactsShape(Shape):
    """One kind of contacts: they come through one door and wait for one queue."""

    queue: Name = Field(description="queue of queues.yaml", examples=["roads"])
    channel: Channel = Field(description="the door they come through", examples=["voice"])
    a_day: dict[Weekdays, Weight] = Field(
        min_length=1,
        description="weekdays -> how many come on such a day, on average. Calls and chats come on"
        " days on which the queue is open; mail and forms on every day that is named",
        examples=["mon-fri: 120"],
    )
    profile: str = Field(
        default="",
        description="how the day's contacts are spread over it, one of `profiles`; without it"
        " evenly: calls and chats over the opening hours, mail and forms over the whole day",
        examples=["telephone"],
    )
    languages: dict[str, Share] = Field(
        default={},
        description="language -> share; without it all speak the town's first language",
        examples=["{en: 0.9, fr: 0.1}"],
    )
    handling: TimesShape = Field(
        description="how long an agent works on one who does nothing beside it, notes included",
        examples=["{mean_s: 240}"],
    )
    patience: TimesShape | None = Field(
        default=None,
        description="how long callers and chatters wait before they give up; without it they wait"
        " as long as the queue lets them",
        examples=["{mean_s: 300, spread: exponential}"],
    )
    attention: Share = Field(
        default=1.0,
        description="share of an agent's attention that it takes while it is worked on; of a chat"
        " less than 1, because the resident writes, too",
        examples=["0.5"],
    )


class StaffShiftShape(Shape):
    """People who work at the same times."""

    agents: Annotated[list[Name], OneOrMore] = Field(
        min_length=1, description="agents of skills.yaml", examples=["[amara, benoit]"]
    )
    days: Weekdays = Field(description="weekdays", examples=["mon-fri"])
    work: OpenTimes = Field(description="times at work", examples=["08:00-16:00"])
    breaks: OpenTimes = Field(
        default=(),
        description="times in which they take nothing; what is in hand goes on",
        examples=["10:00-10:15, 12:00-12:30"],
    )


class StaffingShape(Shape):
    """From hours at the desk to people employed."""

    hours_a_year: int = Field(
        default=1750,
        ge=1,
        le=3000,
        description="hours that one full-time person works in a year",
        examples=["1750"],
    )
    shrinkage: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="share of paid time that is not spent at the desk: holidays, illness,"
        " training, meetings",
        examples=["0.30"],
    )


class YearlyWorkShape(Shape):
    """Work that the centre is to take over, by the year."""

    name: Text = Field(description="what it is", examples=["Marriage licences"])
    volume: Annotated[float, Field(ge=0)] = Field(
        description="how often in a year", examples=["520"]
    )
    hours_each: Annotated[float, Field(ge=0)] = Field(
        description="hours of work each time", examples=["0.25"]
    )


class TrafficFile(Shape):
    """config/traffic.yaml."""

    first_day: LocalDate = Field(
        default=date(2026, 11, 23), description="the first day simulated", examples=["2026-11-23"]
    )
    profiles: dict[Name, dict[Minute, Weight]] = Field(
        default={},
        description="name -> time of day -> how much comes from then on, relative to other times",
        examples=["telephone: {08:00: 4, 10:00: 7, 12:00: 5, 18:00: 0}"],
    )
    contacts: dict[Name, ContactsShape] = Field(
        min_length=1,
        description="kinds of contacts",
        examples=["road_calls: {queue: roads, channel: voice, ...}"],
    )
    shifts: list[StaffShiftShape] = Field(
        min_length=1,
        description="who is there, on days on which any queue is open",
        examples=["- {agents: [amara], days: mon-fri, work: 08:00-16:00}"],
    )
    no_shows: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of shifts on which an agent does not appear",
        examples=["0.03"],
    )
    staffing: StaffingShape = Field(
        default=StaffingShape(), description="from hours at the desk to people employed"
    )
    yearly_work: list[YearlyWorkShape] = Field(
        default=[],
        description="work that is not contacts, counted by the year in `townline staff`",
        examples=["- {name: Marriage licences, volume: 520, hours_each: 0.25}"],
    )

    @model_validator(mode="after")
    def _profiles_are_something(self) -> Self:
        for name, weights in self.profiles.items():
            if not any(weights.values()):
                raise wrong(f"profile {name!r} has no weight above 0; nothing would come")
        return self
