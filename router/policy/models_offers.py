"""The shape of what queues say about offers: how many agents are asked at once."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

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
