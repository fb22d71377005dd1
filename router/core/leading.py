"""What supervisors decide for single items: another rank or queue, and who shall have it.

A person may go beyond what the rules give: the limit of what an agent holds, the skills. That they
did stands in the event, with the reason. What cannot be is refused: a call without a telephone,
a second offer at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands_lead as c
from router.core import events as e
from router.core.arrivals import open_item
from router.core.capacity import beside
from router.core.correspondence import WRITTEN, hand_over_from
from router.core.handling import IN_HAND, give_back
from router.core.matching import make_offer
from router.core.model import (
    DAY,
    IN_LINE,
    AgentStatus,
    Form,
    Instant,
    OfferEnding,
    Span,
    Tempo,
)
from router.core.offers import end_offers, signed_in
from router.core.policy import Queue
from router.core.queueing import line_up, queue_named
from router.core.records import Agent, Item
from router.core.relations import talks
from router.core.state import State
from router.core.wishes import move_call
from router.errors import NotAllowed, NotNow

Events = Iterator[e.Event]

HEAD_START_MAX: Final[Span] = 31 * DAY


def prioritise(s: State, now: Instant, c_: c.PrioritiseItem) -> Events:
    """Give an item in line another head start; it counts at once.

    Raises:
        NotNow: it is not in line, or the head start is beyond a month.
    """
    item = open_item(s, c_.item_id)
    if item.state not in IN_LINE:
        raise NotNow(f"item {item.id!r} is {item.state}: only what waits has a rank")
    if abs(c_.head_start) > HEAD_START_MAX:
        raise NotNow("a head start is at most 31 days, earlier or later")
    if c_.head_start == item.head_start:
        return
    yield e.ItemPrioritised(
        at=now,
        item=item.id,
        head_start=c_.head_start,
        urgency_at=item.urgency_at + item.head_start - c_.head_start,
        rule=f"{c_.by}: {c_.reason}" if c_.reason else c_.by,
    )


def assign(s: State, now: Instant, c_: c.AssignItem) -> Events:
    """Let a certain agent have it, whatever they hold.

    Raises:
        NotNow: somebody handles it, it has ended, or the agent cannot be asked now.
        NotAllowed: a call for an agent without a telephone, or one the policy does not know.
    """
    item = open_item(s, c_.item_id)
    agent = signed_in(s, c_.agent_id)
    rule = s.policy.agents.get(agent.id)
    if rule is None:
        raise NotAllowed(f"agent {agent.id!r} is no longer in the policy")
    own = agent.offer is not None and agent.offer in item.offers
    if own and item.tempo is not Tempo.SLOW_TEXT:
        return  # it is on offer to them already
    if agent.offer is not None and not own:
        raise NotNow(f"agent {agent.id!r} is being offered another item: wait for the answer")
    over = not own and item.tempo not in beside(agent, s.policy.capacities[rule.capacity])
    assigned = e.ItemAssigned(
        at=now, item=item.id, agent=agent.id, by=c_.by, reason=c_.reason, over=over
    )
    if item.form in WRITTEN and item.tempo is Tempo.SLOW_TEXT:
        yield assigned
        yield from hand_over_from(s, now, item, agent.id, f"assigned by {c_.by}")
        return
    _need_somebody(item, agent, leg=rule.leg)
    yield assigned
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, f"assigned to {agent.id}")
    yield make_offer(s, now, s.items[item.id], s.agents[agent.id], f"assigned by {c_.by}")


def _need_somebody(item: Item, agent: Agent, *, leg: str) -> None:
    """Refuse what nobody would answer: a resident is there and waits."""
    if item.state not in IN_LINE:
        raise NotNow(f"item {item.id!r} is {item.state}: only what waits can be assigned")
    if agent.status is not AgentStatus.AVAILABLE:
        raise NotNow(f"agent {agent.id!r} is {agent.status}: a resident would wait for nobody")
    if item.tempo is Tempo.LIVE and not leg:
        raise NotAllowed(f"agent {agent.id!r} has no telephone (leg: in skills.yaml)")


def move(s: State, now: Instant, c_: c.MoveItem) -> Events:
    """Put what waits in line at another queue, as old as it is.

    Raises:
        UnknownTarget: the policy has no such queue.
        NotNow: it does not wait, or nobody could wait for anything there.
    """
    item = open_item(s, c_.item_id)
    queue = queue_named(s, c_.queue)
    if item.state not in IN_LINE:
        raise NotNow(f"item {item.id!r} is {item.state}: only what waits can be moved")
    if item.queue == queue.id:
        return
    _need_place(s, item, queue)
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, f"moved to queue {queue.id}")
    row = s.items[item.id]
    yield from line_up(
        s,
        now,
        row,
        queue,
        form=row.form,
        first_queued_at=row.first_queued_at or now,
        rule=_said("moved by", c_.by, c_.reason),
    )
    if row.call_id:  # what is heard while waiting is the other queue's now
        yield move_call(now, s.items[item.id])


def _need_place(s: State, item: Item, queue: Queue) -> None:
    """Refuse a place in which a resident would wait for nothing."""
    row = s.queues.get(queue.id)
    if item.tempo is not Tempo.SLOW_TEXT and row is not None and not row.is_open:
        raise NotNow(f"queue {queue.id!r} is closed: a resident would wait for nobody")
    if item.form is Form.CALLBACK and queue.callback is None:
        raise NotNow(f"queue {queue.id!r} calls nobody back")


def pull_back(s: State, now: Instant, c_: c.PullBackItem) -> Events:
    """Take what an agent holds back into its line; the agent is passed over for a while.

    Raises:
        NotNow: nobody has it in hand, or the resident is on the line with who has.
    """
    item = open_item(s, c_.item_id)
    if item.state not in IN_HAND:
        raise NotNow(f"item {item.id!r} is {item.state}: nobody has it in hand")
    if talks(item):
        raise NotNow(f"item {item.id!r}: resident and agent are on the line with each other")
    reason = _said("pulled back by", c_.by, c_.reason)
    yield from give_back(s, now, item, reason, cause=OfferEnding.DECLINED)


def _said(what: str, by: str, reason: str) -> str:
    return f"{what} {by}: {reason}" if reason else f"{what} {by}"
