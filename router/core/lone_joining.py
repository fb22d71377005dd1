"""A resident who rings again about what people on call are being rung about: one walk, not two."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from router.core import events as e
from router.core.callbacks import closed
from router.core.model import ENDED, Instant, LegResult, OfferEnding
from router.core.offers import end_offers
from router.core.on_call import open_attempt, place_in
from router.core.records import Item
from router.core.records_town import LoneWalk
from router.core.state import State
from router.core.wishes import end_leg

SAME_CALL: Final = "joined"


def is_walked(row: LoneWalk | None) -> bool:
    """Say whether people are still rung about it, or about to be."""
    return row is not None and not row.result


def others_of(s: State, item: Item, rule: str) -> Iterator[Item]:
    """Yield what the same resident has reported by the same rule and subject, and is open."""
    for other_id in list(s.index.by_address.get(item.address_key, ())) if item.address_key else ():
        other, row = s.items[other_id], s.on_call.get(other_id)
        about = row is not None and row.rule == rule and other.subject == item.subject
        if about and other_id != item.id and other.state not in ENDED:
            yield other


def take_over(
    s: State, now: Instant, item: Item, rule: str, order: tuple[str, ...]
) -> Generator[e.Event, None, int]:
    """End the lone walks of the same resident by this rule; return where this call goes on.

    Shape: the index before the contact who is rung now; -1 when nobody was.
    """
    after = -1
    for other in others_of(s, item, rule):
        row, told = s.walks.get(other.id), open_attempt(s, other.id)
        if row is None or not is_walked(row):
            continue
        if told is not None:
            place = place_in(s, other.id, order, row.index)
            after = place - 1 if place >= 0 else after
            result = LegResult.NO_ANSWER
            yield e.OutsideTried(at=now, item=other.id, contact=told.contact, result=result)
        if row.call_id:
            yield end_leg(s, now, other, row.call_id)
        yield e.LoneWalkEnded(at=now, item=other.id, result=SAME_CALL, into=item.id)
        yield from end_offers(s, now, other, OfferEnding.WITHDRAWN, "the resident rang again")
        yield closed(s, now, other.id, "merged")
    return after
