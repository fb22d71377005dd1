"""The shape of `surge` in config/fallback.yaml: what holds while far too many people call."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from router.core.model import HOUR
from router.policy.shape import Shape
from router.policy.spans import SpanText
from router.policy.values import Count, OneOrMore, Seconds, Texts, wrong


class SurgeShape(Shape):
    """Content of the one switch: `townline surge on`, or so many who wait."""

    say: Texts = Field(
        default={},
        description="what every caller hears first, and others read unless there is `write`",
        examples=["{en: Plows are out., fr: Les charrues sont sorties.}"],
    )
    write: Texts = Field(
        default={},
        description="shown instead of `say` in the chat, on the pages of forms and in"
        " acknowledgements of mail, with the end of the surge; left out: `say`",
        examples=["{en: What is known is on our page., fr: Voyez notre page.}"],
    )
    first: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="queues that go before all others; callers and chats for every other queue"
        " follow its fallback `surge`, if it names one",
        examples=["[roads, animals]"],
    )
    head_start_s: Seconds = Field(
        default=1800,
        description="seconds of head start for what comes to, or waits in, the queues of `first`",
        examples=["1800"],
    )
    lasts_max: SpanText = Field(
        default="24 h",
        validate_default=True,
        description="nobody may switch it on for longer at a time",
        examples=["24 h"],
    )
    begins_when_waiting: Count = Field(
        default=0,
        description="it begins by itself when so many callers and chats wait in all queues"
        " together; 0 = only by hand",
        examples=["60"],
    )
    lasts: SpanText = Field(
        default="2 h",
        validate_default=True,
        description="for how long it lasts when it has begun by itself",
        examples=["2 h"],
    )

    @model_validator(mode="after")
    def _lasts_no_longer_than_it_may(self) -> Self:
        if self.lasts > self.lasts_max:
            most = self.lasts_max / HOUR
            raise wrong(f"`lasts` is longer than `lasts_max`, {most:g} h; make it shorter")
        return self
