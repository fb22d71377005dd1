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
from router.core.model import Condition, Form, Instant, ItemId, QueueId, Tempo
from router.core.policy import Policy, Queue
from router.core.policy_waiting import AtRisk
from router.core.records import Item
from router.core.tempos import key_of, tempos_of

LOOK_PAST_MAX: Final = 32  # callbacks before the first caller: nobody waits on the line for them


def first_of(line: Iterable[LineKey], items: Mapping[ItemId, Item]) -> Item | None:
    """Return the first of the line to whom something is promised; None: nobody near its head."""
    for _, name in islice(line, LOOK_PAST_MAX):
        item = items[ItemId(name)]
        if item.form is not Form.CALLBACK and (
            item.tempo is not Tempo.SLOW_TEXT or item.due_at is not None
        ):  # the first one is, as a rule
            return item
    return None


def waits_since(item: Item) -> Instant:
    """Return when the item's present entry into its queue began."""
    return item.received_at if item.entered_at is None else item.entered_at


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
    return None if first is None else risk_at(rule.at_risk, hours[rule.hours], first)


class Watch:
    """The instants at which lines come to be at risk, as lines and rules stand now; not stored."""

    def __init__(self) -> None:
        self.queues: dict[QueueId, Queue] = {}  # those that may come to be at risk
        self.measured: frozenset[QueueId] = frozenset()  # those that have any such rule
        self.tempos: tuple[Tempo, ...] = ()  # of what may wait there
        self.due: dict[str, Instant] = {}  # by `key_of`
        self._hours: Mapping[str, Hours] = {}

    def adopt(self, policy: Policy) -> set[str]:
        """Watch by this policy from now on; return the keys of the lines to look at."""
        self.queues = {q.id: q for q in policy.queues.values() if q.at_risk is not None}
        rules = policy.queues.values()
        self.measured = frozenset(q.id for q in rules if q.at_risk or q.long_wait)
        self.tempos = tempos_of(policy)
        self._hours = policy.hours
        return {*(key_of(queue, each) for queue in self.queues for each in Tempo), *self.due}

    def look(
        self,
        queue_id: QueueId,
        tempo: Tempo,
        conditions: Collection[Condition],
        line: Iterable[LineKey],
        items: Mapping[ItemId, Item],
    ) -> Instant | None:
        """Return the instant if it is another one than before and there is one."""
        key = key_of(queue_id, tempo)
        due = risk_due(self.queues.get(queue_id), self._hours, conditions, line, items)
        if due is None:
            self.due.pop(key, None)
        elif due != self.due.get(key):
            self.due[key] = due
            return due
        return None
