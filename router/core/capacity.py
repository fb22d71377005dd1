"""Who may hold how much: one ledger over all kinds of channel, counted from the offer."""

from __future__ import annotations

from typing import Final

from router.core.model import AgentStatus, Tempo
from router.core.policy import Capacity
from router.core.records import Agent

NONE: Final[frozenset[Tempo]] = frozenset()


def may_be_offered(agent: Agent) -> bool:
    """Say whether the agent could be offered anything at all.

    Nothing is offered while away, without a live desk, leaving after this item, or while another
    offer is open.
    """
    return (
        agent.lease_until is not None
        and agent.status is AgentStatus.AVAILABLE
        and agent.offer is None
        and agent.then_status is None
    )


def whole_of(capacity: Capacity) -> frozenset[Tempo]:
    """Return what an agent who holds nothing could take."""
    return frozenset(tempo for tempo, units in capacity.units.items() if units > 0)


def beside(agent: Agent, capacity: Capacity) -> frozenset[Tempo]:
    """Return what could be taken beside what the agent holds."""
    held: dict[Tempo, int] = {}
    for holding in agent.holdings:
        held[holding.tempo] = held.get(holding.tempo, 0) + 1
    if capacity.exclusive & held.keys():
        return NONE
    return frozenset(
        tempo
        for tempo, units in capacity.units.items()
        if held.get(tempo, 0) < units
        and tempo not in capacity.exclusive
        and not capacity.blocked_by.get(tempo, NONE) & held.keys()
    )


def is_over(agent: Agent, capacity: Capacity) -> bool:
    """Say whether the agent holds more than the capacity gives."""
    held: dict[Tempo, int] = {}
    for holding in agent.holdings:
        held[holding.tempo] = held.get(holding.tempo, 0) + 1
    if capacity.exclusive & held.keys() and len(agent.holdings) > 1:
        return True
    return any(count > capacity.units.get(tempo, 0) for tempo, count in held.items())
