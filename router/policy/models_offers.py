"""The shape of what queues say about offers: how many agents are asked at once."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from router.core.model import Tempo
from router.policy.shape import Shape
from router.policy.values import OneOrMore, Seconds, Shorthand

AGENTS_MAX: Final = 10


class OfferToShape(Shape):
    """From some waiting on, so many agents are asked at once."""

    after_s: Seconds = Field(
        default=0, description="seconds since the item was first queued", examples=["60"]
    )
    agents: int = Field(
        ge=1,
        le=AGENTS_MAX,
        description="agents who are asked at once; the first who accepts has it",
        examples=["3"],
    )


OfferTo = Annotated[list[Annotated[OfferToShape, Shorthand("agents")]], OneOrMore]


class MinimumShape(Shape):
    """So many of one kind of channel are begun within a time while some wait."""

    tempo: Tempo = Field(description="the kind of channel", examples=["slow_text"])
    at_least: int = Field(
        ge=1,
        le=1000,
        description="so many are offered within the time while some wait, also before what is more"
        " urgent",
        examples=["4"],
    )
    within_min: int = Field(
        default=60, ge=5, le=1440, description="the time, in minutes", examples=["60"]
    )
    queues: list[str] = Field(
        default=[],
        description="counted over these queues together; not named: all",
        examples=["[tax]"],
    )
