"""What matching should answer, from a scan over all items and all agents, none left out.

Shares no list, count or order with the code it is held against; only the requirement in force where
a condition of the queue changes it is asked of the index, because `strain_oracle` checks that.
"""

from __future__ import annotations

from router.core.buckets import NAMED
from router.core.matching import MOST_URGENT, OWED
from router.core.model import AgentId, AgentOrder, AgentStatus, Instant, ItemId, ItemState, Tempo
from router.core.policy import Queue
from router.core.records import Agent, Item
from router.core.requirement import matches, parse, skills_of
from router.core.state import State

Rank = tuple[Instant, ItemId]


def item_by_scan(state: State, now: Instant, agent: Agent) -> tuple[ItemId, str] | None:
    """Return the item that the agent shall be offered, and the rule."""
    mine = [
        item
        for item in state.items.values()
        if item.state is ItemState.QUEUED and _may(state, now, item, agent)
    ]
    late = []
    for minimum in state.policy.minimums:
        row = state.paces.get(minimum.id)
        due = 0 if row is None else row.due
        if due <= now:
            late.append((due, minimum.id, minimum))
    for _, name, minimum in sorted(late):
        part = [
            item
            for item in mine
            if item.tempo is minimum.tempo and (not minimum.queues or item.queue in minimum.queues)
        ]
        if part:
            return _first(state, now, part), f"{OWED} {name}"
    return (_first(state, now, mine), MOST_URGENT) if mine else None


def _first(state: State, now: Instant, items: list[Item]) -> ItemId:
    steady = min((_rank(state, now, i) for i in items if not _is_fresh(i, now)), default=None)
    ahead = [
        (_people(state, item), _rank(state, now, item))
        for item in items
        if _is_fresh(item, now) and (steady is None or _rank(state, now, item) < steady)
    ]
    if ahead:
        return min(ahead)[1][1]
    assert steady is not None
    return steady[1]


def agent_by_scan(state: State, now: Instant, item: Item) -> AgentId | None:
    """Return the agent who shall have the item."""
    free = [a for a in state.agents.values() if _has_room(state, a, item.tempo)]
    able = [agent for agent in free if _may(state, now, item, agent)]
    queue = state.policy.queues[item.queue] if item.queue is not None else None
    asked = skills_of(parse(_asks(state, item))) if item.reserved_for is None else frozenset()

    def order(agent: Agent) -> tuple[list[int], Instant, AgentId]:
        by = queue.agent_order if queue is not None else ()
        costs = [_cost(state, each, agent, queue, asked, free) for each in by]
        return costs, agent.idle_since, agent.id

    best = min(able, key=order, default=None)
    return None if best is None else best.id


def _cost(
    state: State,
    by: AgentOrder,
    agent: Agent,
    queue: Queue | None,
    asked: frozenset[str],
    free: list[Agent],
) -> int:
    rules = state.policy.agents
    skills = rules[agent.id].skills
    if by is AgentOrder.COVERAGE:
        have = [sum(skill in rules[a.id].skills for a in free) for skill in set(skills) - asked]
        return -min(have, default=len(state.agents) + 1)
    if by is AgentOrder.LEAST_FLEXIBLE:
        return len(skills)
    if by is AgentOrder.BEST_LEVEL:
        return -min((skills.get(skill, 0) for skill in asked), default=0)
    if by is AgentOrder.TEAM_FIRST:
        return int(queue is None or rules[agent.id].team != queue.team)
    return 0


def _may(state: State, now: Instant, item: Item, agent: Agent) -> bool:
    """Say whether the agent is free for the item and nothing else speaks against it."""
    over = any(who == agent.id and until > now for who, until in item.passed_over)
    return not over and _has_room(state, agent, item.tempo) and _can(state, item, agent)


def _can(state: State, item: Item, agent: Agent) -> bool:
    rule = state.policy.agents[agent.id]
    if not state.policy.capacities[rule.capacity].units.get(item.tempo):
        return False
    if item.requirement.startswith(NAMED):
        return item.requirement == NAMED + agent.id
    return matches(parse(_asks(state, item)), rule.skills, rule.traits)


def _has_room(state: State, agent: Agent, tempo: Tempo) -> bool:
    if agent.lease_until is None or agent.status is not AgentStatus.AVAILABLE:
        return False
    if agent.offer is not None or agent.then_status is not None:
        return False
    rule = state.policy.capacities[state.policy.agents[agent.id].capacity]
    held = [holding.tempo for holding in agent.holdings]
    if held and (tempo in rule.exclusive or rule.exclusive.intersection(held)):
        return False
    if rule.blocked_by.get(tempo, frozenset()).intersection(held):
        return False
    return held.count(tempo) < rule.units.get(tempo, 0)


def _people(state: State, item: Item) -> int:
    """Return how many are at work who could take it, busy or not."""
    return sum(
        agent.lease_until is not None
        and agent.status is AgentStatus.AVAILABLE
        and _can(state, item, agent)
        for agent in state.agents.values()
    )


def _is_fresh(item: Item, now: Instant) -> bool:
    return item.fresh_until is not None and now <= item.fresh_until


def _rank(state: State, now: Instant, item: Item) -> Rank:
    behind = item.late_behind if item.fresh_until is not None and now > item.fresh_until else 0
    return item.urgency_at + behind - state.index.bucket_of(item).lift, item.id


def _asks(state: State, item: Item) -> str:
    return state.index.bucket_of(item).requirement
