"""How an item stands to its conversation and to others, told from the rows alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from router.core.model import ENDED, IN_LINE, Form, Instant, LegState
from router.core.records import Item

_BY_TELEPHONE: Final = frozenset({Form.CALL, Form.CALLBACK})


def has_conversation(item: Item) -> bool:
    """Say whether something was written to and fro; a form or a call may have none yet."""
    return item.text is not None and item.text.conversation != ""


def is_merged(item: Item) -> bool:
    """Say whether the item is part of another."""
    return item.text is not None and item.text.merged_into is not None


def talks(item: Item) -> bool:
    """Say whether resident and agent are on the line with each other."""
    connected = item.agent_call_state is LegState.CONNECTED
    return item.form in _BY_TELEPHONE and bool(item.call_id and item.room_id) and connected


def owed_since(item: Item) -> Instant | None:
    """Return since when an answer is owed; what has no conversation yet has had none."""
    text = item.text
    if text is not None and (text.conversation or text.merged):
        return text.unanswered_since
    return None if item.state in ENDED else item.received_at


def earliest(instants: Iterable[Instant | None]) -> Instant | None:
    """Return the earliest of those that there are; None: there is none."""
    return min((each for each in instants if each is not None), default=None)


def takes_place(item: Item, into: Item) -> bool:
    """Say whether the other takes over the place of what is merged into it: the earlier one."""
    both = item.state in IN_LINE and into.state in IN_LINE
    return both and item.urgency_at < into.urgency_at
