"""Which texts count for the service level, and what ends the wait for their first response.

Mail and forms as they came in: one entry for each, from the instant it was received until a person
has written, however often it is passed on meanwhile; the queue that has it then counts it. What is
merged into another is answered there, by the promise of that one, and counts no more unless the
merge is taken back. A message
left by a caller, or a chat that goes on by mail, is not one of them: its first promise was another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from router.core import events as e
from router.core.formulas import THRESHOLD
from router.core.model import Channel, Form, Instant
from router.core.records import Item
from router.core.relations import is_merged
from router.core.transcript import AGENT, SAID

TEXTS: Final[Mapping[Form, Channel]] = {
    Form.MAIL: Channel.MAIL,
    Form.SUBMISSION: Channel.WEBFORM,
}
CHANNELS_OF_TEXTS: Final = frozenset(TEXTS.values())
THEIR_TURN: Final = frozenset({"resident", "dormant"})  # parked because the resident is to write


def is_text(item: Item, form: Form | None = None) -> bool:
    """Say whether the item, as `form` if that is given, counts as a text."""
    return TEXTS.get(item.form if form is None else form) == item.channel


def awaits_first_response(item: Item, form: Form | None = None) -> bool:
    """Say whether nothing was counted for the text so far, and nobody has answered it."""
    responded = item.text is not None and item.text.responded_at is not None
    return is_text(item, form) and not item.service_level and not responded


def is_open(item: Item) -> bool:
    """Say whether the wait for its first response has not ended."""
    if item.queue is None or not is_text(item) or is_merged(item):
        return False
    if item.threshold_at is not None or item.service_level == THRESHOLD:
        return True
    return item.due_at is not None and awaits_first_response(item)


def due_of(item: Item) -> Instant | None:
    """Return when the first response is due; None: nothing is promised."""
    return item.due_at if item.threshold_at is None else item.threshold_at


def threshold_as(item: Item, form: Form, due: Instant | None) -> Instant | None:
    """Return when what gets in line as `form` comes to be overdue; None: never.

    `due`: may be that of something merged into it; what it was promised itself stands.
    """
    own = due if item.threshold_at is None else item.threshold_at
    return own if awaits_first_response(item, form) else None


def threshold_of(item: Item, waiting_for: str = "") -> Instant | None:
    """Return when a text that stands again, or waits for that, comes to be overdue; None: never."""
    if waiting_for in THEIR_TURN or not awaits_first_response(item):
        return None
    return due_of(item)


def _answered(item: Item, event: e.MessageAdded) -> str:
    return "answered" if event.by.startswith(AGENT) and event.kind in SAID else ""


def _taken_on(item: Item, event: Any) -> str:
    """What goes on as something else ends; as a text it stays one entry in any queue."""
    if event.form is item.form:
        return ""
    return "callback" if event.form is Form.CALLBACK else "other"


ENDINGS: Final[Mapping[type[e.Event], Callable[[Item, Any], str]]] = {
    e.MessageAdded: _answered,
    e.ItemQueued: _taken_on,
    e.ItemDeferred: _taken_on,
    e.CallbackBooked: lambda item, event: "callback",
    e.ItemClosed: lambda item, event: "closed",
    e.ItemAbandoned: lambda item, event: "other",
    e.ItemDiverted: lambda item, event: "diverted",
    e.ItemShunted: lambda item, event: "error",
}
