"""Facts about who answers when the town cannot: people on call."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import ItemId


class OnCallTold(Event, frozen=True, tag="on-call-told"):
    """Somebody on call is rung, or was sent a mail, about an item; `OutsideTried` ends it."""

    item: ItemId
    contact: str
    way: str  # call | mail
    round: int  # 1 = the first time through the list
    rule: str  # by which they are told: "!chain/rule", or a node
