"""The shape of `services` in config/hours.yaml: for each instant, who answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.policy.shape import Shape
from router.policy.values import Name, OneOrMore


class LayerShape(Shape):
    """Who answers, and when."""

    layer: Name = Field(
        description="who: a name for the exits of `service` nodes", examples=["centre"]
    )
    hours: Annotated[list[str], OneOrMore] = Field(
        min_length=1,
        description="answers while any of these opening hours is open",
        examples=["[early, evening]"],
    )
