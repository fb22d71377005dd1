"""What a resident may know of a web form's item: found by its number or by its dedupe key; pure."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from router.core.families import work_for
from router.core.model import ENDED, Channel, Instant, ItemId, ItemState
from router.core.policy import Texts
from router.core.records import Item
from router.core.said_on_arrival import said_on_arrival
from router.core.state import State

REFERENCE_LENGTH: Final = 10
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_LETTERS: Final = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_ANSWERED: Final = frozenset({ItemState.HANDLING, ItemState.HELD, ItemState.WRAP_UP}) | ENDED


class Standing(msgspec.Struct, frozen=True):
    """What may be told about an item to whoever knows its number."""

    reference: str
    form: str
    state: ItemState
    received_at: Instant
    due_at: Instant | None  # None: nothing was promised


class Receipt(msgspec.Struct, frozen=True):
    """The answer to a submission, now or when it was sent the first time."""

    reference: str
    standing: Standing | None  # None: the item has ended and the core has let it go
    said: tuple[Texts, ...] = ()  # what the town has to say to who sends it just now


class PastItem(Protocol):
    """An item that the core has let go, as history knows it."""

    @property
    def channel(self) -> str:
        """Return the value of `Channel`."""
        ...

    @property
    def called(self) -> str:
        """Return the form's id."""
        ...

    @property
    def state(self) -> str:
        """Return the value of `ItemState`."""
        ...

    @property
    def received_at(self) -> Instant:
        """Return when it came."""
        ...


def reference_of(typed: str) -> ItemId | None:
    """Return the reference number that was meant: O is 0, I and L are 1, spaces do not count."""
    if len(typed) > 2 * REFERENCE_LENGTH:
        return None
    reference = typed.upper().translate(_READ_AS)
    if len(reference) != REFERENCE_LENGTH or not _LETTERS.issuperset(reference):
        return None
    return ItemId(reference)


def standing_in(state: State, item_id: ItemId) -> Standing | None:
    """Return where a web form's item stands; None for other items and unknown numbers."""
    item = state.items.get(item_id)
    if item is None or item.channel is not Channel.WEBFORM:
        return None
    return _standing(item, work_for(state, item))


def standing_in_past(item_id: ItemId, past: PastItem | None) -> Standing | None:
    """Return the same of an item that history found."""
    if past is None or past.channel != Channel.WEBFORM:
        return None
    return Standing(item_id, past.called, ItemState(past.state), past.received_at, None)


def receipt_in(state: State, key: str) -> Receipt:
    """Return the receipt for the submission with this dedupe key, which has just been decided."""
    item_id = state.keys[key].item
    item = state.items.get(item_id)
    if item is None:
        return Receipt(item_id, None)
    said = tuple(said_on_arrival(state, item))
    return Receipt(item_id, _standing(item, work_for(state, item)), said)


def is_unanswered(standing: Standing) -> bool:
    """Say whether the first answer is still to come."""
    return standing.state not in _ANSWERED


def _standing(item: Item, work: Item) -> Standing:
    """Return where it stands: where the item stands that it was merged into."""
    return Standing(item.id, item.called, work.state, item.received_at, work.due_at)
