"""Facts about promises of a wait: what came true of them."""

from __future__ import annotations

from router.core.event_base import Event
from router.core.model import ItemId, QueueId, Span


class EstimateMet(Event, frozen=True, tag="estimate-met"):
    """An agent answered who had been told how long it would take: what was said, what was."""

    item: ItemId
    queue: QueueId
    day: str  # in the town, of the answer
    low: Span  # first promise of the entry
    high: Span
    waited: Span  # since then
