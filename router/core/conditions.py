"""What keeps an item from simply waiting in a queue: the most weighty condition first.

Measured by who could take that kind of channel: who answers no calls may answer chats. Which
conditions count for which is a table of `router.core.tempos`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core.crowding import deflects, gap_of, has_room
from router.core.hours import standing
from router.core.model import Condition, Instant, Tempo
from router.core.policy import Queue
from router.core.queueing import emergency_of
from router.core.records import Item, QueueRow
from router.core.records_town import KindRow
from router.core.state import State
from router.core.steps import asked, bound, given_of, skill_of
from router.core.tempos import COUNTS, OF_STAFF

BY_WEIGHT: Final = (Condition.LONG_WAIT, Condition.AT_RISK)  # what may send on who comes


def conditions(s: State, now: Instant, item: Item, queue: Queue) -> Iterator[Condition]:
    """Yield what keeps an item from waiting in the queue, the most weighty first."""
    counts = COUNTS[item.tempo]
    yield from (each for each in _found(s, now, item, queue) if each in counts)


def staff_condition(row: QueueRow | KindRow) -> Condition | None:
    """Return what is true of the queue's staff, in effect or not; None: somebody is there."""
    return next((each for each in row.conditions if each in OF_STAFF), None)


def _found(s: State, now: Instant, item: Item, queue: Queue) -> Iterator[Condition]:
    stands = standing(s.policy.hours[queue.hours], now, emergency_of(s, queue.hours))
    if not stands.is_open:
        if stands.rule == "emergency":
            yield Condition.EMERGENCY
        yield Condition.CLOSED
        return
    if queue.last_entry and stands.changes_at and stands.changes_at - now <= queue.last_entry:
        yield Condition.CLOSING
    yield from _of_staff(s, item, queue)
    if not has_room(s, queue, item.tempo):
        yield Condition.FULL
    if deflects(s, queue):
        yield Condition.SURGE
    holds = s.conditions_row(queue.id, item.tempo).conditions
    yield from (each for each in BY_WEIGHT if each in holds)


def _of_staff(s: State, item: Item, queue: Queue) -> Iterator[Condition]:
    """Yield that nobody is there for the item, or nobody of its language, if that is in effect."""
    skill = skill_of(s.policy, item.language)
    in_effect = _nobody(s, item, queue, skill)
    row = s.conditions_row(queue.id, item.tempo)
    if in_effect is not None and row.lasts_at is not None:
        in_effect = row.meanwhile  # somebody was there a moment ago and may be back
    gap = gap_of(s, queue, skill, item.tempo)
    if gap is not None and gap.lasts_at is None and in_effect is not None:
        yield Condition.NO_LANGUAGE
    if in_effect is not None and (gap is None or gap.lasts_at is None):
        yield in_effect  # else somebody spoke it a moment ago


def _nobody(s: State, item: Item, queue: Queue, skill: str) -> Condition | None:
    """Return what is true of those who could take the item; None: somebody could.

    A text waits for days if need be: what it asks for beside its queue sends it nowhere.
    """
    if item.tempo is Tempo.SLOW_TEXT:
        row = s.conditions_row(queue.id, item.tempo)
        lacks = gap_of(s, queue, skill, item.tempo) is not None
        return staff_condition(row) or (Condition.UNSTAFFED if lacks else None)
    signed_in = available = 0
    given = given_of(s.policy, queue, item)
    for text in asked(queue):
        staff = s.index.staff(bound(text, item.requires, skill, given), item.tempo)
        signed_in, available = max(signed_in, staff[0]), max(available, staff[1])
    if available:
        return None
    return Condition.UNSTAFFED if signed_in == 0 else Condition.ALL_AWAY
