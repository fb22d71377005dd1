"""Warm transfer: the agent asks a third party before the resident is handed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from router.core import commands_calls as k
from router.core import events as e
from router.core.consults import asked, hand_over, let_go
from router.core.handling import IN_HAND, held_by, need_talk
from router.core.matching import best_agent
from router.core.model import AgentId, Instant, LegResult, QueueId, Span, Tempo
from router.core.offers import RING_AGENT, signed_in
from router.core.policy import Queue
from router.core.promises import check, promised
from router.core.queueing import queue_named, requirement_at
from router.core.records import Agent, Item
from router.core.ringing import may_ring, over_cap
from router.core.service_level import local_day
from router.core.state import State
from router.core.wishes import LEG_PATIENCE, dial_third
from router.errors import NotAllowed, NotNow, UnknownAgent, UnknownTarget

Events = Iterator[e.Event]


class Third(NamedTuple):
    """Whom to ring."""

    to: str  # as in `events_calls.ConsultBegun`
    leg: str
    ring_timeout: Span
    agent: AgentId | None = None
    queue: QueueId | None = None
    contact_ref: str = ""
    counted_as: str = ""  # under which the ringing counts against the caps; "" = not counted


def consult(s: State, now: Instant, c_: k.ConsultItem) -> Events:
    """Have the third party rung; the resident stays with the agent."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    need_talk(item)
    if asked(s, item) is not None:
        raise NotNow(f"item {item.id!r}: somebody is asked already; cancel that first")
    third = _third_of(s, now, item, c_)
    yield e.ConsultBegun(
        at=now,
        item=item.id,
        by=c_.agent_id,
        to=third.to,
        agent=third.agent,
        queue=third.queue,
        due=now + third.ring_timeout + LEG_PATIENCE,
    )
    if third.counted_as:
        yield e.NumberDialled(at=now, target=third.counted_as, day=local_day(s, now))
    yield dial_third(now, s.items[item.id], third.leg, third.contact_ref, third.ring_timeout)


def _third_of(s: State, now: Instant, item: Item, c_: k.ConsultItem) -> Third:
    chosen = [x for x in (c_.to_queue, c_.to_agent, c_.to_contact, c_.number_ref) if x]
    if len(chosen) != 1:
        raise UnknownTarget("ask exactly one of queue, agent, contact, number")
    if c_.to_contact:
        return _contact(s, now, c_.to_contact)
    if c_.number_ref:
        refusal = over_cap(s, now, c_.number_key)
        if refusal:
            raise NotAllowed(f"the number: {refusal}")
        return Third("number", "", RING_AGENT, contact_ref=c_.number_ref, counted_as=c_.number_key)
    if c_.to_agent is not None:
        return _colleague(s, c_.agent_id, c_.to_agent)
    return _somebody_of(s, now, item, c_)


def _contact(s: State, now: Instant, contact_id: str) -> Third:
    contact = s.policy.contacts.get(contact_id)
    if contact is None:
        raise UnknownTarget(
            f"no contact {contact_id!r}; contacts are {', '.join(s.policy.contacts)}"
        )
    if refusal := may_ring(s, now, contact_id):
        raise NotAllowed(f"contact {contact_id!r}: {refusal}")
    return Third(
        f"contact:{contact_id}", contact.number, contact.ring_timeout, counted_as=contact_id
    )


def _colleague(s: State, asking: AgentId, agent_id: AgentId) -> Third:
    if agent_id not in s.policy.agents:
        raise UnknownAgent(agent_id)
    agent = signed_in(s, agent_id)
    profile = s.index.profile_of(agent_id)
    if agent_id == asking or profile is None or Tempo.LIVE not in profile.free_tempos(agent):
        raise NotNow(f"agent {agent_id!r} is not free for a call now")
    return _ringing(s, agent, None)


def _ringing(s: State, agent: Agent, queue: QueueId | None) -> Third:
    leg = s.policy.agents[agent.id].leg
    if not leg:
        raise NotAllowed(f"agent {agent.id!r} has no telephone")
    return Third(f"agent:{agent.id}", leg, RING_AGENT, agent=agent.id, queue=queue)


def _somebody_of(s: State, now: Instant, item: Item, c_: k.ConsultItem) -> Third:
    queue = queue_named(s, c_.to_queue)
    agent = _free_of(s, now, item, queue, c_.agent_id)
    if agent is None:
        raise NotNow(f"nobody of queue {queue.id!r} is free now; transfer without asking instead")
    return _ringing(s, agent, queue.id)


def _free_of(s: State, now: Instant, item: Item, queue: Queue, asking: AgentId) -> Agent | None:
    """Return who of the queue would get the item now, by the first step that has somebody free."""
    for step in range(len(queue.steps) + 1):
        wanted = replace(
            item,
            queue=queue.id,
            tempo=Tempo.LIVE,
            requirement=requirement_at(s, item, queue, step),
            passed_over=((asking, now + 1),),
        )
        agent = best_agent(s, now, wanted)
        if agent is not None:
            return agent
    return None


def complete(s: State, now: Instant, c_: k.CompleteTransfer) -> Events:
    """The agent leaves, the resident stays with the third party."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    row = asked(s, item)
    if row is None or not row.connected:
        raise NotNow(f"item {item.id!r}: nobody else is on the line yet")
    yield from hand_over(s, now, item, row)


def promise(s: State, now: Instant, c_: k.PromiseCallback) -> Events:
    """The agent promises to ring back, and lets go whoever is on the line."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    owner = c_.owner if c_.owner is not None else c_.agent_id
    if owner not in s.policy.agents:
        raise UnknownAgent(owner)
    check(s, item, c_.starts)
    yield from promised(s, now, item, owner, c_.starts, f"by {c_.agent_id}")


def cancel(s: State, now: Instant, c_: k.CancelConsult) -> Events:
    """The third party is let go, the resident stays with the agent."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    if asked(s, item) is None:
        raise NotNow(f"item {item.id!r}: nobody is asked")
    yield from let_go(s, now, item, LegResult.ENDED, "the agent needs them no longer")
