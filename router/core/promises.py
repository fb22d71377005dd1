"""A callback that somebody in the town hall promised: whose it is, and not before when.

A resident whom an agent could not put through is owed one: what a department does by agreement, and
nobody there answered, becomes a callback of the agent who asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.buckets import NAMED
from router.core.callbacks import OWNER_FIRST, book, deferral, rule_of
from router.core.hours import next_open, standing
from router.core.model import AgentId, Form, Instant
from router.core.queueing import emergency_of, line_up, queue_of
from router.core.records import Item
from router.core.redials import merge
from router.core.state import State
from router.core.wishes import end_leg
from router.errors import NotAllowed, NotNow

Events = Iterator[e.Event]

BY_TELEPHONE: Final = frozenset({Form.CALL, Form.CALLBACK, Form.MESSAGE, Form.SUBMISSION})
HANDED_OVER: Final = frozenset({"none", "partial"})  # levels of agreements


def owed_by(s: State, item: Item) -> str:
    """Return why the resident is owed a callback now that the talk is over; "" when they are not.

    The department that the subject belongs to was asked in vain by the agent who has the item.
    """
    agreement = s.policy.agreements.get(item.subject)
    row = s.consults.get(item.id)
    if agreement is None or agreement.level not in HANDED_OVER:
        return ""
    if row is None or row.failed is None or row.by != item.agent:
        return ""
    if row.to != f"contact:{agreement.department}" or not item.contact_ref:
        return ""
    if rule_of(s, item) is None:
        return ""
    return f"nobody at {agreement.department} answered"


def owe(s: State, now: Instant, item: Item, why: str) -> Events:
    """The talk is over, and the resident is rung back by its agent when a while has passed."""
    rule = rule_of(s, item)
    starts = now + rule.retry_after if rule is not None else None
    yield from promised(s, now, item, item.agent, starts, why)


def check(s: State, item: Item, starts: Instant | None) -> None:
    """Raise `NotAllowed` or `NotNow` when the item cannot become a callback at that time."""
    rule = rule_of(s, item)
    if rule is None:
        raise NotAllowed(f"queue {item.queue!r} does not call back")
    if item.form not in BY_TELEPHONE:
        raise NotNow(f"item {item.id!r} is a {item.form}: answer it there")
    if not item.contact_ref:
        raise NotAllowed(f"nobody knows a number of item {item.id!r}: it was withheld")
    if starts is None:
        return
    hours = s.policy.hours[rule.hours]
    emergency = emergency_of(s, rule.hours)
    if not standing(hours, starts, emergency).is_open:
        opens = next_open(hours, starts, emergency)
        then = "" if opens is None else f"; the next time is instant {opens}"
        raise NotAllowed(f"residents may not be rung then (hours {rule.hours!r}){then}")


def promised(
    s: State,
    now: Instant,
    item: Item,
    owner: AgentId | None,
    starts: Instant | None,
    why: str,
    *,
    ends: Instant | None = None,
) -> Events:
    """Make a callback of an item in somebody's hands; whoever is on the line is let go.

    It keeps its age. Other callbacks of the same resident in the queue go into it.
    """
    queue = queue_of(s, item)
    legs = [leg for leg in (item.call_id, item.agent_call_id, item.resident_ringing) if leg]
    first = item.first_queued_at if item.first_queued_at is not None else now
    if item.address_key:
        first = yield from merge(s, now, item, item.address_key, queue.id, first)
    yield from line_up(
        s,
        now,
        s.items[item.id],
        queue,
        form=Form.CALL,
        first_queued_at=first,
        rule=f"callback promised: {why}",
        anew=False,
        named=f"{NAMED}{owner}" if owner is not None else "",
        named_span=OWNER_FIRST if owner is not None else 0,
    )
    yield from book(s, now, s.items[item.id], item.address_key, item.contact_ref, starts)
    yield e.CallbackPromised(at=now, item=item.id, owner=owner, starts=starts, ends=ends)
    if starts is not None and starts > now:
        yield deferral(now, s.items[item.id], starts, "at the time that was agreed")
    for leg in legs:
        yield end_leg(s, now, s.items[item.id], leg)
