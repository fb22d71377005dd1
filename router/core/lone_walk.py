"""Lone walks: a caller who hangs up does not take the report along.

A rule that says so (`hung_up`) keeps the item for people at once, before everything that is not
urgent, and its list is walked on by calls of our own. Who picks up hears that the caller has hung
up and where to reach them, and presses 1. Nobody at all: the next `transfer` rule of the chain
is walked; after the last one the item stands first in line, and status says that nobody took it.
Never connects anybody: there is nobody left to connect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core.callbacks import WAITING, closed
from router.core.fallback import keep_for_later, miss
from router.core.flows.nodes import rule_at
from router.core.lone_joining import SAME_CALL, is_walked, others_of
from router.core.model import Condition, Form, Instant, ItemId, ItemState, LegResult, OfferEnding
from router.core.offers import end_offers
from router.core.on_call import open_attempt, order_of, passed, place_in, rung
from router.core.policy import FallbackRule
from router.core.queueing import URGENT, queue_of
from router.core.records import Item
from router.core.records_town import LoneWalk
from router.core.ringing import next_to_ring
from router.core.state import State
from router.core.wished_callbacks import wished
from router.core.wishes import dial_on_call, end_leg

Events = Iterator[e.Event]

ACKNOWLEDGED: Final = "acknowledged"
UNANSWERED: Final = "unanswered"
TAKEN: Final = "taken"  # an agent has it


def stays(s: State, item: Item) -> bool:
    """Say whether the item outlives its caller: people on call were rung by a rule that says so."""
    row, position = s.on_call.get(item.id), item.flow
    if row is None or position is None or item.state is not ItemState.IN_FLOW:
        return False
    rule = rule_at(s.policies[position.policy], row.rule)
    return rule is not None and bool(rule.hung_up)


def begin(s: State, now: Instant, item: Item, reason: str) -> Events:
    """The caller is gone; `stays` holds. Keep the report and ring on, if the list is not through.

    A later call of the same resident that walks the same list has the report already.
    """
    position, told = item.flow, s.on_call[item.id]
    rule = rule_at(s.policy, told.rule)
    urgent = URGENT if rule is not None and rule.urgent else 0
    yield e.LoneWalkBegun(at=now, item=item.id, rule=told.rule)
    why = f"the caller hung up ({reason}): the report stays"
    yield from keep_for_later(s, now, item, queue_of(s, item), why, urgent)
    for other in others_of(s, item, told.rule):
        if other.state is ItemState.IN_FLOW and other.flow and other.flow.node == told.rule:
            yield e.LoneWalkEnded(at=now, item=item.id, result=SAME_CALL, into=other.id)
            yield closed(s, now, item.id, "merged")
            return
    if rule is None or position is None or position.node != told.rule:  # the walk was through
        yield e.LoneWalkEnded(at=now, item=item.id, result=UNANSWERED)
        return
    order = order_of(s, now, rule)
    index = place_in(s, item.id, order, position.target)
    yield from _ring(s, now, item.id, told.rule, max(-1, index - 1))


def _ring(s: State, now: Instant, item_id: ItemId, name: str, after: int) -> Events:
    """Ring whoever follows `after` on the list of the rule, or go on with the next list."""
    while True:
        rule = rule_at(s.policy, name)
        order = order_of(s, now, rule)
        index, refused = next_to_ring(s, now, order, after)
        yield from passed(s, now, item_id, name, refused)
        if index is not None:
            break
        following = _next_list(s, now, s.items[item_id], name)
        if not following:
            yield e.LoneWalkEnded(at=now, item=item_id, result=UNANSWERED)
            return
        name, after = following, -1
    contact = order[index]
    before = open_attempt(s, item_id)
    if before is None or before.contact != contact:  # else it rang with the caller on the line
        yield from rung(s, now, item_id, name, contact)
    wanted = dial_on_call(now, s.items[item_id], s.policy.contacts[contact])
    yield wanted
    due = wanted.due if wanted.due is not None else now
    yield e.LoneWalkRang(
        at=now, item=item_id, rule=name, index=index, key=wanted.effect.key, due=due
    )


def _next_list(s: State, now: Instant, item: Item, name: str) -> str:
    """Return the next rule of the chain that rings people on call; "" when there is none."""
    chain_id, _, rule_id = name.lstrip("!").partition("/")
    chain = s.policy.fallbacks.get(chain_id)
    rules = chain.rules if chain is not None else ()
    at = next((place for place, rule in enumerate(rules) if rule.id == rule_id), len(rules))
    condition = item.condition if item.condition is not None else Condition.CLOSED
    return next(
        (
            f"!{chain_id}/{rule.id}"
            for rule in rules[at + 1 :]
            if rule.hung_up and not _misses(s, now, item, condition, rule)
        ),
        "",
    )


def _misses(s: State, now: Instant, item: Item, on: Condition, rule: FallbackRule) -> bool:
    return bool(miss(s, now, item, queue_of(s, item), on, rule, alone=True))


# --- what is heard of the telephones -------------------------------------------------------------


def heard(s: State, now: Instant, item: Item, c_: c.ReportLeg) -> Events:
    """Somebody on call has pressed 1 (answered), or not."""
    row = _ringing(s, item, c_.key)
    if row is None:
        return  # too late: they hear that it is settled
    if c_.result is LegResult.ANSWERED:
        yield from _acknowledged(s, now, item, row)
        return
    picked_up = c_.result in (LegResult.ENDED, LegResult.MACHINE)
    yield from _in_vain(s, now, item, LegResult.NOT_ACCEPTED if picked_up else c_.result)


def unheard(s: State, now: Instant, name: str) -> Events:
    """Nothing was heard of the telephone that rang: the news was lost, or the carrier failed."""
    item = s.items[ItemId(name)]
    row = s.walks[item.id]
    if row.call_id:
        yield end_leg(s, now, item, row.call_id)
    yield from _in_vain(s, now, item, LegResult.NO_ANSWER)


def not_rung(s: State, now: Instant, item: Item, effect: f.DialOnCall, why: str) -> Events:
    """The carrier did not make the call."""
    if _ringing(s, item, effect.key) is not None:
        yield from _in_vain(s, now, item, LegResult.FAILED)


def rings(s: State, now: Instant, item: Item, effect: f.DialOnCall, call_id: str) -> Events:
    """The call was made; one that nobody waits for any more is ended."""
    row, ringing = s.walks.get(item.id), _ringing(s, item, effect.key)
    if ringing is not None and not ringing.call_id:
        yield e.LegChanged(at=now, item=item.id, leg="on_call", call_id=call_id, connected=False)
    elif row is None or row.key != effect.key or row.result not in ("", ACKNOWLEDGED):
        yield end_leg(s, now, item, call_id)


def _ringing(s: State, item: Item, key: str) -> LoneWalk | None:
    """Return the walk if the telephone that was dialled under `key` is the one that rings now."""
    row = s.walks.get(item.id)
    return row if row is not None and is_walked(row) and row.key == key else None


def _in_vain(s: State, now: Instant, item: Item, result: LegResult) -> Events:
    """The one who was rung has not taken it: the next one, unless an agent has it by now."""
    row = s.walks[item.id]
    rule, told = rule_at(s.policy, row.rule), open_attempt(s, item.id)
    after = place_in(s, item.id, order_of(s, now, rule), row.index)
    if told is not None:
        yield e.OutsideTried(at=now, item=item.id, contact=told.contact, result=result)
    if s.items[item.id].state not in WAITING:
        yield e.LoneWalkEnded(at=now, item=item.id, result=TAKEN)
        return
    yield from _ring(s, now, item.id, row.rule, after)


def _acknowledged(s: State, now: Instant, item: Item, row: LoneWalk) -> Events:
    told = open_attempt(s, item.id)
    contact = told.contact if told is not None else ""
    yield e.OutsideTried(at=now, item=item.id, contact=contact, result=LegResult.ANSWERED)
    if item.state not in WAITING:
        yield e.LoneWalkEnded(at=now, item=item.id, result=TAKEN, contact=contact)
        return
    yield e.LoneWalkEnded(at=now, item=item.id, result=ACKNOWLEDGED, contact=contact)
    rule = rule_at(s.policy, row.rule)
    then = rule.hung_up if rule is not None else "message"
    if then == "message":
        return
    yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, f"{contact} has taken it on")
    item = s.items[item.id]
    queue = queue_of(s, item)
    if then == "callback" and queue.callback is not None and item.contact_ref:
        key, ref, why = item.address_key, item.contact_ref, f"{contact} has taken it on"
        yield from wished(s, now, item, queue, key, ref, None, why, form=Form.CALL, anew=True)
    elif then == "close":
        yield closed(s, now, item.id, ACKNOWLEDGED)
