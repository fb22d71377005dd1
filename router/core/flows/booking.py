"""A caller books a callback: when, and at which number.

Each handler settles the matter, or returns why it did not: then the flow goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from router.core import commands as c
from router.core import events as e
from router.core.flows.walk import PATIENCE, Walk
from router.core.model import MINUTE, Form, Instant
from router.core.policy import Node, Queue
from router.core.records import FlowPosition
from router.core.state import State
from router.core.windows import (
    CALLBACK,
    asked_again,
    has_room_at,
    origin_of,
    start_in,
    starts_in,
    with_origin,
)
from router.core.wished_callbacks import wished

Settled = Generator[e.Event, None, str]
"""Yields events; returns "" when the matter is settled, else why it is not."""
Answered = Callable[[State, Instant, Walk, FlowPosition, Node, Queue, c.AdvanceFlow], Settled]


def book_callback(
    s: State,
    now: Instant,
    walk: Walk,
    position: FlowPosition,
    node: Node,
    queue: Queue,
    c_: c.AdvanceFlow,
) -> Settled:
    """The caller said at which number, or that no callback is wanted."""
    item = s.items[walk.item]
    ref, key = c_.number_ref, c_.address_key
    if not ref and c_.digits == "1":
        ref, key = item.contact_ref, item.address_key
    if not ref or queue.callback is None:
        if c_.digits != "*" and position.tries + 1 < max(node.tries, 1):
            why = "a number that cannot be rung" if c_.digits else "no answer"
            said = "callback_refused" if c_.digits else "nothing_heard"
            yield walk.ask_again(now, position, node, said, why)
            return ""
        return "no callback wanted or possible"
    start = start_in(position.node)
    start = start if start is not None and start > now else None
    if start is not None and not has_room_at(s, queue, start, key):
        asks = asked_again(s, now, queue, origin_of(position.node))
        walk.say("callback_taken")
        yield walk.stop(now, asks, now + PATIENCE, "the last place of that time was just taken")
        return ""
    counted = item.threshold_at is not None or bool(item.service_level)
    why = "callback booked"
    yield from wished(s, now, item, queue, key, ref, start, why, form=Form.CALL, anew=not counted)
    return ""


def choose_time(
    s: State,
    now: Instant,
    walk: Walk,
    position: FlowPosition,
    node: Node,
    queue: Queue,
    c_: c.AdvanceFlow,
) -> Settled:
    """The caller said when: key 1 as soon as possible, the others a window."""
    starts = starts_in(position.node)
    choices = {"1": CALLBACK} | {
        str(key): f"{CALLBACK}:{start // MINUTE}" for key, start in enumerate(starts, 2)
    }
    chosen = choices.get(c_.digits)
    if chosen is not None:
        rule = f"key {c_.digits}: when to be called back"
        name = with_origin(chosen, origin_of(position.node))
        yield walk.stop(now, name, now + PATIENCE, rule)
    elif position.tries + 1 < node.tries:
        said = "not_understood" if c_.digits else "nothing_heard"
        yield walk.ask_again(now, position, node, said, "no such time")
    else:
        return "no time was chosen"
    return ""
