"""The shape of `turns` in config/queues.yaml: what goes on in proportion when an agent is free."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from router.core.model import Tempo
from router.policy.shape import Shape
from router.policy.values import Name


class TurnPartShape(Shape):
    """Some of what waits: in these queues, through this kind of channel."""

    queues: list[str] = Field(
        default=[], description="what waits in these queues; not named: all", examples=["[tax]"]
    )
    tempo: Tempo | None = Field(
        default=None,
        description="what waits through this kind of channel; not named: all",
        examples=["slow_text"],
    )
    weight: int = Field(
        ge=1,
        le=1000,
        description="the part's proportion is this out of the weights of all parts",
        examples=["3"],
    )


class TurnShape(Shape):
    """Parts of what waits that go on in proportion; what is in none of them goes by rank."""

    of: Literal["waiting", "begun"] = Field(
        description="`waiting`: an agent serves the part that is furthest above its proportion of"
        " all that wait (a fixed ratio of the lines). `begun`: the part that is furthest below its"
        " proportion of all that is offered; what came to nothing does not count",
        examples=["waiting"],
    )
    parts: dict[Name, TurnPartShape] = Field(
        min_length=1,
        description="the parts; nothing may be in two of them. Of equals the first goes on",
        examples=["tax: {queues: [tax], weight: 1}"],
    )
