"""The caller acted, or did not: where the flow goes from here.

A repeated or late answer (an older step) advances nothing; the channel answers it from the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from router.core import commands as c
from router.core import events as e
from router.core.callbacks import closed
from router.core.fallback import enter_queue, follow, keep_for_later
from router.core.flows.booking import Answered, book_callback, choose_time
from router.core.flows.nodes import CONTACT, node_at, rule_at
from router.core.flows.walk import Arrival, Walk, deadline, go
from router.core.model import (
    Condition,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegResult,
    QueueId,
    Span,
)
from router.core.on_call import open_attempt, order_of, passed, place_in, rung
from router.core.policy import Node, Queue, Values
from router.core.queueing import URGENT, line_up, queue_of
from router.core.records import FlowPosition, Item
from router.core.ringing import next_to_ring
from router.core.state import State
from router.core.windows import CALLBACK, WHEN, asked_first, origin_of
from router.errors import UnknownItem

Events = Iterator[e.Event]
Answer = Callable[[State, Instant, Item, FlowPosition, Node, c.AdvanceFlow], Events]


def arrive(s: State, now: Instant, walk: Walk, arrival: Arrival, rule: str) -> Events:
    """The walk has come to a node that waits, queues, falls back or ends."""
    node = arrival.node
    if node is None:
        yield walk.stop(now, arrival.name, now, f"{rule}; flow {walk.flow} has no such node")
        yield from _last_resort(s, now, s.items[walk.item])
        return
    if node.kind == "queue" and node.queue is not None:
        walk.take(_values_of(node))
        yield walk.stop(now, arrival.name, deadline(now, node), rule, queue=node.queue)
        item = s.items[walk.item]
        queue = _queue(s, node.queue)
        yield from enter_queue(
            s,
            now,
            item,
            queue,
            _anew(walk, item),
            form=Form.CALL,
            rule=f"{walk.flow}/{arrival.name}",
        )
    elif node.kind == "fallback":
        yield walk.stop(now, arrival.name, deadline(now, node), rule, queue=node.queue)
        item = s.items[walk.item]
        queue = (
            _queue(s, node.queue)
            if node.queue is not None
            else next(iter(s.policy.queues.values()))
        )
        condition = node.condition if node.condition is not None else Condition.CLOSED
        yield from follow(s, now, item, queue, condition, node.chain, _anew(walk, item))
    elif node.kind == "hangup":
        walk.trail.append(f"{walk.flow}/{arrival.name}")
        yield walk.stop(now, arrival.name, now, rule)
        yield closed(s, now, walk.item, "informed")
    elif node.kind == "transfer":
        yield from _ring_next(s, now, walk, arrival.name, node, -1, rule)
    elif node.kind == "callback":
        asks = asked_first(s, now, _queue_for(s, s.items[walk.item], node), node, arrival.name)
        yield walk.stop(now, asks, deadline(now, node), rule, queue=node.queue)
    else:  # menu, voicemail: the caller acts
        yield walk.stop(now, arrival.name, deadline(now, node), rule)


def _values_of(node: Node) -> Values | None:
    if not node.requires and not node.head_start:
        return None
    return Values(requires=node.requires, head_start=node.head_start)


def _queue(s: State, queue_id: QueueId) -> Queue:
    """Return the queue; of an older flow version it may be gone, then the first one serves."""
    return s.policy.queues.get(queue_id) or next(iter(s.policy.queues.values()))


def _anew(walk: Walk, item: Item) -> Walk:
    """Return a walk that goes on from where the item now stands, its trail kept."""
    step = item.flow.step + 1 if item.flow is not None else walk.step
    return Walk(
        item=walk.item, flow=walk.flow, policy=walk.policy, step=step, trail=list(walk.trail)
    )


def walk_from(item: Item, position: FlowPosition) -> Walk:
    """Return a walk that begins where the item stands."""
    return Walk(item=item.id, flow=position.flow, policy=position.policy, step=position.step + 1)


# --- the caller's answer -------------------------------------------------------------------------


def advance(s: State, now: Instant, c_: c.AdvanceFlow) -> Events:
    """Handle the answer to flow step `step`."""
    item = s.items.get(c_.item_id)
    if item is None:
        raise UnknownItem(c_.item_id)
    position = item.flow
    if position is None or c_.step != position.step:
        return
    kept = item.state is ItemState.ABANDONED or (item.id in s.walks and not item.words_ref)
    if kept and c_.recording_ref:
        yield from _late_recording(s, now, item, c_)
        return
    if item.state is not ItemState.IN_FLOW:
        return
    policy = s.policies[position.policy]
    node = node_at(policy, position.flow, position.node, item.queue)
    answer = ANSWERS.get(node.kind) if node is not None else None
    if node is None or answer is None:
        yield from _last_resort(s, now, item)
        return
    yield from answer(s, now, item, position, node, c_)


def _menu(
    s: State, now: Instant, item: Item, position: FlowPosition, node: Node, c_: c.AdvanceFlow
) -> Events:
    walk = walk_from(item, position)
    choice = node.choices.get(c_.digits)
    if choice is not None:
        walk.take(choice.values)
        rule = f"{position.flow}/{position.node} key {c_.digits}"
        yield from arrive(s, now, walk, go(s, now, walk, choice.next), rule)
        return
    what = "no answer" if not c_.digits else "a key without meaning"
    rule = f"{position.flow}/{position.node} {what}"
    if position.tries + 1 < node.tries:
        said = "not_understood" if c_.digits else "nothing_heard"
        yield walk.ask_again(now, position, node, said, rule)
        return
    if not item.language and any(c.values and c.values.language for c in node.choices.values()):
        walk.take(Values(language=s.policy.languages[0].id))
    yield from arrive(s, now, walk, go(s, now, walk, node.otherwise), f"{rule}, tries used up")


def _voicemail(
    s: State, now: Instant, item: Item, position: FlowPosition, node: Node, c_: c.AdvanceFlow
) -> Events:
    if not c_.recording_ref:
        yield from _on_from(s, now, item, position, node, "nothing was recorded")
        return
    queue = _queue_for(s, item, node)
    yield e.MessageLeft(at=now, item=item.id, words_ref=c_.recording_ref)
    head = _head_start_of(s, position)
    yield from keep_for_later(s, now, s.items[item.id], queue, "message left", head)


def _head_start_of(s: State, position: FlowPosition) -> Span:
    """Return what a fallback rule that took the message marks it with."""
    rule = rule_at(s.policies[position.policy], position.node)
    return URGENT if rule is not None and rule.urgent else 0


def _booking(answered: Answered) -> Answer:
    """Return the handler that goes on from where nothing was settled."""

    def handler(
        s: State, now: Instant, item: Item, position: FlowPosition, node: Node, c_: c.AdvanceFlow
    ) -> Events:
        walk, queue = walk_from(item, position), _queue_for(s, item, node)
        why = yield from answered(s, now, walk, position, node, queue, c_)
        if why:
            yield from _on_from(s, now, item, position, node, why)

    return handler


def _transfer(
    s: State, now: Instant, item: Item, position: FlowPosition, node: Node, c_: c.AdvanceFlow
) -> Events:
    result = c_.result if c_.result is not None else LegResult.FAILED
    if result in (LegResult.ANSWERED, LegResult.ENDED):
        if not node.accept:
            yield from outside_answered(s, now, item)
            return
        result = LegResult.NOT_ACCEPTED  # who has accepted has the item already
    target = _target_of(s, now, item, position, node)
    after = place_in(s, item.id, order_of(s, now, node), position.target)
    yield e.OutsideTried(at=now, item=item.id, contact=target, result=result)
    walk = walk_from(item, position)
    yield from _ring_next(s, now, walk, position.node, node, after, f"{target}: {result}")


def outside_answered(s: State, now: Instant, item: Item) -> Events:
    """Somebody outside has picked up: the item is theirs."""
    position = item.flow
    if position is None or item.state is not ItemState.IN_FLOW:
        return
    node = node_at(s.policies[position.policy], position.flow, position.node, item.queue)
    if node is None or node.kind != "transfer":
        return
    target = _target_of(s, now, item, position, node)
    yield e.OutsideTried(at=now, item=item.id, contact=target, result=LegResult.ANSWERED)
    yield e.ItemDiverted(
        at=now,
        item=item.id,
        to=target,
        rule=f"{position.flow}/{position.node}",
        forget_at=now + s.policy.retention.closed_in_core,
    )


def _target_of(s: State, now: Instant, item: Item, position: FlowPosition, node: Node) -> str:
    told = open_attempt(s, item.id)
    if told is not None:
        return told.contact
    order = order_of(s, now, node)
    return order[position.target] if position.target < len(order) else position.node


def _ring_next(
    s: State, now: Instant, walk: Walk, name: str, node: Node, after: int, rule: str
) -> Events:
    """Ring the next outside contact that may be dialled, or go on without."""
    order = order_of(s, now, node)
    index, refused = next_to_ring(s, now, order, after)
    yield from passed(s, now, walk.item, name, refused)
    for contact, refusal in refused:
        rule = f"{contact}: {refusal}"
    if index is not None:
        yield walk.stop(now, name, deadline(now, node), rule, target=index)
        yield from rung(s, now, walk.item, name, order[index])
        return
    item = s.items[walk.item]
    position = item.flow
    if position is not None and item.state is ItemState.IN_FLOW and position.node == name:
        yield from _on_from(s, now, item, position, node, rule)
    elif node.next:
        yield from arrive(s, now, walk, go(s, now, walk, node.next), rule)
    else:
        yield from _last_resort(s, now, item)


ANSWERS: Final[dict[str, Answer]] = {
    "menu": _menu,
    "voicemail": _voicemail,
    "callback": _booking(book_callback),
    "when": _booking(choose_time),
    "transfer": _transfer,
}


# --- going on ------------------------------------------------------------------------------------


def _queue_for(s: State, item: Item, node: Node) -> Queue:
    return _queue(s, node.queue) if node.queue is not None else queue_of(s, item)


def _on_from(
    s: State, now: Instant, item: Item, position: FlowPosition, node: Node, rule: str
) -> Events:
    """Go on after a node that did not settle the matter."""
    walk = walk_from(item, position)
    name = origin_of(position.node) or position.node
    if name != position.node:
        node = node_at(s.policies[position.policy], position.flow, name, item.queue) or node
    if name.startswith("!"):
        queue = _queue_for(s, item, node)
        chain = name[1:].partition("/")[0]
        condition = item.condition if item.condition is not None else Condition.CLOSED
        yield from follow(s, now, item, queue, condition, chain, walk, after=name)
    elif name.startswith((CALLBACK, WHEN, CONTACT)):
        yield from line_up(
            s,
            now,
            item,
            _queue_for(s, item, node),
            form=Form.CALL,
            first_queued_at=item.first_queued_at or now,
            rule=rule,
            anew=False,
        )
    elif node.next:
        yield from arrive(s, now, walk, go(s, now, walk, node.next), rule)
    else:
        yield from _last_resort(s, now, item)


def _last_resort(s: State, now: Instant, item: Item) -> Events:
    """The flow leads nowhere (its version had what the policy has no longer): queue the caller."""
    yield from line_up(
        s,
        now,
        item,
        queue_of(s, item),
        form=Form.CALL,
        first_queued_at=item.first_queued_at or now,
        rule="the flow leads nowhere: kept in line",
    )


def _late_recording(s: State, now: Instant, item: Item, c_: c.AdvanceFlow) -> Events:
    """The caller hung up while recording; the carrier told of the end before the recording."""
    position = item.flow
    node = (
        node_at(s.policies[position.policy], position.flow, position.node, item.queue)
        if position is not None
        else None
    )
    if node is None or node.kind != "voicemail":
        return
    if item.state is not ItemState.ABANDONED:  # kept when the caller hung up
        yield e.MessageLeft(at=now, item=item.id, words_ref=c_.recording_ref)
        return
    yield e.ItemReopened(at=now, item=item.id, by="resident", reason="message left")
    yield e.MessageLeft(at=now, item=item.id, words_ref=c_.recording_ref)
    head = _head_start_of(s, position) if position is not None else 0
    item = s.items[item.id]
    yield from keep_for_later(s, now, item, _queue_for(s, item, node), "message left", head)


def transfer_outside(s: State, now: Instant, item_id: ItemId, contact: str) -> Events:
    """An agent's cold transfer to somebody outside: the caller waits while it rings."""
    item = s.items[item_id]
    flow = item.flow.flow if item.flow is not None else next(iter(s.policy.flows))
    step = item.flow.step + 1 if item.flow is not None else 1
    walk = Walk(item=item_id, flow=flow, policy=s.policy_hash, step=step)
    name = f"{CONTACT}{contact}"
    node = node_at(s.policy, flow, name, item.queue)
    if node is not None:
        yield from _ring_next(s, now, walk, name, node, -1, "transferred by the agent")
