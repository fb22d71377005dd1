"""When the promise to the first in line comes to be at risk: an instant, known beforehand.

It follows from who is first, so one timer per queue and tempo is enough and no item has one. For
calls and chats it is a share of the promised wait, for texts of the time to the first answer,
counted while the queue is open. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Final

from router.core import business_time
from router.core.buckets import LineKey
from router.core.hours import Hours
from router.core.model import Condition, Form, Instant, ItemId, ItemState, QueueId, Tempo
from router.core.open_entries import OpenEntries
from router.core.policy import Policy, Queue
from router.core.policy_waiting import AtRisk, Scope
from router.core.records import Item
from router.core.tallies import INTERVAL, DayRow, end_of_day
from router.core.tempos import key_of, tempos_of

LOOK_PAST_MAX: Final = 32  # callbacks before the first caller: nobody waits on the line for them


def first_of(
    line: Iterable[LineKey], items: Mapping[ItemId, Item], *, is_waiting: bool = False
) -> Item | None:
    """Return the first of the line to whom something is promised; None: nobody near its head.

    `is_waiting`: and who is not being offered to anybody.
    """
    for _, name in islice(line, LOOK_PAST_MAX):
        item = items[ItemId(name)]
        if is_waiting and item.state is ItemState.OFFERED:
            continue
        if item.form is not Form.CALLBACK and (
            item.tempo is not Tempo.SLOW_TEXT or item.due_at is not None
        ):  # the first one is, as a rule
            return item
    return None


def waits_since(item: Item) -> Instant:
    """Return since when the item waits: its entry into the queue, or its resident's next turn."""
    begun = [at for at in (item.entered_at, item.first_queued_at) if at is not None]
    return max(begun, default=item.received_at)


def may_change_first(old: Item | None, new: Item | None) -> bool:
    """Say whether an item's change may make another the first, or of another age."""
    return (
        old is None
        or new is None
        or old.state is not new.state
        or old.form is not new.form
        or old.queue != new.queue
        or old.urgency_at != new.urgency_at
        or old.entered_at != new.entered_at
        or old.first_queued_at != new.first_queued_at
        or old.due_at != new.due_at
    )


def risk_at(rule: AtRisk, hours: Hours, first: Item, *, leaves: bool = False) -> Instant | None:
    """Return from when on the promise to the first in line is at risk; None: is not measured.

    `leaves`: from when on it stays so, where it was so before.
    """
    if first.tempo is Tempo.SLOW_TEXT:
        share = rule.leave_share if leaves else rule.enter_share
        return _share_of_time(hours, first, share) if share else None
    if first.tempo is Tempo.FAST_TEXT:
        span = rule.chat_leave if leaves else rule.chat_enter
        return waits_since(first) + span if span else None
    return waits_since(first) + (rule.leave if leaves else rule.enter)


def _share_of_time(hours: Hours, first: Item, share: float) -> Instant | None:
    since, due = first.first_queued_at, first.due_at
    if since is None or due is None:
        return None
    at = business_time.add(hours, since, round(share * business_time.elapsed(hours, since, due)))
    return due if at is None else min(at, due)


def risk_due(
    rule: Queue | None,
    hours: Mapping[str, Hours],
    conditions: Collection[Condition],
    line: Iterable[LineKey],
    items: Mapping[ItemId, Item],
) -> Instant | None:
    """Return when the line comes to be at risk if nobody takes the first in it; None: never."""
    if rule is None or rule.at_risk is None or Condition.AT_RISK in conditions:
        return None
    first = first_of(line, items)
    if first is None or (rule.at_risk.forecast is not None and first.tempo is Tempo.LIVE):
        return None
    return risk_at(rule.at_risk, hours[rule.hours], first)


class Watch:
    """The instants at which lines come to be at risk, as lines and rules stand now; not stored.

    Where it is foreseen, that follows from what happens in the queue, and the instant is the one at
    which it ends: nobody is there, and what was counted is of the past then.
    """

    def __init__(self) -> None:
        self.queues: dict[QueueId, Queue] = {}  # those that may come to be at risk
        self.measured: frozenset[QueueId] = frozenset()  # those that have any such rule
        self.tempos: tuple[Tempo, ...] = ()  # of what may wait there
        self.due: dict[str, Instant] = {}  # by `key_of`
        self.entries = OpenEntries()
        self._hours: Mapping[str, Hours] = {}
        self._zone = ""

    def adopt(self, policy: Policy, items: Iterable[Item]) -> set[str]:
        """Watch by this policy from now on; return the keys of the lines to look at."""
        self.queues = {q.id: q for q in policy.queues.values() if q.at_risk is not None}
        rules = policy.queues.values()
        self.measured = frozenset(q.id for q in rules if q.at_risk or q.long_wait)
        self.tempos = tempos_of(policy)
        self._hours, self._zone = policy.hours, policy.time_zone
        foreseen = (q.id for q in rules if q.at_risk is not None and q.at_risk.forecast is not None)
        self.entries.adopt(frozenset(foreseen), items)
        return {*(key_of(queue, each) for queue in self.queues for each in Tempo), *self.due}

    def look(
        self,
        queue_id: QueueId,
        tempo: Tempo,
        conditions: Collection[Condition],
        line: Iterable[LineKey],
        items: Mapping[ItemId, Item],
        day: DayRow | None,
    ) -> Instant | None:
        """Return the instant if it is another one than before and there is one."""
        key = key_of(queue_id, tempo)
        if tempo is Tempo.LIVE and queue_id in self.entries.queues:
            due = self._over(self.queues[queue_id], conditions, day)
        else:
            due = risk_due(self.queues.get(queue_id), self._hours, conditions, line, items)
        if due is None:
            self.due.pop(key, None)
        elif due != self.due.get(key):
            self.due[key] = due
            return due
        return None

    def _over(
        self, rule: Queue, conditions: Collection[Condition], day: DayRow | None
    ) -> Instant | None:
        """Return when what was foreseen of a queue is over, if nobody comes."""
        if Condition.AT_RISK not in conditions or day is None:
            return None
        if rule.at_risk is None or rule.at_risk.forecast is None or self.entries.of(rule.id).all:
            return None
        if rule.at_risk.forecast.of is Scope.INTERVAL:
            return day.last + INTERVAL
        return end_of_day(day.day, self._zone)
