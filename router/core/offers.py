"""Offers: an agent is reserved, sees, and answers; each offer ends in exactly one of five ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands as c
from router.core import events as e
from router.core import paces
from router.core.callbacks import ring_resident, rings_resident_first
from router.core.matching import could_take, make_offer, may_ask_more
from router.core.model import (
    ENDED,
    SECOND,
    AgentId,
    AgentStatus,
    Form,
    Instant,
    ItemId,
    OfferEnding,
    OfferId,
    Span,
    Unreached,
)
from router.core.queueing import release_reserved
from router.core.records import Agent, Item, Offer
from router.core.state import State
from router.core.wishes import dial_agent
from router.errors import NotNow, StaleOffer, UnknownAgent

Events = Iterator[e.Event]

PASS_OVER_ALONE: Final[Span] = 5 * SECOND  # the only agent who could take it is asked again soon
RING_AGENT: Final[Span] = 20 * SECOND


def signed_in(s: State, agent_id: AgentId) -> Agent:
    """Return the agent's row. Raises UnknownAgent when the agent has no live desk."""
    agent = s.agents.get(agent_id)
    if agent is None or agent.lease_until is None:
        raise UnknownAgent(agent_id, "not signed in")
    return agent


def open_offer(s: State, offer_id: OfferId, agent_id: AgentId) -> Offer:
    """Return the agent's open offer. Raises StaleOffer."""
    offer = s.offers.get(offer_id)
    if offer is None or offer.agent != agent_id:
        item = s.items.get(ItemId(offer_id.rpartition(".")[0]))
        holder = item.agent if item is not None and item.state not in ENDED else None
        taken = f"already taken by {holder}" if holder not in (None, agent_id) else ""
        raise StaleOffer(offer_id, agent_id, taken)
    return offer


def see(s: State, now: Instant, c_: c.SeeOffer) -> Events:
    """The desk shows the offer: from now on silence is a miss, not a skip."""
    offer = open_offer(s, c_.offer_id, c_.agent_id)
    if not offer.seen:
        yield e.OfferSeen(at=now, offer=offer.id)


def accept(s: State, now: Instant, c_: c.AcceptOffer) -> Events:
    """The agent takes the item; for calls their telephone rings next."""
    agent = s.agents.get(c_.agent_id)
    offer = s.offers.get(c_.offer_id)
    if offer is None and agent is not None and _has(agent, c_.offer_id):
        return  # a repeated click: it is theirs already
    offer = open_offer(s, c_.offer_id, c_.agent_id)
    item = s.items[offer.item]
    yield from withdraw_others(s, now, item, offer.id, "somebody else was quicker")
    yield e.OfferEnded(
        at=now, offer=offer.id, ending=OfferEnding.ACCEPTED, reason="", passed_over_until=None
    )
    yield e.HandlingStarted(at=now, item=item.id, agent=c_.agent_id, offered_at=offer.made_at)
    if rings_resident_first(s, item):
        yield from ring_resident(s, now, s.items[item.id])
    elif item.form in (Form.CALL, Form.CALLBACK):
        leg = s.policy.agents[c_.agent_id].leg
        yield dial_agent(now, s.items[item.id], c_.agent_id, leg, RING_AGENT)


def withdraw_others(s: State, now: Instant, item: Item, kept: OfferId, why: str) -> Events:
    """End every open offer of the item but one; who lost the race is not blamed for it."""
    for other in item.offers:
        if other != kept:
            yield from _end(s, now, s.offers[other], OfferEnding.WITHDRAWN, why)


def _has(agent: Agent, offer_id: OfferId) -> bool:
    item_id = offer_id.rpartition(".")[0]
    return any(h.item == item_id and h.state == "handling" for h in agent.holdings)


def decline(s: State, now: Instant, c_: c.DeclineOffer) -> Events:
    """The agent does not take it; the item keeps its place."""
    offer = open_offer(s, c_.offer_id, c_.agent_id)
    yield from _end(s, now, offer, OfferEnding.DECLINED, c_.reason)


def take_back(s: State, now: Instant, c_: c.TakeBackDecline) -> Events:
    """A mistaken decline is offered again, while nobody else has the item."""
    agent = signed_in(s, c_.agent_id)
    item = s.items.get(agent.declined_item) if agent.declined_item is not None else None
    if agent.declined != c_.offer_id or item is None:
        raise StaleOffer(c_.offer_id, c_.agent_id)
    if not may_ask_more(s, now, item):
        raise NotNow(f"item {item.id!r} is {item.state}: somebody else has it")
    if not could_take(s, item, agent):
        raise NotNow(f"agent {agent.id!r} cannot take it now")
    yield make_offer(s, now, item, agent, "decline taken back")


def expire(s: State, now: Instant, offer_id: OfferId) -> Events:
    """Nobody answered in time."""
    offer = s.offers[offer_id]
    ending = OfferEnding.MISSED if offer.seen else OfferEnding.SKIPPED
    yield from _end(s, now, offer, ending, "no answer in time")
    yield from away_if_missing(s, now, offer.agent)


def away_if_missing(s: State, now: Instant, agent_id: AgentId) -> Events:
    """Who does not answer several times in a row is away until they say otherwise."""
    agent = s.agents[agent_id]
    if agent.missed >= s.policy.offers.missed_max and agent.status is AgentStatus.AVAILABLE:
        yield e.AgentStatusSet(
            at=now,
            agent=agent.id,
            status=AgentStatus.AWAY,
            reason="not_answering",
            after_item=False,
        )


def end_offers(
    s: State, now: Instant, item: Item, ending: OfferEnding, reason: str
) -> Iterator[e.Event]:
    """End every open offer of the item."""
    for offer_id in item.offers:
        yield from _end(s, now, s.offers[offer_id], ending, reason)


def end_offer_of(s: State, now: Instant, agent: Agent, reason: str) -> Events:
    """End the open offer of an agent who leaves, without blame."""
    if agent.offer is not None:
        yield from _end(s, now, s.offers[agent.offer], OfferEnding.WITHDRAWN, reason)


def _end(s: State, now: Instant, offer: Offer, ending: OfferEnding, reason: str) -> Events:
    until = passed_over_until(s, now, s.items[offer.item], offer.agent, ending)
    yield e.OfferEnded(
        at=now,
        offer=offer.id,
        ending=ending,
        reason=reason,
        passed_over_until=until,
        paces=paces.failed(s, now, s.items[offer.item]),
    )
    item = s.items[offer.item]
    if item.reserved_for == offer.agent:
        rule = f"{offer.agent} did not take it: anyone may"
        yield from release_reserved(s, now, item, rule)


def passed_over_until(
    s: State, now: Instant, item: Item, agent_id: AgentId, cause: OfferEnding | Unreached
) -> Instant | None:
    """Return until when the agent is not asked again for the item; None: ask at once."""
    span = s.policy.offers.pass_over.get(cause, 0)
    if span and _is_alone(s, now, item, agent_id):
        span = min(span, PASS_OVER_ALONE)
    return now + span if span else None


def _is_alone(s: State, now: Instant, item: Item, agent_id: AgentId) -> bool:
    """Say whether nobody else at work could take the item."""
    _, available = s.index.staff(item.requirement, item.tempo)
    others = {who for who, until in item.passed_over if until > now} | {agent_id}
    return available <= len(others)
