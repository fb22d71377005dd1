"""Folding facts about arrival, flow, line and offers into the state."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

from router.core import apply_agents, apply_waiting
from router.core import events as e
from router.core.apply_agents import drop_holding
from router.core.lifecycle import move
from router.core.model import (
    ENDED,
    AgentId,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegState,
    OfferEnding,
)
from router.core.records import FlowPosition, Item, Offer, PaceRow, TextWork
from router.core.state import State
from router.errors import InvariantBroken


def item_of(state: State, item_id: ItemId) -> Item:
    """Return the item's row. Raises InvariantBroken when there is none."""
    item = state.items.get(item_id)
    if item is None:
        raise InvariantBroken(f"event for unknown item {item_id!r}")
    return item


def release(state: State, item: Item, ev: e.Event) -> None:
    """Take the item out of its agent's hands, if it is in any.

    A call that never reached the agent's telephone was no work: the agent has idled on.
    """
    if item.agent is None or item.state in ENDED:
        return
    on_phone = item.form in (Form.CALL, Form.CALLBACK)
    worked = not on_phone or item.agent_call_state in (LegState.CONNECTED, LegState.ENDED)
    drop_holding(state, item.agent, item.id, ev.at if worked else None)


def alive_again(item: Item, ev: e.Event) -> Item:
    """Return the row of an item that had ended, without its end."""
    return replace(
        item,
        state=move(item.state, ev),
        outcome="",
        ended_at=None,
        forget_at=None,
        agent=None,
        handled_since=None,
    )


# --- arrival and flow ----------------------------------------------------------------------------


def _received(state: State, ev: e.ItemReceived) -> None:
    if ev.item in state.items:
        raise InvariantBroken(f"item {ev.item!r} received twice")
    state.put_item(
        ev.item,
        Item(
            id=ev.item,
            channel=ev.channel,
            tempo=ev.tempo,
            form=ev.form,
            state=ItemState.RECEIVED,
            received_at=ev.at,
            called=ev.called,
            address_key=ev.address_key,
            contact_ref=ev.contact_ref,
            words_ref=ev.words_ref,
            language=ev.language,
            subject=ev.subject,
            attributes=ev.attributes,
            call_id=ev.call_id,
            call_state=LegState.CONNECTED if ev.call_id else LegState.NONE,
        ),
    )


def _shaped(state: State, ev: e.ItemShaped) -> None:
    item = item_of(state, ev.item)
    state.put_item(ev.item, replace(item, requires=ev.requires, head_start=ev.head_start))


def _flow_moved(state: State, ev: e.FlowMoved) -> None:
    item = item_of(state, ev.item)
    following = move(item.state, ev)
    release(state, item, ev)
    attributes = item.attributes
    if ev.attributes:
        attributes = tuple(sorted({**dict(attributes), **dict(ev.attributes)}.items()))
    state.put_item(
        ev.item,
        replace(
            item,
            state=following,
            flow=FlowPosition(
                flow=ev.flow,
                policy=ev.policy,
                node=ev.node,
                step=ev.step,
                tries=ev.tries,
                trail=ev.trail,
                due=ev.due,
                target=ev.target,
            ),
            queue=ev.queue if ev.queue is not None else item.queue,
            language=ev.language or item.language,
            subject=ev.subject or item.subject,
            requires=ev.requires or item.requires,
            head_start=ev.head_start or item.head_start,
            attributes=attributes,
            passed_over=(),
            agent=None,
            reserved_for=None,
            reserved_until=None,
            agent_call_id="",
            agent_call_state=LegState.NONE,
        ),
    )


def _item_queued(state: State, ev: e.ItemQueued) -> None:
    item = item_of(state, ev.item)
    row = queued(item, ev)
    release(state, item, ev)
    apply_waiting.entered(state, ev)
    state.put_item(ev.item, row)
    put_paces(state, ev.paces)


def queued(item: Item, ev: e.ItemQueued) -> Item:
    """Return the row of an item that gets in line."""
    if _past_of(item) != _NO_PAST:
        item = _without_past(item, ev)
    return replace(
        item,
        state=move(item.state, ev),
        tempo=ev.tempo,
        form=ev.form,
        queue=ev.queue,
        first_queued_at=ev.first_queued_at,
        urgency_at=ev.urgency_at,
        head_start=ev.head_start,
        requirement=ev.requirement,
        step=ev.step,
        step_due=ev.step_due,
        threshold_at=ev.threshold_at,
        service_level="" if ev.threshold_at is not None else item.service_level,
        due_at=ev.due_at,
        late_at=ev.late_at,
        passed_over=ev.passed_over,
        reserved_for=AgentId(ev.requirement[1:]) if ev.requirement.startswith("@") else None,
        entered_at=item.entered_at if ev.entered_at is None else ev.entered_at,
        reserved_until=ev.reserved_until,
        fresh_until=ev.fresh_until,
        late_behind=ev.late_behind,
    )


# what ends when an item gets in line again, and how it is without; most have nothing of it
_PAST: Final = {
    "deferred_until": None,
    "callback": None,
    "agent": None,
    "handled_since": None,
    "resident_ringing": "",
    "agent_call_id": "",
    "agent_call_state": LegState.NONE,
    "flow": None,
}
_past_of: Final = attrgetter(*_PAST)
_NO_PAST: Final = tuple(_PAST.values())


def _without_past(item: Item, ev: e.ItemQueued) -> Item:
    """Return the row without it; a callback keeps its callback, a flow its place."""
    callback = item.callback if ev.form is Form.CALLBACK else None
    flow = replace(item.flow, due=None) if item.flow is not None else None
    return replace(item, **(_PAST | {"callback": callback, "flow": flow}))


def put_paces(state: State, paces: tuple[tuple[str, Instant], ...]) -> None:
    """Note how far minimums and turns have come."""
    for minimum, due in paces:
        state.put_pace(PaceRow(minimum=minimum, due=due))


def _step_taken(state: State, ev: e.StepTaken) -> None:
    item = item_of(state, ev.item)
    state.put_item(
        ev.item,
        replace(
            item,
            step=ev.step,
            requirement=ev.requirement,
            step_due=ev.step_due,
            urgency_at=item.urgency_at if ev.urgency_at is None else ev.urgency_at,
            reserved_for=None,
            reserved_until=None,
        ),
    )
    apply_waiting.kept(state, ev)


def _late_noted(state: State, ev: e.LateNoted) -> None:
    state.put_item(ev.item, replace(item_of(state, ev.item), late_at=None))


def _passed_over_again(state: State, ev: e.PassedOverAgain) -> None:
    item = item_of(state, ev.item)
    left = tuple(p for p in item.passed_over if p[1] > ev.at)
    state.put_item(ev.item, replace(item, passed_over=left))


def _prioritised(state: State, ev: e.ItemPrioritised) -> None:
    item = item_of(state, ev.item)
    state.put_item(ev.item, replace(item, head_start=ev.head_start, urgency_at=ev.urgency_at))


def _estimate_spoken(state: State, ev: e.EstimateSpoken) -> None:
    item = item_of(state, ev.item)
    apply_waiting.promised(state, ev)
    state.put_item(
        ev.item,
        replace(
            item,
            spoken_turn=ev.turn,
            spoken_place=ev.place,
            spoken_low=ev.low,
            spoken_high=ev.high,
            spoken_risen=ev.risen,
            callback_offered=ev.callback_offered,
        ),
    )


def _message_left(state: State, ev: e.MessageLeft) -> None:
    state.put_item(ev.item, replace(item_of(state, ev.item), words_ref=ev.words_ref))


# --- offers --------------------------------------------------------------------------------------


def _offer_made(state: State, ev: e.OfferMade) -> None:
    item = item_of(state, ev.item)
    if ev.offer in state.offers:
        raise InvariantBroken(f"offer {ev.offer!r} made twice")
    state.put_offer(
        ev.offer,
        Offer(
            id=ev.offer,
            item=ev.item,
            agent=ev.agent,
            tempo=ev.tempo,
            made_at=ev.at,
            expires_at=ev.expires_at,
            seen=False,
            rule=ev.rule,
        ),
    )
    state.put_item(
        ev.item,
        replace(
            item,
            state=move(item.state, ev),
            offers=(*item.offers, ev.offer),
            offer_count=item.offer_count + 1,
        ),
    )
    apply_agents.reserve(state, ev)
    put_paces(state, ev.paces)


def _offer_seen(state: State, ev: e.OfferSeen) -> None:
    offer = state.offers.get(ev.offer)
    if offer is None:
        raise InvariantBroken(f"unknown offer {ev.offer!r} seen")
    state.put_offer(ev.offer, replace(offer, seen=True))


def _offer_ended(state: State, ev: e.OfferEnded) -> None:
    offer = state.offers.get(ev.offer)
    if offer is None:
        raise InvariantBroken(f"unknown offer {ev.offer!r} ended")
    state.put_offer(ev.offer, None)
    item = item_of(state, offer.item)
    left = tuple(o for o in item.offers if o != ev.offer)
    accepted = ev.ending is OfferEnding.ACCEPTED
    passed_over = tuple(p for p in item.passed_over if p[0] != offer.agent and p[1] > ev.at)
    if ev.passed_over_until is not None:
        passed_over = (*passed_over, (offer.agent, ev.passed_over_until))
    state.put_item(
        item.id,
        replace(
            item,
            state=item.state if left or accepted else ItemState.QUEUED,
            offers=left,
            passed_over=passed_over,
        ),
    )
    apply_agents.unreserve(state, ev, offer)
    put_paces(state, ev.paces)


def _handling_started(state: State, ev: e.HandlingStarted) -> None:
    item = item_of(state, ev.item)
    state.put_item(
        ev.item,
        replace(
            item,
            state=move(item.state, ev),
            agent=ev.agent,
            handled_since=ev.at,
            offered_at=ev.offered_at,
            step_due=None,
            late_at=None,
            passed_over=(),
            reserved_for=None,
            reserved_until=None,
            agent_dial="",
            resident_dial="",
            resident_ringing="",
            leg_due=None,
            text=None if item.text is None else taken_up(item.text, ev.agent),
        ),
    )
    apply_agents.take(state, ev, item)


def taken_up(text: TextWork, agent_id: AgentId) -> TextWork:
    """Return what holds once somebody has it: no one else is told, silence counts anew."""
    return replace(text, owner=agent_id, page_due=None, idle_due=None)


def _fallback_walked(state: State, ev: e.FallbackWalked) -> None:
    state.put_item(ev.item, replace(item_of(state, ev.item), condition=ev.condition))


def _nothing(state: State, ev: e.Event) -> None:
    """Applied for the story alone: the events around it carry the change."""


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.ItemReceived: _received,
    e.ItemShaped: _shaped,
    e.FlowMoved: _flow_moved,
    e.FallbackWalked: _fallback_walked,
    e.ItemQueued: _item_queued,
    e.StepTaken: _step_taken,
    e.LateNoted: _late_noted,
    e.PassedOverAgain: _passed_over_again,
    e.ItemPrioritised: _prioritised,
    e.EstimateSpoken: _estimate_spoken,
    e.OfferMade: _offer_made,
    e.OfferSeen: _offer_seen,
    e.OfferEnded: _offer_ended,
    e.HandlingStarted: _handling_started,
    e.MessageLeft: _message_left,
    e.CallbackMerged: _nothing,
    e.ItemAssigned: _nothing,
}
