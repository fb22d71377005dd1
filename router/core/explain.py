"""Why an item went where it went, or why it still waits: computed after the fact, from the journal.

The events are folded into a state of their own; at every event of the item the state before it
answers what was possible at that instant. Deciding pays nothing for this. Where today's code would
decide otherwise than the journal says, the story shows both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from router.core import events as e
from router.core import requirement
from router.core.buckets import NAMED
from router.core.conditions import staff_condition
from router.core.explain_next import what_next
from router.core.explain_order import why_second, why_this_item
from router.core.explain_places import place_of_node, place_of_requirement, place_of_rule
from router.core.explain_steps import once_conditions_hold, why_other_asks
from router.core.explain_turns import why_its_turn
from router.core.matching import LONGEST_IDLE, MOST_URGENT, OWED, best_agent, next_item
from router.core.model import (
    ENDED,
    IN_LINE,
    AgentId,
    AgentStatus,
    Instant,
    ItemId,
    ItemState,
    QueueId,
    Tempo,
)
from router.core.records import Agent, Item
from router.core.state import State
from router.core.story import describe
from router.core.turns import TURN


class Line(msgspec.Struct, frozen=True):
    """One sentence of the story, with what stands behind it."""

    at: Instant
    text: str
    details: tuple[str, ...] = ()


def item_of_event(state: State, event: e.Event) -> ItemId | None:
    """Return the item that an event is about; None for events of other things."""
    if isinstance(event, e.OfferSeen | e.OfferEnded):
        offer = state.offers.get(event.offer)
        return None if offer is None else offer.item
    if isinstance(event, e.EffectWanted):
        return event.effect.item_id
    if isinstance(event, e.EffectDone | e.EffectFailed):
        effect = state.pending.get(event.key)
        return None if effect is None else effect.item_id
    found = getattr(event, "item", None)
    return None if found is None else ItemId(found)


def lines_of(state: State, event: e.Event, item_id: ItemId) -> Iterator[Line]:
    """Yield what the event adds to the item's story; `state` is as before the event."""
    if isinstance(event, e.CallbackMerged) and event.into == item_id:
        yield Line(event.at, f"takes over the place of callback {event.item}: same caller")
        return
    if isinstance(event, e.ItemMerged) and event.into == item_id:
        yield Line(
            event.at, f"{name_of(state, event.by)} merged {_named(state, event.item)} into it"
        )
        return
    if isinstance(event, e.ItemUnmerged) and event.from_item == item_id:
        yield Line(
            event.at, f"{name_of(state, event.by)} took {_named(state, event.item)} out again"
        )
        return
    item = state.items.get(item_id)
    if item_of_event(state, event) != item_id and not _is_of_its_staff(event, item):
        return
    details = tuple(_details(state, event, item))
    text = describe(state, event, item)
    if text:
        yield Line(event.at, text, details)


_OF_STAFF: Final = (
    e.ConditionEntered,
    e.ConditionLasted,
    e.ConditionLeft,
    e.LanguageGapEntered,
    e.LanguageGapLasted,
    e.LanguageGapLeft,
    e.QueueLimited,
)


def _is_of_its_staff(event: e.Event, item: Item | None) -> bool:
    """Say whether the event tells of who is there for what waits."""
    return (
        isinstance(event, _OF_STAFF)
        and item is not None
        and item.state in IN_LINE
        and item.tempo is event.tempo
        and item.queue == event.queue
    )


def _named(state: State, item_id: ItemId) -> str:
    item = state.items.get(item_id)
    return f"{item.form} {item_id}" if item is not None else item_id


def _details(state: State, event: e.Event, item: Item | None) -> Iterator[str]:
    if isinstance(event, e.FallbackWalked):
        for tried in event.tried:
            place = place_of_rule(state.policy, tried.rule)
            came = "taken" if tried.hit else f"not taken, {tried.why}"
            yield f"rule {tried.rule} ({place}): {came}"
    elif isinstance(event, e.FlowMoved):
        place = place_of_node(
            state.policies.get(event.policy, state.policy), event.flow, event.node
        )
        if place:
            yield f"the node stands in {place}"
    elif isinstance(event, e.OfferMade) and item is not None:
        yield from _why_this_agent(state, event, item)
    elif isinstance(event, e.ItemQueued | e.StepTaken):
        queue = event.queue if isinstance(event, e.ItemQueued) else item and item.queue
        kept = event.kept if isinstance(event, e.StepTaken) else ()
        place = place_of_requirement(state.policy, queue, event.step, kept) if queue else ""
        yield f"asks for: {event.requirement} ({place})"
        yield f"because: {event.rule}"
        if isinstance(event, e.ItemQueued):
            yield from _has_to_last(state, event.at, event.queue, event.tempo)


def _has_to_last(state: State, now: Instant, queue_id: QueueId, tempo: Tempo) -> Iterator[str]:
    """Yield what is true of the queue's staff and not yet in effect."""
    row = state.conditions_row(queue_id, tempo)
    if row.lasts_at is not None:
        left, condition = (row.lasts_at - now) / 1e9, staff_condition(row)
        yield f"queue {queue_id} is {condition}: has to last another {left:.0f} s to count"


def _why_this_agent(state: State, event: e.OfferMade, item: Item) -> Iterator[str]:
    yield f"chosen as {event.rule}; asks for: {state.index.bucket_of(item).requirement}"
    yield from why_other_asks(state, item)
    if event.rule == MOST_URGENT:
        yield from why_this_item(state, event.at, item, event.agent)
    if event.rule == MOST_URGENT or event.rule.startswith(TURN):
        yield from why_its_turn(state, item, event)
    for agent_id in state.policy.agents:
        if agent_id == event.agent:
            continue
        yield f"{name_of(state, agent_id)}: {why_not(state, event.at, item, agent_id, event.agent)}"
    yield from _otherwise_today(state, event, item)


def _otherwise_today(state: State, event: e.OfferMade, item: Item) -> Iterator[str]:
    """Say so where today's code would have decided otherwise."""
    agent = state.agents.get(event.agent)
    if agent is None:
        return
    if event.rule == MOST_URGENT or event.rule.startswith((OWED, TURN)):
        other = next_item(state, event.at, agent)
        if other is None or other[0].id != item.id:
            found = "nothing" if other is None else f"item {other[0].id}"
            yield f"today's rules would have offered {found} to {name_of(state, agent.id)}"
    elif event.rule.endswith(LONGEST_IDLE):
        first = best_agent(state, event.at, item)
        if first is None or first.id != event.agent:
            found = "nobody" if first is None else name_of(state, first.id)
            yield f"today's rules would have offered it to {found}"


def why_not(
    state: State, now: Instant, item: Item, agent_id: AgentId, chosen: AgentId | None = None
) -> str:
    """Return in plain words why the agent was not (or is not) offered the item."""
    agent = state.agents.get(agent_id)
    rule = state.policy.agents.get(agent_id)
    if rule is None:
        return "not in the policy"
    if item.requirement.startswith(NAMED):
        if item.requirement != NAMED + agent_id:
            return f"the item is kept for {item.requirement[1:]}"
    else:
        asks = state.index.bucket_of(item).requirement
        lacks = requirement.why_not(requirement.parse(asks), rule.skills, rule.traits)
        if lacks:
            today = state.skills.get(agent_id)
            return lacks if today is None else f"{lacks} (skills for today: {today.by})"
    profile = state.index.profile_of(agent_id)
    if profile is None or not profile.capacity.units.get(item.tempo):
        return f"does not take {item.tempo} work"
    if agent is None or agent.lease_until is None:
        return "not signed in"
    busy = _why_busy(agent)
    if busy:
        return busy
    if item.tempo not in profile.free_tempos(agent):
        held = ", ".join(f"{h.tempo} item {h.item}" for h in agent.holdings)
        return f"at capacity: holds {held}"
    until = next((until for who, until in item.passed_over if who == agent_id), None)
    if until is not None and until > now:
        return "passed over for a while: did not take it a moment ago"
    return why_second(state, item, agent, chosen)


def _why_busy(agent: Agent) -> str:
    if agent.status is AgentStatus.AWAY:
        return f"away ({agent.reason})"
    if agent.status is AgentStatus.OFFLINE:
        return "offline"
    if agent.then_status is not None:
        return f"going {agent.then_status} after the present item"
    if agent.offer is not None:
        return f"is being offered item {agent.offer.rpartition('.')[0]}"
    return ""


def why_waiting(state: State, now: Instant, item_id: ItemId) -> Iterator[Line]:
    """Yield why the item still waits and what happens next, if it does."""
    item = state.items.get(item_id)
    if item is None:
        return
    if item.state is ItemState.QUEUED and item.queue is not None:
        line = state.index.line(item.queue, item.tempo)
        place = line.rank((item.urgency_at, item.id)) + 1
        reasons = tuple(
            f"{name_of(state, a)}: {why_not(state, now, item, a)}" for a in state.policy.agents
        )
        yield Line(
            now, f"still waits in queue {item.queue}, number {place} of {len(line)}", reasons
        )
    elif item.state is ItemState.OFFERED:
        for offer_id in item.offers:
            offer = state.offers[offer_id]
            left = (offer.expires_at - now) / 1e9
            yield Line(now, f"is on offer to {name_of(state, offer.agent)}, {left:.0f} s left")
    elif item.state is ItemState.DEFERRED and item.deferred_until is not None:
        hours = (item.deferred_until - now) / 3.6e12
        yield Line(now, f"is kept for later: back in line in {hours:.1f} h")
    elif item.agent is not None and item.state not in ENDED:
        yield Line(now, f"is with {name_of(state, item.agent)} ({item.state})")
    if item.state in IN_LINE and item.queue is not None:
        yield from (Line(now, text) for text in _has_to_last(state, now, item.queue, item.tempo))
    if item.state in IN_LINE:
        yield from (Line(now, text) for text in why_other_asks(state, item))
        yield from (Line(now, text) for text in once_conditions_hold(state, now, item))
    for at, what in what_next(state, item):
        yield Line(at, f"then, unless something happens before: {what}")


def name_of(state: State, agent_id: AgentId) -> str:
    """Return the agent's name, or the id of one whom the policy does not know."""
    rule = state.policy.agents.get(agent_id)
    return agent_id if rule is None else rule.name
