"""Why this item of all that waited, and why this agent of all who were free: in plain words.

Computed after the fact from the state before the offer, as the rest of the story is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from router.core.buckets import Bucket, Profile, has_missed
from router.core.matching import COST, buckets_of
from router.core.model import SECOND, AgentId, AgentOrder, Instant, ItemId, Span
from router.core.queueing import queue_of
from router.core.records import Agent, Item
from router.core.state import State

OLDER_SHOWN: Final = 3  # items that came earlier and were left waiting


def why_this_item(state: State, now: Instant, item: Item, agent_id: AgentId) -> Iterator[str]:
    """Yield why the agent was offered this item and none that came before it."""
    agent, profile = state.agents.get(agent_id), state.index.profile_of(agent_id)
    if agent is None or profile is None or item.fresh_until is None:
        return
    if has_missed(item, now):
        yield f"has missed its target: ranks as if come {_span(item.late_behind)} later"
    else:
        yield f"can still be answered within its target, for {_span(item.fresh_until - now)} more"
    older = sorted(
        (other.urgency_at, other.id)
        for bucket in buckets_of(state.index, profile, agent)
        for other in map(state.items.__getitem__, islice(bucket, 2 * OLDER_SHOWN))
        if other.urgency_at < item.urgency_at
    )
    for urgency, other_id in older[:OLDER_SHOWN]:
        other = state.items[ItemId(other_id)]
        ahead = _span(item.urgency_at - urgency)
        yield f"item {other_id} ranks {ahead} earlier, but {_why_left(state, now, item, other)}"
    if older:
        most = max(item.late_behind, queue_of(state, item).target_span)
        yield f"nobody is overtaken by who came more than {_span(most)} later"


def _why_left(state: State, now: Instant, item: Item, other: Item) -> str:
    if has_missed(other, now):
        return f"has missed its target and ranks {_span(other.late_behind)} later"
    here, there = _people(state, item), _people(state, other)
    if here < there:
        return f"{there} people at work can take it, and only {here} this one"
    return "was passed over for this agent"


def _people(state: State, item: Item) -> int:
    return state.index.bucket_of(item).available


def why_second(state: State, item: Item, agent: Agent, chosen: AgentId | None) -> str:
    """Return why an agent who was free, too, came second."""
    first = state.agents.get(chosen) if chosen is not None else None
    mine = state.index.profile_of(agent.id)
    theirs = state.index.profile_of(first.id) if first is not None else None
    if first is None or mine is None or theirs is None:
        return "free too, and would have been as good"
    bucket = state.index.bucket_of(item)
    queue = queue_of(state, item)
    for by in queue.agent_order:
        least, more = COST[by](state.index, bucket, [theirs, mine], queue)
        if least != more:
            return f"free too, but {_comes_after(state, by, bucket, mine)}"
    if first.idle_since <= agent.idle_since:
        return "free too, but idle for less long"
    return "free too, and would have been as good"


def _comes_after(state: State, by: AgentOrder, bucket: Bucket, profile: Profile) -> str:
    if by is AgentOrder.COVERAGE:
        idle = state.index.idle_with[bucket.tempo]
        rarest = min(profile.beside(bucket), key=lambda skill: (idle[skill], skill))
        return f"is kept for {rarest}, which only {idle[rarest]} of those free have"
    if by is AgentOrder.LEAST_FLEXIBLE:
        return f"can do more: has {len(profile.skills)} skills"
    if by is AgentOrder.TEAM_FIRST:
        return "is of another team"
    return "is at a lower level in what it asks for"


def _span(span: Span) -> str:
    seconds = round(span / SECOND)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60}:{seconds % 60:02} min"
