"""Agents come, go, and choose; a desk that vanishes stops being available."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import commands as c
from router.core import events as e
from router.core.model import AgentId, AgentStatus, Instant
from router.core.offers import end_offer_of, signed_in
from router.core.state import State
from router.errors import NotNow, UnknownAgent, UnknownTarget

Events = Iterator[e.Event]


def sign_in(s: State, now: Instant, c_: c.SignIn) -> Events:
    """A desk has connected; a second desk takes over from the first.

    A page that gave a connection up and made another is not thrown out by the first one, which some
    daemon may store late. Errors: `UnknownAgent`; `NotNow` for that first one.
    """
    if c_.agent_id not in s.policy.agents:
        raise UnknownAgent(c_.agent_id)
    row = s.agents.get(c_.agent_id)
    if row is not None and c_.client and c_.client == row.client and c_.attempt < row.attempt:
        raise NotNow("this desk has connected anew meanwhile")
    yield e.AgentSignedIn(
        at=now,
        agent=c_.agent_id,
        desk=c_.desk,
        lease_until=now + s.policy.offers.lease,
        client=c_.client,
        attempt=c_.attempt,
    )


def sign_out(s: State, now: Instant, c_: c.SignOut) -> Events:
    """Leave now; what is held stays until it is done."""
    agent = signed_in(s, c_.agent_id)
    yield from end_offer_of(s, now, agent, "the agent signed out")
    yield e.AgentSignedOut(at=now, agent=agent.id, reason="signed-out")


def set_status(s: State, now: Instant, c_: c.SetStatus) -> Events:
    """Available, away with a reason, or offline; at once or after what is held."""
    agent = signed_in(s, c_.agent_id)
    reasons = s.policy.away_reasons
    if c_.status is AgentStatus.AWAY and c_.reason not in reasons:
        raise UnknownTarget(f"no away reason {c_.reason!r}; reasons are {', '.join(reasons)}")
    later = c_.after_item and bool(agent.holdings) and c_.status is not AgentStatus.AVAILABLE
    if later:
        yield e.AgentStatusSet(
            at=now, agent=agent.id, status=c_.status, reason=c_.reason, after_item=True
        )
        return
    if c_.status is AgentStatus.OFFLINE:
        yield from sign_out(s, now, c.SignOut(agent_id=agent.id))
        return
    if c_.status is AgentStatus.AWAY:
        yield from end_offer_of(s, now, agent, "the agent went away")
    yield e.AgentStatusSet(
        at=now, agent=agent.id, status=c_.status, reason=c_.reason, after_item=False
    )


def renew_leases(s: State, now: Instant, c_: c.RenewLeases) -> Events:
    """These desks are alive; a desk that was taken over renews nothing."""
    alive = tuple(
        agent_id
        for agent_id, desk in c_.desks
        if (agent := s.agents.get(agent_id)) is not None
        and agent.desk == desk
        and agent.lease_until is not None
    )
    if alive:
        yield e.LeasesRenewed(at=now, agents=alive, until=now + s.policy.offers.lease)


def lose_lease(s: State, now: Instant, agent_id: AgentId) -> Events:
    """The desk has proved nothing for too long."""
    agent = s.agents[agent_id]
    yield from end_offer_of(s, now, agent, "the desk vanished")
    yield e.AgentSignedOut(at=now, agent=agent_id, reason="lease-lost")
