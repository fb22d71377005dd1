"""The compiled policy of calls: times to be called back, and what was agreed with departments."""

from __future__ import annotations

import msgspec

from router.core.model import Span


class CallbackWindows(msgspec.Struct, frozen=True, omit_defaults=True):
    """Times of day at which residents may choose to be called back."""

    length: Span  # windows begin at multiples of it on the town's clock
    most: int  # callbacks that one window takes
    days: int  # how many days ahead are offered: 0 = today alone


class Agreement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the town hall does itself about a subject, and what the department does."""

    level: str  # none: hand over at once | partial: inform, note, hand over | full: done here
    department: str  # OutsideContact id; "" = none, of a full one
    link: str  # page that tells agents more; "" = none
    script: dict[str, str]  # language code -> what the agent says and asks; {} = nothing
    hand_over: str = ""  # at_once: rung by itself | by_agent | number: told to the resident
