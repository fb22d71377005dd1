"""The telephones of the practice line that others may ring, and how each behaves.

A number nobody registered rings until the caller gives up, as most telephones do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from channels.voice.practice.call import Call


class Behaviour(StrEnum):
    """What happens when it rings."""

    ANSWERS = "answers"  # after `after_s`
    BUSY = "busy"
    REJECTS = "rejects"  # after `after_s`; the caller learns "busy"
    NO_ANSWER = "no-answer"
    FAILS = "fails"  # no such number, network trouble
    MACHINE = "machine"  # after `after_s`, an answering machine
    MANUAL = "manual"  # the test or person calls `pick_up` or `refuse` on the ringing call


Script = Callable[["Call"], Awaitable[None]]
"""What the person does once they have answered; ends with the call at the latest."""


class Handset(msgspec.Struct, frozen=True):
    """A telephone that can be rung."""

    behaviour: Behaviour = Behaviour.ANSWERS
    after_s: float = 3
    script: Script | None = None


ABSENT: Final = Handset(behaviour=Behaviour.NO_ANSWER)


def presses(*digits: str) -> Script:
    """Return a script that answers each request for digits with the next of these."""

    async def press(call: Call) -> None:
        for group in digits:
            await call.until(lambda: call.expects == "digits")
            call.press(group)
            await call.until(lambda: call.expects != "digits")

    return press


def says(text: str, seconds: float = 3) -> Script:
    """Return a script that speaks once when something listens: a recording or a speech Gather."""

    async def say(call: Call) -> None:
        await call.until(lambda: call.expects in ("recording", "speech"))
        call.speak(text, seconds=seconds)

    return say


def hangs_up_after(seconds: float) -> Script:
    """Return a script that puts the receiver down so many seconds after answering."""

    async def hang_up(call: Call) -> None:
        await call.rest(seconds)
        call.hang_up()

    return hang_up
