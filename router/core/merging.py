"""Items about the same matter: which may go into which, and what follows for the other.

A merged item has ended and stays beside the one it went into for as long as that one does: what
its resident writes goes there, and the answers from there go to its resident, too. The one that is
left has one clock: the earliest of what was promised to any of them. `parting` takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands_text as c
from router.core import events as e
from router.core.arrivals import open_item
from router.core.callbacks import closed
from router.core.correspondence import WRITTEN
from router.core.model import ENDED, IN_LINE, Form, Instant, ItemState, OfferEnding, Tempo
from router.core.offers import end_offers
from router.core.ranking import put_at
from router.core.records import Item
from router.core.relations import earliest, has_conversation, is_merged, owed_since, takes_place
from router.core.service_level import local_day
from router.core.state import State
from router.core.text_level import THEIR_TURN
from router.core.threads import wake
from router.errors import NotAllowed, NotNow

Events = Iterator[e.Event]

_AT_REST: Final = IN_LINE | {ItemState.DEFERRED}


def merge(s: State, now: Instant, c_: c.MergeItems) -> Events:
    """The item is about the same as another and ends; what was said of it goes on there.

    A call that is over stays as it ended: it becomes one more contact of the other.

    Raises:
        NotNow: one of them cannot be merged as it stands; the text says what to do first.
        NotAllowed: somebody else has the item in hand.
    """
    item, into = open_item(s, c_.item_id), open_item(s, c_.into)
    if item.id == into.id:
        raise NotNow(f"item {item.id!r} cannot be merged into itself")
    if refusal := why_not_merged(item) or _why_not_into(into):
        raise NotNow(refusal)
    if item.agent is not None and item.agent != c_.by and item.state not in ENDED:
        raise NotAllowed(f"item {item.id!r} is with {item.agent}")
    why = f"item {item.id} was merged into it"
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, "merged")
    sleeps = into.text.waiting_for if into.text is not None else ""
    if sleeps and owed_since(item) is None:
        sleeps = ""  # it sleeps on
    elif sleeps:
        yield from wake(s, now, into, why)
    yield e.ItemMerged(
        at=now,
        item=item.id,
        into=into.id,
        by=c_.by,
        due_at=_earlier(item, s.items[into.id]),
        day=local_day(s, now),
        slept_for=sleeps,
        slept_until=into.deferred_until if sleeps else None,
    )
    if item.state not in ENDED:
        yield closed(s, now, item.id, "merged")
        yield from _moved_up(s, now, s.items[into.id], item, why)


def why_not_merged(item: Item) -> str:
    """Return why the item cannot go into another now, and what to do first; "" when it can."""
    over = item.state in ENDED and item.state is not ItemState.SHUNTED
    if over and not has_conversation(item) and not is_merged(item):
        return ""
    return _why_not(item, "only open work, and calls that are over, are merged")


def _why_not_into(item: Item) -> str:
    return _why_not(item, "reopen it first, or merge it into the other one")


def _why_not(item: Item, if_over: str) -> str:
    named = f"item {item.id!r}"
    if item.text is not None and item.text.merged_into is not None:
        return f"{named} is part of {item.text.merged_into!r}: take that merge back first"
    if item.state is ItemState.SHUNTED:
        return f"{named} is set aside: release it first"
    if item.state in ENDED:
        return f"{named} is {item.state}: {if_over}"
    if item.state is ItemState.WRAP_UP:
        return f"{named} is in wrap-up: close it with its code first"
    if item.form in WRITTEN or (item.form is Form.CALLBACK and item.state in _AT_REST):
        return ""
    return f"{named} is a {item.form} with somebody on the line: end the call first"


def _earlier(item: Item, into: Item) -> Instant | None:
    """Return when the first response of both is due; None: as it was.

    What is over has no claim any more, and a clock that stands has none yet. Where somebody waits
    there and then (a chat, a callback) nothing later is promised.
    """
    if into.tempo is not Tempo.SLOW_TEXT:
        return None
    stands = item.text is not None and item.text.waiting_for in THEIR_TURN
    claims = not stands and item.state not in ENDED
    return earliest([into.due_at, item.due_at] if claims else [into.due_at])


def _moved_up(s: State, now: Instant, into: Item, item: Item, why: str) -> Events:
    """What is asked there now does not wait longer than it would have by itself."""
    if takes_place(item, into):
        yield put_at(now, into, item.urgency_at, why)
