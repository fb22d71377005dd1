"""The same resident again: one place in line, never two.

A callback that waits is merged into the new contact; a caller who hung up shortly before gets the
old place back. Source: FreeSWITCH's abandoned-resume, extended to callbacks.
"""

from __future__ import annotations

from collections.abc import Generator

from router.core import events as e
from router.core.callbacks import WAITING, closed
from router.core.model import Form, Instant, ItemState, OfferEnding, QueueId
from router.core.offers import end_offers
from router.core.records import Item
from router.core.state import State

Place = Generator[e.Event, None, Instant]


def old_place(s: State, now: Instant, item: Item, queue: QueueId) -> Place:
    """Return the first-entry time of a call: that of an earlier contact when there is one."""
    first = item.first_queued_at if item.first_queued_at is not None else now
    first = yield from merge(s, now, item, item.address_key, queue, first)
    for other_id in list(s.index.by_address.get(item.address_key, ())):
        other = s.items[other_id]
        if (
            other.state is ItemState.ABANDONED
            and other.form is Form.CALL
            and other.queue == queue
            and other.first_queued_at is not None
            and other.ended_at is not None
            and now - other.ended_at <= s.policy.retention.redial
        ):
            first = min(first, other.first_queued_at)
    return first


def merge(
    s: State, now: Instant, item: Item, address_key: str, queue: QueueId, first: Instant
) -> Place:
    """End the callbacks that the same resident has waiting; return the earliest first entry."""
    for other_id in list(s.index.by_address.get(address_key, ())):
        other = s.items[other_id]
        if other_id == item.id or other.queue != queue or other.form is not Form.CALLBACK:
            continue
        if other.state not in WAITING or other.first_queued_at is None:
            continue
        yield from end_offers(s, now, other, OfferEnding.WITHDRAWN, "the resident rang again")
        yield e.CallbackMerged(at=now, item=other_id, into=item.id)
        yield closed(s, now, other_id, "merged")
        first = min(first, other.first_queued_at)
    return first
