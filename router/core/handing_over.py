"""Handing a subject over at once: where an agreement says so, the department is rung by itself.

As soon as the agent and the resident talk, the department of the subject is rung beside them; the
resident stays with the agent until somebody there has answered, and is owed a callback otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from router.core import commands as c
from router.core import events as e
from router.core import handling
from router.core.commands_calls import ConsultItem
from router.core.model import Instant, ItemState
from router.core.records import Item
from router.core.relations import talks
from router.core.ringing import may_ring
from router.core.state import State
from router.core.transfers import consult

Events = Iterator[e.Event]

AT_ONCE: Final = "at_once"
Handler = Callable[[State, Instant, Any], Events]


def _watched(handler: Handler) -> Handler:
    """Return the handler; a talk that begins by it is handed over."""

    def handled(s: State, now: Instant, c_: c.ReportLeg | c.NoteRoom) -> Events:
        before = s.items.get(c_.item_id)
        yield from handler(s, now, c_)
        after = s.items.get(c_.item_id)
        if (
            before is not None
            and after is not None
            and _is_handled(after)
            and not _is_handled(before)
        ):
            yield from _hand_over(s, now, after)

    return handled


report_leg: Final = _watched(handling.report_leg)
note_room: Final = _watched(handling.note_room)


def _is_handled(item: Item) -> bool:
    return item.state is ItemState.HANDLING and talks(item)


def _hand_over(s: State, now: Instant, item: Item) -> Events:
    agreement = s.policy.agreements.get(item.subject)
    if agreement is None or agreement.hand_over != AT_ONCE or item.agent is None:
        return
    if item.id in s.consults or may_ring(s, now, agreement.department):
        return  # the agent sees the agreement, and does what can be done
    wish = ConsultItem(item_id=item.id, agent_id=item.agent, to_contact=agreement.department)
    yield from consult(s, now, wish)
