"""The shape of a queue's steps, and of the conditions on which they may depend."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from router.core.model import Condition
from router.core.policy_waiting import Scope
from router.policy.shape import Shape
from router.policy.values import OneOrMore, Requirement, Seconds, Share, SomeSeconds, wrong

ACTIONS: Final = (
    "requires",
    "or_requires",
    "or_agents_of",
    "head_start_s",
    "offer_callback",
    "fallback",
)


class AtRiskShape(Shape):
    """The first in line has waited for much of what was promised; or, of calls, it is foreseen."""

    enter: Share = Field(
        default=0.8,
        description="at risk from this share on: of `answer_within_s` for calls, of that of `chat`"
        " for chats, of the open time to the first answer for mail, forms and messages",
        examples=["0.8"],
    )
    leave: Share = Field(
        default=0.5,
        description="not at risk any more below this share, or when nobody of that kind waits",
        examples=["0.5"],
    )
    forecast: Scope | None = Field(
        default=None,
        description="calls not by `enter` and `leave`, which hold for chats and texts alone then,"
        " but by the share that will be reached, by"
        " the queue's formula, if those who wait are answered at their expected wait; `interval`"
        " looks at the calls that began in the present quarter of an hour, `day` at those of today",
        examples=["interval"],
    )
    below: Share | None = Field(
        default=None,
        description="with `forecast`: at risk once less than this share is foreseen; said nowhere:"
        " the `share` that is promised",
        examples=["0.7"],
    )
    until: Share | None = Field(
        default=None,
        description="with `forecast`: not at risk any more from this share on, or once the quarter"
        " of an hour (the day) is over and no caller waits; said nowhere: half way from `below`"
        " to 1",
        examples=["0.85"],
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        said = self.model_fields_set
        if self.forecast is None and said & {"below", "until"}:
            raise wrong(
                "`below` and `until` are shares of a forecast; write for example"
                " {forecast: interval, below: 0.7}, or {enter: 0.8, leave: 0.5}"
            )
        if self.until is not None and (self.below is None or self.until <= self.below):
            raise wrong(
                f"a forecast that ends at {self.until} must begin below that; write `below`, too,"
                " for example {forecast: interval, below: 0.7, until: 0.85}"
            )
        if self.leave >= self.enter:
            raise wrong(
                f"ends at {self.leave}, which is not below its beginning at {self.enter}; the queue"
                " would change with every call: write for example {enter: 0.8, leave: 0.5}"
            )
        return self


class LongWaitShape(Shape):
    """Who came now would have to wait for so long, as far as can be foreseen."""

    enter_s: SomeSeconds = Field(
        description="long from so many seconds of expected wait on", examples=["300"]
    )
    leave_s: SomeSeconds = Field(
        description="not long any more below so many seconds", examples=["200"]
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.leave_s >= self.enter_s:
            raise wrong(
                f"ends at {self.leave_s} s, which is not below its beginning at {self.enter_s} s;"
                f" write for example leave_s: {max(1, self.enter_s * 2 // 3)}"
            )
        return self


class StepCondition(StrEnum):
    """What a step may wait for; the value is that of `Condition`."""

    AT_RISK = Condition.AT_RISK.value
    LONG_WAIT = Condition.LONG_WAIT.value


class StepShape(Shape):
    """After some waiting, or in some condition, something else holds."""

    after_s: SomeSeconds | None = Field(
        default=None,
        description="seconds since the item was first queued; left out, with a condition: as soon"
        " as the step before",
        examples=["60"],
    )
    when: StepCondition | None = Field(
        default=None,
        description="once the queue is in this condition, for calls, chats and texts each by their"
        " own (`long_wait` is not measured for texts); who waited meanwhile keeps the step when the"
        " condition ends",
        examples=["at_risk"],
    )
    while_: StepCondition | None = Field(
        default=None,
        alias="while",
        description="the same, but the step ends with the condition",
        examples=["long_wait"],
    )
    requires: Requirement | None = Field(
        default=None,
        description="from then on this is needed, instead of what was needed before",
        examples=["general and $language"],
    )
    or_requires: Requirement | None = Field(
        default=None,
        description="who meets this may take it, too",
        examples=["general >= 5 and $language"],
    )
    or_agents_of: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="who could take what these queues ask for at first may take it, too",
        examples=["[general]"],
    )
    head_start_s: Seconds = Field(
        default=0,
        description="it ranks as if it had come so many seconds earlier",
        examples=["60"],
    )
    offer_callback: bool = Field(
        default=False,
        description="callers are offered a callback, before `offer_after_s` of `callback`",
        examples=["true"],
    )
    fallback: str = Field(
        default="",
        description="callers and chats go along this chain of fallback.yaml; needs `after_s`",
        examples=["waited_too_long"],
    )

    @property
    def condition(self) -> Condition | None:
        """The condition on which the step depends."""
        named = self.when if self.while_ is None else self.while_
        return None if named is None else Condition(named.value)

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.when is not None and self.while_ is not None:
            raise wrong("has `when` and `while`; keep one: what came by `while` ends with it")
        if self.condition is None and self.after_s is None:
            raise wrong("says neither `after_s` nor `when`; write for example after_s: 60")
        if not any(getattr(self, action) for action in ACTIONS):
            raise wrong(f"does nothing; give one of {', '.join(ACTIONS)}")
        if self.fallback and self.after_s is None:
            raise wrong(
                "sends callers away at once; give `after_s`, too, or name the chain for who comes"
                f" under `fallback` of the queue: {self.condition}: {self.fallback}"
            )
        return self
