"""Who had the resident last: kept for them for a while, where the queue says so.

Known is what is in memory: who owns the item's conversation, else who handled the resident's
latest other item (until it is forgotten). Nothing is kept for somebody who is not there to take it
or could not.
"""

from __future__ import annotations

from collections.abc import Iterable

from router.core.model import AgentId, AgentStatus, Tempo
from router.core.records import Item
from router.core.state import State


def kept_for(s: State, item: Item, tempo: Tempo, asks: Iterable[str]) -> AgentId | None:
    """Return who had the resident last, if they are there and meet one of the requirements."""
    last = _last_agent(s, item)
    agent = s.agents.get(last) if last is not None else None
    if agent is None or agent.lease_until is None or agent.status is not AgentStatus.AVAILABLE:
        return None
    if agent.then_status is not None:
        return None
    profile = s.index.profile_of(agent.id)
    if any(profile in s.index.bucket(each, tempo).profiles for each in asks):
        return agent.id
    return None


def _last_agent(s: State, item: Item) -> AgentId | None:
    if item.text is not None and item.text.owner is not None:
        return item.text.owner
    handled = [
        (other.handled_since, other.id, other.agent)
        for other in map(s.items.__getitem__, s.index.by_address.get(item.address_key, ()))
        if other.agent is not None and other.handled_since is not None and other.id != item.id
    ]
    return max(handled)[2] if handled else None
