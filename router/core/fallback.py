"""What happens to those who cannot simply wait: ordered rules, hits and misses recorded.

Closed, emergency, nobody staffed, all away, full, too late, closing while waiting: each condition
of a queue names a chain. The first rule whose conditions all hold is taken; `say` rules speak and
let the chain go on. A chain that runs out queues the item all the same: nobody is dropped.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from router.core import events as e
from router.core.callbacks import closed
from router.core.conditions import conditions
from router.core.first_response import due_at
from router.core.flows.nodes import node_at, targets_of
from router.core.flows.walk import TRANSFER_MAX, Walk, deadline
from router.core.hours import next_open, standing
from router.core.lone_joining import take_over
from router.core.model import IN_LINE, Channel, Condition, Form, Instant, QueueId, Span, Tempo
from router.core.on_call import order_of, passed, rung
from router.core.paging import cannot, page
from router.core.policy import FallbackRule, Queue
from router.core.queueing import (
    KEPT_AS,
    TEMPO_OF,
    URGENT,
    emergency_of,
    line_up,
)
from router.core.records import Item
from router.core.redials import old_place
from router.core.ringing import next_to_ring
from router.core.service_level import local_day
from router.core.state import State
from router.core.telling import tell_in_chat
from router.core.text_level import threshold_as
from router.core.windows import asked_first

CHAINS_MAX: Final = 20  # chains followed; the check refuses cycles, this stops the unforeseen
_NEEDS_CALL: Final = frozenset({"voicemail", "callback", "transfer"})

Events = Iterator[e.Event]


@dataclass(frozen=True, slots=True)
class Taken:
    """The rule that was taken, with everything tried before it."""

    rule: FallbackRule | None
    name: str  # "!chain/rule"
    said: tuple[str, ...]  # names of the `say` rules passed
    tried: tuple[e.Tried, ...]


def enter_queue(
    s: State, now: Instant, item: Item, queue: Queue, walk: Walk | None, *, form: Form, rule: str
) -> Events:
    """Queue the item, or follow the fate that a condition of the queue declares for it."""
    fate = fate_at(s, now, item, queue)
    if fate is not None:
        yield from follow(s, now, item, queue, *fate, walk)
        return
    first = item.first_queued_at if item.first_queued_at is not None else now
    if form is Form.CALL:
        first = yield from old_place(s, now, item, queue.id)
    yield from line_up(s, now, item, queue, form=form, first_queued_at=first, rule=rule)


def fate_at(s: State, now: Instant, item: Item, queue: Queue) -> tuple[Condition, str] | None:
    """Return the first condition that keeps the item from waiting there, and its chain."""
    for condition in conditions(s, now, item, queue):
        chain = queue.fates.get(condition)
        if chain is not None:
            return condition, chain
    return None


def follow(
    s: State,
    now: Instant,
    item: Item,
    queue: Queue,
    condition: Condition,
    chain: str,
    walk: Walk | None,
    after: str = "",
    *,
    head: Span = 0,
    visited: frozenset[QueueId] = frozenset(),
) -> Events:
    """Follow a chain, from its beginning or from after the rule named `after`.

    `head` is the head start that queues sent on from gave; `visited` are those queues.
    """
    taken = walk_chain(s, now, item, queue, condition, chain, after)
    yield from noted_walk(s, now, item, condition, chain, taken)
    if walk is not None:
        walk.trail.extend(taken.said)
    yield from _act(s, now, item, queue, taken, walk, head, visited | {queue.id})


def noted_walk(
    s: State, now: Instant, item: Item, condition: Condition, chain: str, taken: Taken
) -> Events:
    """Note which rules were tried and what is done; who waits in a chat is told there."""
    yield e.FallbackWalked(
        at=now,
        item=item.id,
        condition=condition,
        chain=chain,
        tried=taken.tried,
        action=taken.rule.action if taken.rule is not None else "queue",
    )
    yield from tell_in_chat(s, now, s.items[item.id], taken.tried)


def walk_chain(
    s: State, now: Instant, item: Item, queue: Queue, condition: Condition, chain: str, after: str
) -> Taken:
    """Return the rule that applies; pure, used by `explain` as well."""
    tried: list[e.Tried] = []
    said: list[str] = []
    skipping = after
    for _ in range(CHAINS_MAX):
        found = s.policy.fallbacks.get(chain)
        if found is None:
            break
        following = ""
        for rule in found.rules:
            name = f"!{chain}/{rule.id}"
            if skipping:
                skipping = "" if name == skipping else skipping
                continue
            why = miss(s, now, item, queue, condition, rule)
            tried.append(e.Tried(rule=name[1:], hit=not why, why=why))
            if why:
                continue
            if rule.action == "say":
                said.append(name)
            elif rule.action == "chain":
                said.extend([name] if rule.text else [])
                following = rule.chain
                break
            else:
                return Taken(rule, name, tuple(said), tuple(tried))
        if not following:
            break
        chain = following
    return Taken(None, "", tuple(said), tuple(tried))


def miss(
    s: State,
    now: Instant,
    item: Item,
    queue: Queue,
    condition: Condition,
    rule: FallbackRule,
    *,
    alone: bool = False,
) -> str:
    """Return why the rule does not apply; "" when it does. `alone`: without a caller as well."""
    if rule.when_subject and item.subject not in rule.when_subject:
        return f"subject is {item.subject or 'not known'}, the rule is for others"
    if rule.when_channel and item.channel not in rule.when_channel:
        return f"channel is {item.channel}"
    if rule.when_condition and condition not in rule.when_condition:
        return f"condition is {condition}"
    if rule.when_hours:
        hours = s.policy.hours[rule.when_hours]
        if not standing(hours, now, emergency_of(s, rule.when_hours)).is_open:
            return f"hours {rule.when_hours} are closed"
    on_the_line = bool(item.call_id) and item.tempo is Tempo.LIVE  # who left a message is not
    has_caller = item.channel is Channel.VOICE and on_the_line
    if rule.action in _NEEDS_CALL and not has_caller and not alone:
        return f"{rule.action} needs a caller on the line"
    if rule.action == "callback" and (rule.queue is None and queue.callback is None):
        return "the queue does not call back"
    if rule.action == "end" and not on_the_line:
        return "nobody is on the line to be told: it is kept"
    if rule.action == "transfer":
        return _nobody_to_ring(s, now, rule)
    if rule.action == "page":
        told = item.state in IN_LINE and item.id in s.on_call
        return "those on call were told of it" if told else cannot(s, now, item, rule)
    return ""


def _nobody_to_ring(s: State, now: Instant, rule: FallbackRule) -> str:
    targets = targets_of(s.policy, rule.targets, local_day(s, now))
    if not targets:
        return "nobody of the list is on"
    index, refused = next_to_ring(s, now, targets)
    return "" if index is not None else "; ".join(f"{who}: {why}" for who, why in refused)


def _act(
    s: State,
    now: Instant,
    item: Item,
    queue: Queue,
    taken: Taken,
    walk: Walk | None,
    head: Span,
    visited: frozenset[QueueId],
) -> Events:
    rule = taken.rule
    if rule is None:
        yield from line_up(
            s,
            now,
            item,
            queue,
            form=_waiting_form(item) if walk is None else Form.CALL,
            first_queued_at=item.first_queued_at or now,
            rule="the fallback chain has no rule for this: kept in line",
            head_start=head,
        )
        return
    target = s.policy.queues[rule.queue] if rule.queue is not None else queue
    head = URGENT if rule.urgent else head
    if rule.action == "queue" and target.id not in visited:
        fate = fate_at(s, now, item, target)
        if fate is not None:  # nobody can simply wait there either
            yield from follow(s, now, item, target, *fate, walk, head=head, visited=visited)
            return
    if rule.action in _NEEDS_CALL and walk is not None:
        node = node_at(s.policy, walk.flow, taken.name, target.id)
        if node is not None:
            walk.policy = s.policy_hash  # the chains in force, not those of the flow's version
            why = f"fallback {taken.name[1:]}"
            index = 0
            if rule.action == "transfer":
                index = yield from _first_to_ring(s, now, item, rule, taken.name)
            stands = asked_first(s, now, target, node, taken.name)
            due = deadline(now, node)
            yield walk.stop(now, stands, due, why, target=index, queue=target.id)
            return
    if walk is not None:
        walk.trail.append(taken.name)
        why = f"fallback {taken.name[1:]}"
        yield walk.stop(now, taken.name, now + TRANSFER_MAX, why, queue=target.id)
    yield from _settle_without_caller(s, now, s.items[item.id], target, rule, head, taken.name)


def _first_to_ring(
    s: State, now: Instant, item: Item, rule: FallbackRule, name: str
) -> Generator[e.Event, None, int]:
    """Return whom of the rule's contacts the caller is put through to; `miss` knows somebody."""
    order = order_of(s, now, rule)
    after = (yield from take_over(s, now, item, name, order)) if rule.hung_up else -1
    found, refused = next_to_ring(s, now, order, after)
    yield from passed(s, now, item.id, name, refused)
    index = found if found is not None else 0
    yield from rung(s, now, item.id, name, order[index])
    return index


def _settle_without_caller(
    s: State, now: Instant, item: Item, target: Queue, rule: FallbackRule, head: int, name: str
) -> Events:
    if rule.action == "queue":
        yield from line_up(
            s,
            now,
            item,
            target,
            form=Form.CALL if item.call_id else _waiting_form(item),
            first_queued_at=item.first_queued_at or now,
            rule=f"fallback rule {rule.id}",
            head_start=head,
        )
    elif rule.action == "end":
        yield closed(s, now, item.id, "informed")
    elif rule.action == "page":
        yield from keep_for_later(s, now, item, target, f"fallback rule {rule.id}", head)
        yield from page(s, now, s.items[item.id], rule, name, 0)
    else:
        yield from keep_for_later(s, now, item, target, f"fallback rule {rule.id}", head)


def keep_for_later(
    s: State, now: Instant, item: Item, queue: Queue, reason: str, head: int = 0
) -> Events:
    """Keep what a caller left, or a form, for people: now if open, else at the next opening."""
    hours = s.policy.hours[queue.hours]
    emergency = emergency_of(s, queue.hours)
    form = _text_form(item)
    waits = item.first_queued_at if item.form is form else None  # what is left behind begins now
    first = now if waits is None else waits
    if standing(hours, now, emergency).is_open:
        yield from line_up(
            s, now, item, queue, form=form, first_queued_at=first, rule=reason, head_start=head
        )
        return
    until = next_open(hours, now, emergency)
    if until is None:
        yield from line_up(
            s,
            now,
            item,
            queue,
            form=form,
            first_queued_at=first,
            rule=f"{reason}; no opening within 400 days",
            head_start=head,
        )
        return
    due = item.due_at if item.form is form and item.due_at else due_at(s, now, queue, item.channel)
    yield e.ItemDeferred(
        at=now,
        item=item.id,
        until=until,
        queue=queue.id,
        form=form,
        tempo=TEMPO_OF[form],
        reason=reason,
        due_at=due,
        threshold_at=threshold_as(item, form, due),
    )
    if head:
        yield e.ItemPrioritised(
            at=now,
            item=item.id,
            head_start=item.head_start + head,
            urgency_at=s.items[item.id].urgency_at,
            rule=reason,
        )


def _text_form(item: Item) -> Form:
    return KEPT_AS.get(item.channel, Form.MESSAGE)


def _waiting_form(item: Item) -> Form:
    """Who waits in a chat goes on waiting in it."""
    return Form.CHAT if item.form is Form.CHAT else _text_form(item)
