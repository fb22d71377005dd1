"""Facts about lone walks: people on call are rung on though the caller has hung up."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import EffectKey, Instant, ItemId


class LoneWalkBegun(Event, frozen=True, tag="lone-walk-begun"):
    """The caller hung up before anybody on call had accepted: the report stays."""

    item: ItemId
    rule: str  # whose list is walked: "!chain/rule"


class LoneWalkRang(Event, frozen=True, tag="lone-walk-rang"):
    """A telephone of the list is rung by a call of our own."""

    item: ItemId
    rule: str
    index: int  # in the order of the day, all rounds together
    key: EffectKey  # of the effect that rings
    due: Instant  # by then something must have been heard


class LoneWalkEnded(Event, frozen=True, tag="lone-walk-ended"):
    """Nobody is rung about it any more."""

    item: ItemId
    result: str  # acknowledged | unanswered | joined | taken
    contact: str = ""  # who acknowledged it
    into: ItemId | None = None  # the call that goes on with it
