"""A supervisor in an agent's talk: hears it, speaks to the agent alone, or speaks to both.

They are in the talk of one agent and leave with that agent, whoever has the resident then. They
hold nothing, are no part of anybody's load, and the talk goes on without them: nothing here ends a
leg but their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands as c
from router.core import commands_listening as k
from router.core import effects as f
from router.core import events as e
from router.core.arrivals import open_item
from router.core.model import AgentId, Instant, ItemId, ItemState, LegResult, ListenMode, Tempo
from router.core.offers import RING_AGENT
from router.core.policy_listening import ListeningRule
from router.core.records import Item
from router.core.records_calls import Listener
from router.core.relations import talks
from router.core.state import State
from router.core.touched import Touched
from router.core.wishes import LEG_PATIENCE, dial_listener, end_leg, set_listener
from router.errors import NotAllowed, NotNow

Events = Iterator[e.Event]

_IN_HAND: Final = frozenset({ItemState.HANDLING, ItemState.HELD})


def listen(s: State, now: Instant, c_: k.ListenTo) -> Events:
    """Ring the supervisor, or change how they are in the talk.

    Raises:
        UnknownItem: there is no such item.
        NotAllowed: the town does not want it, it is their own talk, or they have no telephone.
        NotNow: nobody talks, somebody else listens, or they are on the telephone themselves.
    """
    item = open_item(s, c_.item_id)
    rule = _rule_of(s, c_.mode)
    row = s.listeners.get(item.id)
    if row is not None and row.agent != c_.agent_id:
        raise NotNow(f"item {item.id!r}: {row.by} listens already; they must stop first")
    if row is not None:
        if row.mode is not c_.mode:
            yield e.ListeningChanged(at=now, item=item.id, mode=c_.mode, by=c_.by)
            if row.connected:
                yield set_listener(now, s.items[item.id], row.call_id)
        return
    of, leg = _talk_of(s, item, rule), _leg_of(s, item, c_.agent_id)
    yield e.ListeningBegun(
        at=now,
        item=item.id,
        agent=c_.agent_id,
        by=c_.by,
        of=of,
        mode=c_.mode,
        is_shown=rule.is_shown,
        due=now + RING_AGENT + LEG_PATIENCE,
    )
    yield dial_listener(now, s.items[item.id], leg, RING_AGENT)


def stop(s: State, now: Instant, c_: k.StopListening) -> Events:
    """Take whoever listens out of the talk.

    Raises:
        UnknownItem: there is no such item.
        NotNow: nobody listens.
    """
    item = open_item(s, c_.item_id)
    if item.id not in s.listeners:
        raise NotNow(f"item {item.id!r}: nobody listens")
    yield from let_go(s, now, item, f"stopped by {c_.by}")


def _rule_of(s: State, mode: ListenMode) -> ListeningRule:
    rule = s.policy.listening
    if rule is None or mode not in rule.modes:
        raise NotAllowed(f"the town allows nobody to {mode} (listening: in config/town.yaml)")
    return rule


def _talk_of(s: State, item: Item, rule: ListeningRule) -> AgentId:
    if item.state not in _IN_HAND or item.agent is None or not talks(item):
        raise NotNow(f"item {item.id!r}: resident and agent are not on the line with each other")
    if not _was_told(s, item, rule):
        raise NotAllowed(f"item {item.id!r} came before callers were told that one may listen")
    return item.agent


def _was_told(s: State, item: Item, rule: ListeningRule) -> bool:
    """Say whether the caller heard what the town wants said first."""
    if not rule.text or item.flow is None:
        return True
    began = s.policies.get(item.flow.policy, s.policy).listening
    return began is not None and bool(began.text)


def _leg_of(s: State, item: Item, agent_id: AgentId) -> str:
    """Return the telephone of who wants to listen, if it is free."""
    known = s.policy.agents.get(agent_id)
    if known is None or not known.leg:
        raise NotAllowed(f"agent {agent_id!r} has no telephone (leg: in skills.yaml)")
    if agent_id == item.agent:
        raise NotAllowed(f"item {item.id!r} is in your own hands")
    elsewhere = next((row for row in s.listeners.values() if row.agent == agent_id), None)
    if elsewhere is not None:
        raise NotNow(f"agent {agent_id!r} listens to item {elsewhere.item!r}; stop that first")
    agent = s.agents.get(agent_id)
    if agent is not None and any(each.tempo is Tempo.LIVE for each in agent.holdings):
        raise NotNow(f"agent {agent_id!r} has a call: the telephone is taken")
    return known.leg


# --- news of their leg ---------------------------------------------------------------------------


def heard(s: State, now: Instant, item: Item, c_: c.ReportLeg) -> Events:
    """The carrier tells what became of the supervisor's leg."""
    row = s.listeners.get(item.id)
    answered = c_.result is LegResult.ANSWERED
    stale = row is None or (c_.key and c_.key != row.key)
    if row is None or stale or (row.connected and c_.call_id != row.call_id):
        if answered:
            yield end_leg(s, now, item, c_.call_id)
    elif not answered:
        reason = "hung up" if row.connected else f"their telephone: {c_.result}"
        yield e.ListeningEnded(at=now, item=item.id, result=c_.result, reason=reason)
    elif not row.connected:
        yield e.LegChanged(at=now, item=item.id, leg="listener", call_id=c_.call_id, connected=True)


def rings(s: State, now: Instant, item: Item, effect: f.DialListener, call_id: str) -> Events:
    """The leg was made; one that nobody waits for any more is ended."""
    row = s.listeners.get(item.id)
    if row is None or row.key != effect.key or row.call_id not in ("", call_id):
        yield end_leg(s, now, item, call_id)
    elif not row.call_id:
        yield e.LegChanged(at=now, item=item.id, leg="listener", call_id=call_id, connected=False)


def not_rung(s: State, now: Instant, item: Item, effect: f.DialListener, why: str) -> Events:
    """The carrier did not make the leg."""
    row = s.listeners.get(item.id)
    if row is not None and row.key == effect.key and not row.connected:
        yield e.ListeningEnded(at=now, item=item.id, result=LegResult.FAILED, reason=why)


def not_set(s: State, now: Instant, item: Item, effect: f.SetListener, why: str) -> Events:
    """The carrier did not change how they are there: who could be heard unawares must leave."""
    row = s.listeners.get(item.id)
    if row is not None and row.call_id == effect.call_id:
        yield from let_go(s, now, item, f"the carrier did not change it: {why}")


def unheard(s: State, now: Instant, name: str) -> Events:
    """Nothing was heard of their leg: the news was lost, or the carrier failed."""
    yield from let_go(s, now, s.items[ItemId(name)], "nothing was heard of their telephone")


# --- the end -------------------------------------------------------------------------------------


def let_go(s: State, now: Instant, item: Item, reason: str) -> Events:
    """Take them off the line."""
    row = s.listeners[item.id]
    yield e.ListeningEnded(at=now, item=item.id, result=LegResult.ENDED, reason=reason)
    if row.call_id:
        yield end_leg(s, now, s.items[item.id], row.call_id)


def left_over(s: State, now: Instant, touched: Touched) -> Events:
    """Let go who listens to talks that are over, or to which the town no longer lets them."""
    ids, touched.heard = tuple(touched.heard), {}
    for item_id in ids:
        row, item = s.listeners.get(item_id), s.items.get(item_id)
        if row is None or item is None:
            continue
        if item.state not in _IN_HAND or item.agent != row.of:
            yield from let_go(s, now, item, "the talk is over")
        elif not _still_allowed(s, item, row):
            yield from let_go(s, now, item, "the town no longer allows it")


def _still_allowed(s: State, item: Item, row: Listener) -> bool:
    """Say whether the policy of now would let them begin as they did."""
    rule, known = s.policy.listening, s.policy.agents.get(row.agent)
    if rule is None or row.mode not in rule.modes or known is None or not known.leg:
        return False
    return (row.is_shown or not rule.is_shown) and _was_told(s, item, rule)
