"""When the promise to the first caller in line comes to be at risk: an instant, known beforehand.

It follows from who is first, so one timer per queue is enough and no item has one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from router.core.buckets import LineKey
from router.core.model import Condition, Form, Instant, ItemId, ItemState, QueueId
from router.core.open_entries import OpenEntries
from router.core.policy import Policy, Queue
from router.core.policy_waiting import Scope
from router.core.records import Item, QueueRow
from router.core.tallies import INTERVAL, DayRow, end_of_day

LOOK_PAST_MAX: Final = 32  # callbacks before the first caller: nobody waits on the line for them


def first_caller(
    line: Iterable[LineKey], items: Mapping[ItemId, Item], *, is_waiting: bool = False
) -> Item | None:
    """Return the first of the line who waits on the telephone; None: nobody near its head does.

    `is_waiting`: and is not being offered to anybody.
    """
    for _, name in islice(line, LOOK_PAST_MAX):
        item = items[ItemId(name)]
        if item.form is Form.CALL and not (is_waiting and item.state is ItemState.OFFERED):
            return item  # as a rule it is the first one
    return None


def waits_since(item: Item) -> Instant:
    """Return when the item's present entry into its queue began."""
    return item.received_at if item.entered_at is None else item.entered_at


def may_change_first(old: Item | None, new: Item | None) -> bool:
    """Say whether an item's change may make another the first caller, or of another age."""
    return (
        old is None
        or new is None
        or old.state is not new.state
        or old.form is not new.form
        or old.queue != new.queue
        or old.urgency_at != new.urgency_at
        or old.entered_at != new.entered_at
    )


def risk_due(
    rule: Queue | None, row: QueueRow | None, line: Iterable[LineKey], items: Mapping[ItemId, Item]
) -> Instant | None:
    """Return when the queue comes to be at risk if nobody takes the first in line; None: never."""
    if rule is None or rule.at_risk is None or rule.at_risk.forecast is not None:
        return None
    if row is not None and Condition.AT_RISK in row.conditions:
        return None
    first = first_caller(line, items)
    return None if first is None else waits_since(first) + rule.at_risk.enter


class Watch:
    """The instants at which queues come to be at risk, as lines and rules stand now; not stored.

    Where it is foreseen, that follows from what happens in the queue, and the instant is the one at
    which it ends: nobody is there, and what was counted is of the past then.
    """

    def __init__(self) -> None:
        self.queues: dict[QueueId, Queue] = {}  # those that may come to be at risk
        self.measured: frozenset[QueueId] = frozenset()  # those that have any such rule
        self.due: dict[QueueId, Instant] = {}
        self.entries = OpenEntries()
        self._zone = ""

    def adopt(self, policy: Policy, items: Iterable[Item]) -> set[QueueId]:
        """Watch by this policy from now on; return the queues to look at."""
        self.queues = {q.id: q for q in policy.queues.values() if q.at_risk is not None}
        rules = policy.queues.values()
        self.measured = frozenset(q.id for q in rules if q.at_risk or q.long_wait)
        self._zone = policy.time_zone
        foreseen = (q.id for q in rules if q.at_risk is not None and q.at_risk.forecast is not None)
        self.entries.adopt(frozenset(foreseen), items)
        return {*self.queues, *self.due}

    def look(
        self,
        queue_id: QueueId,
        row: QueueRow | None,
        line: Iterable[LineKey],
        items: Mapping[ItemId, Item],
        day: DayRow | None,
    ) -> Instant | None:
        """Return the instant if it is another one than before and there is one."""
        if queue_id in self.entries.queues:
            due = self._over(self.queues[queue_id], row, day)
        else:
            due = risk_due(self.queues.get(queue_id), row, line, items)
        if due is None:
            self.due.pop(queue_id, None)
        elif due != self.due.get(queue_id):
            self.due[queue_id] = due
            return due
        return None

    def _over(self, rule: Queue, row: QueueRow | None, day: DayRow | None) -> Instant | None:
        """Return when what was foreseen of a queue is over, if nobody comes."""
        if row is None or Condition.AT_RISK not in row.conditions or day is None:
            return None
        if rule.at_risk is None or rule.at_risk.forecast is None or self.entries.of(rule.id).all:
            return None
        if rule.at_risk.forecast.of is Scope.INTERVAL:
            return day.last + INTERVAL
        return end_of_day(day.day, self._zone)
