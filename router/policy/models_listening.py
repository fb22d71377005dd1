"""The shape of `listening` in config/town.yaml: what supervisors may do with calls of agents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.core.model import ListenMode
from router.policy.shape import Shape
from router.policy.values import OneOrMore, Texts


class ListeningShape(Shape):
    """Whether and how supervisors may be in the talks of agents; without it nobody may."""

    modes: Annotated[list[ListenMode], OneOrMore] = Field(
        default=list(ListenMode),
        description="`listen`: heard by nobody; `whisper`: heard by the agent alone; `barge`: heard"
        " by both",
        examples=["[listen, whisper]"],
    )
    shown: bool = Field(
        default=True,
        description="the agent's desk and the item's story say that somebody listens; who can be"
        " heard is shown in any case",
        examples=["true"],
    )
    say: Texts = Field(
        default={},
        description="what every caller hears before the call flow, and whoever is called back after"
        " the greeting; calls that began without it are not listened to. Left out: nothing is said",
        examples=["{en: Calls may be monitored., fr: Les appels peuvent être écoutés.}"],
    )
