"""The shape of config/announcements.yaml: front messages and what waiting callers hear."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from router.policy.shape import Shape
from router.policy.telephones import Number
from router.policy.values import LocalMoment, Name, OneOrMore, Seconds, Texts, wrong


class FrontMessageShape(Shape):
    """A message that every caller hears first, until it expires."""

    id: Name = Field(description="name of the message", examples=["ice_storm"])
    text: Texts = Field(
        description="what is said", examples=["{en: Plows are out., fr: Les charrues passent.}"]
    )
    first: LocalMoment = Field(
        description="from when it is heard, local time", examples=["2026-12-24 06:00"]
    )
    until: LocalMoment = Field(
        description="until when it is heard, local time", examples=["2026-12-24 18:00"]
    )
    numbers: Annotated[list[Number], OneOrMore] = Field(
        default=[],
        description="called numbers on which it is heard; none = all",
        examples=["[+1 905 555 0100]"],
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until <= self.first:
            raise wrong(f"ends at {self.until:%Y-%m-%d %H:%M}, before it begins; swap them")
        return self


class WaitingShape(Shape):
    """What a waiting caller hears, and how often."""

    first_after_s: Seconds = Field(
        default=10, description="seconds of waiting before the first announcement", examples=["10"]
    )
    every_s: int = Field(
        default=60, ge=10, le=3600, description="seconds between two announcements", examples=["60"]
    )
    say_place: bool = Field(default=True, description="say the place in line?", examples=["true"])
    say_wait: bool = Field(
        default=True, description="say how long it will probably take?", examples=["true"]
    )
    music: str = Field(
        default="",
        pattern="^$|^https?://",
        description="address of the music between announcements; empty = silence",
        examples=["https://media.example.org/hold.mp3"],
    )
    texts: dict[Name, Texts] = Field(
        default={},
        description="sentences other than those of town.yaml: place, wait_range, wait_short,"
        " wait_unknown, wait_risen, callback_offer",
        examples=["place: {en: You are number {place}., fr: Vous êtes au rang {place}.}"],
    )


class AnnouncementsFile(Shape):
    """config/announcements.yaml."""

    front_messages: list[FrontMessageShape] = Field(
        default=[], description="messages that every caller hears first, until they expire"
    )
    waiting: dict[Name, WaitingShape] = Field(
        min_length=1, description="named sets of what waiting callers hear"
    )
