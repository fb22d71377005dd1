"""Folding facts about agents, queues, effects and the machine into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import apply_listening
from router.core import events as e
from router.core.effects import DialAgent, DialListener, DialResident, DialThird
from router.core.model import STRAIN, AgentId, AgentStatus, Instant, ItemId, OfferEnding, Tempo
from router.core.records import (
    Agent,
    DialRow,
    EmergencyRow,
    Holding,
    Item,
    KeyRow,
    Offer,
    QueueRow,
)
from router.core.records_town import KindRow
from router.core.state import State
from router.errors import InvariantBroken


def agent_of(state: State, agent_id: AgentId) -> Agent:
    """Return the agent's row. Raises InvariantBroken when there is none."""
    agent = state.agents.get(agent_id)
    if agent is None:
        raise InvariantBroken(f"event for unknown agent {agent_id!r}")
    return agent


# --- what an agent holds -------------------------------------------------------------------------


def reserve(state: State, ev: e.OfferMade) -> None:
    """The agent has an open offer; it counts against the capacity at once."""
    agent = agent_of(state, ev.agent)
    if agent.offer is not None:
        raise InvariantBroken(f"agent {ev.agent!r} already has offer {agent.offer!r}")
    held = Holding(item=ev.item, tempo=ev.tempo, state="offered")
    state.put_agent(
        ev.agent,
        replace(
            agent,
            offer=ev.offer,
            holdings=(*agent.holdings, held),
            declined=None,
            declined_item=None,
        ),
    )


def unreserve(state: State, ev: e.OfferEnded, offer: Offer) -> None:
    """The offer is over; unless accepted, the agent no longer holds the item."""
    agent = agent_of(state, offer.agent)
    if ev.ending is OfferEnding.ACCEPTED:
        # of a call only the telephone proves that somebody is there
        missed = agent.missed if offer.tempo is Tempo.LIVE else 0
        state.put_agent(agent.id, replace(agent, offer=None, missed=missed))
        return
    declined = ev.ending is OfferEnding.DECLINED
    failed = ev.ending in (OfferEnding.MISSED, OfferEnding.SKIPPED)
    state.put_agent(
        agent.id,
        replace(
            agent,
            offer=None,
            holdings=tuple(h for h in agent.holdings if h.item != offer.item),
            missed=agent.missed + 1 if failed else agent.missed,
            declined=offer.id if declined else None,
            declined_item=offer.item if declined else None,
        ),
    )


def take(state: State, ev: e.HandlingStarted, item: Item) -> None:
    """The agent handles the item from now on."""
    agent = agent_of(state, ev.agent)
    rest = tuple(h for h in agent.holdings if h.item != item.id)
    held = Holding(item=item.id, tempo=item.tempo, state="handling")
    state.put_agent(agent.id, replace(agent, holdings=(*rest, held)))


def wrap_up(state: State, ev: e.WrapUpStarted, item: Item) -> None:
    """The talk is over, the agent still has the item."""
    if item.agent is None:
        raise InvariantBroken(f"item {item.id!r} goes to wrap-up without an agent")
    agent = agent_of(state, item.agent)
    state.put_agent(
        agent.id,
        replace(
            agent,
            holdings=tuple(
                replace(h, state="wrap_up") if h.item == item.id else h for h in agent.holdings
            ),
        ),
    )


def connect(state: State, agent_id: AgentId) -> None:
    """The agent's telephone was answered: earlier misses are forgotten."""
    agent = agent_of(state, agent_id)
    if agent.missed:
        state.put_agent(agent_id, replace(agent, missed=0))


def miss(state: State, agent_id: AgentId) -> None:
    """The agent accepted, but their telephone was not answered."""
    agent = agent_of(state, agent_id)
    state.put_agent(agent_id, replace(agent, missed=agent.missed + 1))


def drop_holding(
    state: State, agent_id: AgentId, item_id: ItemId, handled_at: Instant | None
) -> None:
    """The agent no longer has the item; idle time counts from the end of work on it, if any."""
    agent = agent_of(state, agent_id)
    rest = tuple(h for h in agent.holdings if h.item != item_id)
    if len(rest) == len(agent.holdings):
        raise InvariantBroken(f"agent {agent_id!r} does not hold item {item_id!r}")
    idle_since = agent.idle_since if handled_at is None else handled_at
    state.put_agent(agent_id, replace(agent, holdings=rest, idle_since=idle_since))


# --- agents --------------------------------------------------------------------------------------


def _signed_in(state: State, ev: e.AgentSignedIn) -> None:
    agent = state.agents.get(ev.agent)
    if agent is None:
        agent = Agent(
            id=ev.agent,
            status=AgentStatus.AWAY,
            reason="just_signed_in",
            desk=ev.desk,
            lease_until=ev.lease_until,
            since=ev.at,
            idle_since=ev.at,
        )
    elif agent.status is AgentStatus.OFFLINE or agent.lease_until is None:
        agent = replace(
            agent,
            status=AgentStatus.AWAY,
            reason="just_signed_in",
            desk=ev.desk,
            lease_until=ev.lease_until,
            since=ev.at,
            then_status=None,
            then_reason="",
            missed=0,
        )
    else:
        agent = replace(agent, desk=ev.desk, lease_until=ev.lease_until)
    state.put_agent(ev.agent, replace(agent, client=ev.client, attempt=ev.attempt))


def _signed_out(state: State, ev: e.AgentSignedOut) -> None:
    agent = agent_of(state, ev.agent)
    state.put_agent(
        ev.agent,
        replace(
            agent,
            status=AgentStatus.OFFLINE,
            reason=ev.reason,
            desk="",
            lease_until=None,
            since=ev.at,
            then_status=None,
            then_reason="",
            declined=None,
            declined_item=None,
        ),
    )


def _status_set(state: State, ev: e.AgentStatusSet) -> None:
    agent = agent_of(state, ev.agent)
    if ev.after_item:
        row = replace(agent, then_status=ev.status, then_reason=ev.reason)
    else:
        row = replace(
            agent,
            status=ev.status,
            reason=ev.reason,
            since=ev.at,
            then_status=None,
            then_reason="",
            missed=0 if ev.status is AgentStatus.AVAILABLE else agent.missed,
        )
    state.put_agent(ev.agent, row)


def _leases_renewed(state: State, ev: e.LeasesRenewed) -> None:
    for agent_id in ev.agents:
        agent = agent_of(state, agent_id)
        state.put_agent(agent_id, replace(agent, lease_until=ev.until))


# --- queues --------------------------------------------------------------------------------------


def _hours_changed(state: State, ev: e.QueueHoursChanged) -> None:
    row = state.queues.get(ev.queue, QueueRow(id=ev.queue))
    state.put_queue(
        replace(row, is_open=ev.is_open, rule=ev.rule, reason=ev.reason, changes_at=ev.changes_at)
    )


def _condition_entered(state: State, ev: e.ConditionEntered) -> None:
    row = state.conditions_row(ev.queue, ev.tempo)
    row = replace(row, conditions=tuple(sorted({*row.conditions, ev.condition})))
    if ev.condition not in STRAIN:
        row = replace(row, lasts_at=ev.lasts_at, meanwhile=ev.meanwhile)
    state.put_conditions(row)


def _condition_lasted(state: State, ev: e.ConditionLasted) -> None:
    row = state.conditions_row(ev.queue, ev.tempo)
    state.put_conditions(replace(row, lasts_at=None, meanwhile=None))


def _condition_left(state: State, ev: e.ConditionLeft) -> None:
    row = state.conditions_row(ev.queue, ev.tempo)
    left = tuple(each for each in row.conditions if each is not ev.condition)
    row = replace(row, conditions=left)
    if ev.condition not in STRAIN:
        row = replace(row, lasts_at=None, meanwhile=None)
    state.put_conditions(row)


# --- the machine ---------------------------------------------------------------------------------


def _policy_adopted(state: State, ev: e.PolicyAdopted) -> None:
    state.put_policy(ev.policy)


def _service_resumed(state: State, ev: e.ServiceResumed) -> None:
    for agent in list(state.agents.values()):
        if agent.lease_until is not None and agent.lease_until < ev.leases_until:
            state.put_agent(agent.id, replace(agent, lease_until=ev.leases_until))
    for offer in list(state.offers.values()):
        state.put_offer(offer.id, replace(offer, expires_at=offer.expires_at + ev.offers_extended))
    rows: list[QueueRow | KindRow] = [*state.queues.values(), *state.kinds.values()]
    for row in rows:
        if row.lasts_at is not None:  # nobody could come back while nothing ran
            state.put_conditions(replace(row, lasts_at=row.lasts_at + ev.offers_extended))
    for key, gap in list(state.gaps.items()):
        if gap.lasts_at is not None:
            state.put_gap(key, replace(gap, lasts_at=gap.lasts_at + ev.offers_extended))


def _emergency_set(state: State, ev: e.EmergencySet) -> None:
    state.put_emergency(
        ev.hours,
        EmergencyRow(
            hours=ev.hours,
            closed=ev.closed,
            since=ev.at,
            until=ev.until,
            reason=ev.reason,
            by=ev.by,
        ),
    )


def _emergency_cleared(state: State, ev: e.EmergencyCleared) -> None:
    state.put_emergency(ev.hours, None)


def _key_kept(state: State, ev: e.KeyKept) -> None:
    state.put_key(ev.key, KeyRow(key=ev.key, item=ev.item, until=ev.until))


def _key_dropped(state: State, ev: e.KeyDropped) -> None:
    state.put_key(ev.key, None)


def _dialled(state: State, ev: e.NumberDialled) -> None:
    total = state.dials.get("")
    if total is not None and total.day != ev.day:
        for target in [t for t, row in state.dials.items() if row.day != ev.day]:
            state.put_dial(target, None)
    for target in dict.fromkeys((ev.target, "")):
        row = state.dials.get(target)
        count = row.count + 1 if row is not None and row.day == ev.day else 1
        state.put_dial(target, DialRow(target=target, day=ev.day, count=count))


def _effect_wanted(state: State, ev: e.EffectWanted) -> None:
    key = ev.effect.key
    state.put_pending(key, ev.effect)
    item = state.items.get(ev.effect.item_id)
    if item is None:
        return
    count = item.effect_count + 1
    if isinstance(ev.effect, DialAgent):
        row = replace(item, effect_count=count, agent_dial=key, leg_due=ev.due)
    elif isinstance(ev.effect, DialResident):
        row = replace(item, effect_count=count, resident_dial=key, leg_due=ev.due)
    elif isinstance(ev.effect, DialThird):
        state.put_consult(item.id, replace(state.consults[item.id], key=key))
        row = replace(item, effect_count=count)
    elif isinstance(ev.effect, DialListener):
        apply_listening.rung_by(state, item.id, key)
        row = replace(item, effect_count=count)
    else:
        row = replace(item, effect_count=count)
    state.put_item(item.id, row)


def _effect_over(state: State, ev: e.EffectDone | e.EffectFailed) -> None:
    state.put_pending(ev.key, None)


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.AgentSignedIn: _signed_in,
    e.AgentSignedOut: _signed_out,
    e.AgentStatusSet: _status_set,
    e.LeasesRenewed: _leases_renewed,
    e.QueueHoursChanged: _hours_changed,
    e.ConditionEntered: _condition_entered,
    e.ConditionLasted: _condition_lasted,
    e.ConditionLeft: _condition_left,
    e.PolicyAdopted: _policy_adopted,
    e.ServiceResumed: _service_resumed,
    e.EmergencySet: _emergency_set,
    e.EmergencyCleared: _emergency_cleared,
    e.KeyKept: _key_kept,
    e.KeyDropped: _key_dropped,
    e.NumberDialled: _dialled,
    e.EffectWanted: _effect_wanted,
    e.EffectDone: _effect_over,
    e.EffectFailed: _effect_over,
}
