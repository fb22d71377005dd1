"""Adding to a conversation: who writes, and the number that a message gets."""

from __future__ import annotations

from typing import Final

from router.core import events as e
from router.core.model import Instant, ItemId, MessageKind
from router.core.state import State

RESIDENT: Final = "resident"
TOWN: Final = "town"
AGENT: Final = "agent:"  # then the id
BY_MAIL: Final = "by mail"  # note of what a resident of a chat wrote by mail, away from the chat
SAID: Final = frozenset({MessageKind.TEXT, MessageKind.FILE})  # no notes, no machines, no asides


def added(
    s: State,
    now: Instant,
    conversation_id: str,
    item: ItemId,
    *,
    by: str,
    ref: str,
    kind: MessageKind = MessageKind.TEXT,
    note: str = "",
    idle_due: Instant | None = None,
    promised: Instant | None = None,
) -> e.MessageAdded:
    """Return the event that adds the next message of a conversation."""
    return e.MessageAdded(
        at=now,
        conversation=conversation_id,
        item=item,
        number=s.conversations[conversation_id].count + 1,
        kind=kind,
        by=by,
        ref=ref,
        note=note,
        idle_due=idle_due,
        promised=promised,
    )
