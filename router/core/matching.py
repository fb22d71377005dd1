"""Which item, which agent: one decision costs the look at a few heads of ordered lists.

Items go by urgency (due instant less head start, then id), agents by longest idle (since the end
of the last handled work, then id). An agent who just failed an item is passed over for it for a
while. No list of all items or all agents is ever walked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from router.core import callbacks
from router.core import events as e
from router.core.index import NAMED, Bucket
from router.core.model import (
    AgentId,
    AgentStatus,
    Form,
    Instant,
    ItemId,
    ItemState,
    OfferId,
    Tempo,
)
from router.core.queueing import queue_of
from router.core.records import Agent, Item
from router.core.state import State
from router.core.touched import Touched

LOOK_PAST_MAX: Final = 16  # heads looked at beyond those that pass the agent over

Events = Iterator[e.Event]


def settle(s: State, now: Instant, touched: Touched) -> Events:
    """Match whoever was touched until nothing more can be offered, the most urgent item first."""
    while touched.items or touched.agents:
        yield from _settle_agents(s, now, touched)
        waiting = sorted(touched.items, key=lambda item_id: _urgency(s, item_id))
        touched.items.clear()
        for item_id in waiting:
            yield from offer_item(s, now, item_id)
            yield from _settle_agents(s, now, touched)


def _settle_agents(s: State, now: Instant, touched: Touched) -> Events:
    while touched.agents:
        agent_id = next(iter(touched.agents))
        del touched.agents[agent_id]
        yield from _leave_when_done(s, now, agent_id)
        yield from offer_to_agent(s, now, agent_id)


def _urgency(s: State, item_id: ItemId) -> tuple[Instant, ItemId]:
    item = s.items.get(item_id)
    return (item.urgency_at if item is not None else 0, item_id)


def offer_item(s: State, now: Instant, item_id: ItemId) -> Events:
    """Offer the item to the best agent who could take it now, if there is one."""
    item = s.items.get(item_id)
    if item is None or item.state is not ItemState.QUEUED:
        return
    if item.form is Form.CALLBACK:
        deferral = callbacks.out_of_hours(s, now, item)
        if deferral is not None:
            yield deferral
            return
    agent = best_agent(s, now, item)
    if agent is not None:
        yield make_offer(s, now, item, agent, "longest idle")


def offer_to_agent(s: State, now: Instant, agent_id: AgentId) -> Events:
    """Offer the agent the most urgent item they could take now, if there is one."""
    while True:
        agent = s.agents.get(agent_id)
        item = best_item(s, now, agent) if agent is not None else None
        if agent is None or item is None:
            return
        if item.form is Form.CALLBACK:
            deferral = callbacks.out_of_hours(s, now, item)
            if deferral is not None:
                yield deferral
                continue
        yield make_offer(s, now, item, agent, "most urgent item")
        return


def best_agent(s: State, now: Instant, item: Item) -> Agent | None:
    """Return the longest idle agent who meets the item's requirement and has capacity."""
    best: tuple[int, str] | None = None
    for profile in s.index.bucket(item.requirement, item.tempo).profiles:
        idle = profile.idle[item.tempo]
        head = idle.first()
        if head is None or (best is not None and head >= best):
            continue
        if item.passed_over:
            head = next(
                (k for k in islice(idle, LOOK_PAST_MAX) if _may_have(item, AgentId(k[1]), now)),
                None,
            )
            if head is None or (best is not None and head >= best):
                continue
        best = head
    return None if best is None else s.agents[AgentId(best[1])]


def best_item(s: State, now: Instant, agent: Agent) -> Item | None:
    """Return the most urgent item that the agent could be offered now."""
    profile = s.index.profile_of(agent.id)
    if profile is None:
        return None
    best: tuple[int, str] | None = None
    for tempo in profile.free_tempos(agent):
        for bucket in profile.buckets[tempo]:
            head = bucket.keys.first()
            if head is not None and (best is None or head < best):  # most buckets end here
                best = _better(s, now, agent.id, bucket, best)
        best = _better_named(s, now, agent.id, tempo, best)
    return None if best is None else s.items[ItemId(best[1])]


def _better(
    s: State, now: Instant, agent_id: AgentId, bucket: Bucket, best: tuple[int, str] | None
) -> tuple[int, str] | None:
    head = bucket.keys.first()
    if head is None or (best is not None and head >= best):
        return best
    if not s.items[ItemId(head[1])].passed_over:
        return head
    for key in islice(bucket.keys, LOOK_PAST_MAX):
        if best is not None and key >= best:
            return best
        if _may_have(s.items[ItemId(key[1])], agent_id, now):
            return key
    return best


def _better_named(
    s: State, now: Instant, agent_id: AgentId, tempo: Tempo, best: tuple[int, str] | None
) -> tuple[int, str] | None:
    bucket = s.index.buckets.get((NAMED + agent_id, tempo))
    return best if bucket is None else _better(s, now, agent_id, bucket, best)


def _may_have(item: Item, agent_id: AgentId, now: Instant) -> bool:
    return all(who != agent_id or until <= now for who, until in item.passed_over)


def could_take(s: State, item: Item, agent: Agent) -> bool:
    """Say whether the agent meets what the item asks for and has room for it now."""
    profile = s.index.profile_of(agent.id)
    if profile is None or profile not in s.index.bucket(item.requirement, item.tempo).profiles:
        return False
    return item.tempo in profile.free_tempos(agent)


def make_offer(s: State, now: Instant, item: Item, agent: Agent, rule: str) -> e.OfferMade:
    """Return the offer: its id follows from the item, so that chance is not needed."""
    timeout = queue_of(s, item).offer_timeout[item.tempo]
    return e.OfferMade(
        at=now,
        offer=OfferId(f"{item.id}.{item.offer_count + 1}"),
        item=item.id,
        agent=agent.id,
        tempo=item.tempo,
        expires_at=now + timeout,
        idle_since=agent.idle_since,
        rule=rule,
    )


def _leave_when_done(s: State, now: Instant, agent_id: AgentId) -> Events:
    """Bring about the status that the agent asked for after the present item."""
    agent = s.agents.get(agent_id)
    if agent is None or agent.then_status is None or agent.holdings:
        return
    if agent.then_status is AgentStatus.OFFLINE:
        yield e.AgentSignedOut(at=now, agent=agent_id, reason=agent.then_reason or "end-of-shift")
    else:
        yield e.AgentStatusSet(
            at=now,
            agent=agent_id,
            status=agent.then_status,
            reason=agent.then_reason,
            after_item=False,
        )
