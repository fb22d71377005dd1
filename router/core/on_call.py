"""Walking a list of people on call: in order, round after round, until somebody takes it on.

Whose turn it is and what came of every attempt stands in the journal and, until the item is
forgotten, in `state.on_call`: a list may change at midnight while a telephone of it rings.
Never rings anybody: the caller's leg is told whom to dial.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.flows.nodes import CONTACT, targets_of
from router.core.model import Instant, ItemId, LegResult
from router.core.policy import FallbackRule, Node
from router.core.records_town import OnCallAttempt
from router.core.service_level import local_day
from router.core.state import State

Events = Iterator[e.Event]


def order_of(s: State, now: Instant, of: FallbackRule | Node | None) -> tuple[str, ...]:
    """Return whom a rule or node rings today, in order, the whole list so often; () for None."""
    if of is None:
        return ()
    return targets_of(s.policy, of.targets, local_day(s, now)) * max(1, of.rounds)


def open_attempt(s: State, item_id: ItemId) -> OnCallAttempt | None:
    """Return the attempt of which nothing was heard yet."""
    row = s.on_call.get(item_id)
    last = row.attempts[-1] if row is not None else None
    return last if last is not None and last.result is None else None


def place_in(s: State, item_id: ItemId, order: tuple[str, ...], index: int) -> int:
    """Return the index in today's order of who was told last; -1 when it is not their turn there.

    Another list may be on since midnight: it is walked from its beginning.
    """
    told = open_attempt(s, item_id)
    if told is None:
        return index
    return index if index < len(order) and order[index] == told.contact else -1


def passed(
    s: State, now: Instant, item_id: ItemId, rule: str, who: tuple[tuple[str, str], ...]
) -> Events:
    """Yield that these could not be rung at all; `who` are pairs of contact and why."""
    for contact, _ in who:
        yield from told(s, now, item_id, contact, "call", rule)
        yield e.OutsideTried(at=now, item=item_id, contact=contact, result=LegResult.FAILED)


def rung(s: State, now: Instant, item_id: ItemId, rule: str, contact: str) -> Events:
    """Yield that the contact is rung now."""
    yield e.NumberDialled(at=now, target=contact, day=local_day(s, now))
    yield from told(s, now, item_id, contact, "call", rule)


def told(s: State, now: Instant, item_id: ItemId, contact: str, way: str, rule: str) -> Events:
    """Yield that the contact is told by `way`; an agent's own transfer is no call-out."""
    if rule.startswith(CONTACT):
        return
    row = s.on_call.get(item_id)
    before = row.attempts if row is not None and row.rule == rule else ()
    turn = 1 + sum(each.contact == contact for each in before)
    yield e.OnCallTold(at=now, item=item_id, contact=contact, way=way, round=turn, rule=rule)
