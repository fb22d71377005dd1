"""Which other items may be about the same matter: the same sender, or the same subject lately.

A look-up for people to decide by; nothing is ever merged by itself. Costs by what it may show, not
by how many items there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from router.core.merging import why_not_merged
from router.core.model import DAY, ENDED, ItemId, Span
from router.core.policy import Policy
from router.core.records import Item
from router.core.state import State

RECENT: Final[Span] = 7 * DAY  # older things with the same subject are other matters
SHOWN_MAX: Final = 5
_LOOKED_AT_MAX: Final = 50  # newest items of one sender

SENDER: Final = "same sender"
SUBJECT: Final = "same subject"


class Duplicate(msgspec.Struct, frozen=True):
    """An item that may be about the same."""

    item: ItemId
    why: str  # same sender | same subject


def possible_duplicates(s: State, item: Item) -> tuple[Duplicate, ...]:
    """Return what could be merged with an open item, the likeliest first; at most `SHOWN_MAX`."""
    if item.state in ENDED:
        return ()
    found = dict.fromkeys(_of_sender(s, item), SENDER)
    for other in _of_subject(s, item):
        found.setdefault(other, SUBJECT)
    return tuple(Duplicate(*each) for each in islice(found.items(), SHOWN_MAX))


def _of_sender(s: State, item: Item) -> Iterator[ItemId]:
    """Yield the sender's other items, the newest first; calls that are over only for a while."""
    ids = islice(reversed(s.index.by_address.get(item.address_key, {})), _LOOKED_AT_MAX)
    for other in _fitting(s, item, ids):
        if other.state not in ENDED or s.now - (other.ended_at or 0) <= RECENT:
            yield other.id


def _of_subject(s: State, item: Item) -> Iterator[ItemId]:
    same = s.index.by_subject.get(item.subject)
    if same is None or item.subject in _of_everything(s.policy):
        return
    for other in _fitting(s, item, islice(reversed(same), SHOWN_MAX + 1)):
        if abs(other.received_at - item.received_at) <= RECENT:
            yield other.id


def _of_everything(policy: Policy) -> frozenset[str]:
    """Return the subjects that a mailbox or a chat door gives to everything: they say nothing."""
    boxes = policy.mail.mailboxes.values() if policy.mail is not None else ()
    doors = policy.chat.doors.values() if policy.chat is not None else ()
    return frozenset(("", *(box.subject for box in boxes), *(door.subject for door in doors)))


def _fitting(s: State, item: Item, ids: Iterable[ItemId]) -> Iterator[Item]:
    others = (s.items[other] for other in ids if other != item.id)
    return (other for other in others if not why_not_merged(other))
