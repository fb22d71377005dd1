"""The waiting room: announcements, keys pressed while waiting, giving up."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import commands as c
from router.core import events as e
from router.core import lone_walk, told_waits
from router.core.arrivals import open_item
from router.core.estimate import wait_of
from router.core.flows.walk import PATIENCE, Walk
from router.core.model import IN_LINE, Form, Instant, OfferEnding
from router.core.offers import end_offers
from router.core.queueing import offers_callback, queue_of
from router.core.records import Item
from router.core.service_level import abandoned_or_lost, count
from router.core.state import State
from router.core.windows import asked_again
from router.core.wishes import end_leg

Events = Iterator[e.Event]

KEY_CALLBACK = "1"


def ask_wait(s: State, now: Instant, c_: c.AskWait) -> Events:
    """Tell the caller place and honest wait; what is told is a promise, so it is journaled."""
    item = open_item(s, c_.item_id)
    if item.state not in IN_LINE or item.form is not Form.CALL or item.queue is None:
        return
    if c_.turn <= item.spoken_turn:
        return
    queue = queue_of(s, item)
    first = item.first_queued_at if item.first_queued_at is not None else now
    place = s.index.line(queue.id, item.tempo).rank((item.urgency_at, item.id)) + 1
    low, high = wait_of(s, now, item)
    yield e.EstimateSpoken(
        at=now,
        item=item.id,
        turn=c_.turn,
        place=place,
        low=low,
        high=high,
        callback_offered=queue.callback is not None
        and (now - first >= queue.callback.offer_after or offers_callback(s, item, queue)),
        risen=told_waits.has_risen(s, now, item, low, high),
        counts=high is not None and item.id not in s.promises,
    )


def choose(s: State, now: Instant, c_: c.ChooseWhileWaiting) -> Events:
    """The caller pressed a key in the waiting room: 1 books a callback where it was offered."""
    item = open_item(s, c_.item_id)
    if item.state not in IN_LINE or item.form is not Form.CALL:
        return
    if c_.digits != KEY_CALLBACK or not item.callback_offered or item.flow is None:
        return
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, "the caller asks for a callback")
    item = s.items[item.id]
    position = item.flow
    if position is None:
        return
    walk = Walk(item=item.id, flow=position.flow, policy=position.policy, step=position.step + 1)
    node = asked_again(s, now, queue_of(s, item), "")
    yield walk.stop(now, node, now + PATIENCE, "key 1 while waiting")


def leave_waiting(s: State, now: Instant, c_: c.LeaveWaiting) -> Events:
    """The carrier's waiting room failed: the item stays in line, the caller is asked back."""
    item = open_item(s, c_.item_id)
    if item.state in IN_LINE and c_.turn > item.spoken_turn:
        yield e.EstimateSpoken(
            at=now,
            item=item.id,
            turn=c_.turn,
            place=item.spoken_place,
            low=item.spoken_low,
            high=item.spoken_high,
            callback_offered=item.callback_offered,
            risen=False,
        )


def abandon(s: State, now: Instant, item: Item, reason: str) -> Events:
    """The resident left before anybody answered; an agent who was rung is let go unpunished.

    What people on call are being rung about stays without them, where the rule says so.
    """
    if lone_walk.stays(s, item):
        yield from lone_walk.begin(s, now, item, reason)
        return
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, "the caller hung up")
    item = s.items[item.id]
    yield from count(s, now, item, abandoned_or_lost(reason))
    if item.agent_call_id:
        yield end_leg(s, now, s.items[item.id], item.agent_call_id)
    yield e.ItemAbandoned(
        at=now,
        item=item.id,
        reason=reason,
        forget_at=now + s.policy.retention.closed_in_core,
    )
