"""The shape of `callback` in config/queues.yaml: how residents are called back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from router.policy.shape import Shape
from router.policy.values import Seconds, SomeCount, SomeSeconds


class CallbackWindowsShape(Shape):
    """Times of day at which callers may choose to be called back."""

    length_min: int = Field(
        default=120,
        ge=30,
        le=240,
        multiple_of=30,
        description="minutes of one window; windows begin at multiples of it, by the clock, and lie"
        " whole within `hours`",
        examples=["120"],
    )
    callbacks_max: SomeCount = Field(
        default=4, description="most callbacks that one window takes", examples=["4"]
    )
    days_ahead: int = Field(
        default=1,
        ge=0,
        le=6,
        description="0: today alone; 1: tomorrow, too; 3: from Friday evening to Monday",
        examples=["3"],
    )


class CallbackShape(Shape):
    """How residents are called back."""

    offer_after_s: Seconds = Field(
        default=120,
        description="seconds of waiting after which a caller is offered a callback",
        examples=["120"],
    )
    attempts_max: int = Field(
        default=3, ge=1, le=10, description="most attempts when nobody answers", examples=["3"]
    )
    retry_after_s: SomeSeconds = Field(
        default=900, description="seconds between two attempts", examples=["900"]
    )
    expires_after_h: SomeCount = Field(
        default=24,
        description="hours from booking after which it becomes a message to be answered",
        examples=["24"],
    )
    hours: str = Field(
        description="opening hours in which residents may be rung", examples=["town_hall"]
    )
    ring_timeout_s: int = Field(
        default=25,
        ge=1,
        le=120,
        description="seconds for which the resident's telephone rings",
        examples=["25"],
    )
    first: Literal["agent", "resident"] = Field(
        default="agent",
        description="who is rung first. `agent`: the resident is rung when an agent is on the line."
        " `resident`: an agent is reserved, the resident is rung, hears who calls and presses 1,"
        " then the agent's telephone rings: no agent listens to ringing",
        examples=["resident"],
    )
    answering_machine: Literal["count", "try_again", "leave_message"] = Field(
        default="count",
        description="when a machine answers. `count`: an attempt like no answer; `try_again`: later"
        " again, without counting; `leave_message`: it hears the text `callback_message`, and the"
        " callback becomes a message that a person sees",
        examples=["leave_message"],
    )
    windows: CallbackWindowsShape | None = Field(
        default=None,
        description="callers may choose when to be called back; without it: when their turn comes",
        examples=["{length_min: 120, callbacks_max: 4}"],
    )
