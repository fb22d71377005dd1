"""Folding facts about third parties on the line and about callbacks into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import apply_agents
from router.core import events as e
from router.core.apply_line import item_of
from router.core.model import Form, ItemId, ItemState, LegResult, LegState, Tempo
from router.core.records import Holding
from router.core.records_calls import Consult, Recall
from router.core.state import State
from router.errors import InvariantBroken

CONSULTED: Final = "consulted"  # state of what a colleague holds who is asked by telephone


def consult_of(state: State, item_id: ItemId) -> Consult:
    """Return who is asked about the item. Raises InvariantBroken when nobody is."""
    row = state.consults.get(item_id)
    if row is None:
        raise InvariantBroken(f"item {item_id!r} has no third party on the line")
    return row


def third_changed(state: State, ev: e.LegChanged) -> None:
    """The third party's telephone rings, or was answered."""
    row = consult_of(state, ev.item)
    due = None if ev.connected else row.due
    state.put_consult(ev.item, replace(row, call_id=ev.call_id, connected=ev.connected, due=due))
    if ev.connected and row.agent is not None:
        apply_agents.connect(state, row.agent)


def drop(state: State, item_id: ItemId) -> None:
    """Nothing of the kind is known of the item any more."""
    if item_id in state.consults:
        state.put_consult(item_id, None)
    if item_id in state.recalls:
        state.put_recall(item_id, None)


def _begun(state: State, ev: e.ConsultBegun) -> None:
    if ev.agent is not None:
        agent = apply_agents.agent_of(state, ev.agent)
        held = Holding(item=ev.item, tempo=Tempo.LIVE, state=CONSULTED)
        state.put_agent(agent.id, replace(agent, holdings=(*agent.holdings, held)))
    state.put_consult(
        ev.item,
        Consult(
            item=ev.item,
            by=ev.by,
            to=ev.to,
            agent=ev.agent,
            queue=ev.queue,
            since=ev.at,
            due=ev.due,
        ),
    )


def _ended(state: State, ev: e.ConsultEnded) -> None:
    row = consult_of(state, ev.item)
    if row.agent is not None:
        worked = ev.at if row.connected else None
        apply_agents.drop_holding(state, row.agent, ev.item, worked)
    item = item_of(state, ev.item)
    in_hand = item.state in (ItemState.HANDLING, ItemState.HELD)
    if row.connected or not in_hand or ev.result is LegResult.ENDED:
        state.put_consult(ev.item, None)
        return
    state.put_consult(ev.item, replace(row, agent=None, due=None, call_id="", failed=ev.result))


def _completed(state: State, ev: e.ConsultCompleted) -> None:
    row = consult_of(state, ev.item)
    if row.agent is None:  # the talk is theirs; the item ends by the event that follows
        state.put_consult(ev.item, replace(row, given=True))
        return
    item = item_of(state, ev.item)
    if item.agent is None:
        raise InvariantBroken(f"item {ev.item!r} is handed over by nobody")
    apply_agents.drop_holding(state, item.agent, ev.item, ev.at)
    agent = apply_agents.agent_of(state, row.agent)
    holdings = tuple(_in_hand(h, ev.item) for h in agent.holdings)
    state.put_agent(agent.id, replace(agent, holdings=holdings))
    state.put_consult(ev.item, None)
    state.put_item(
        ev.item,
        replace(
            item,
            form=Form.CALL if item.form is Form.CALLBACK else item.form,
            callback=None,
            agent=row.agent,
            handled_since=ev.at,
            queue=row.queue if row.queue is not None else item.queue,
            agent_call_id=row.call_id,
            agent_call_state=LegState.CONNECTED,
            agent_dial=row.key,
        ),
    )


def _in_hand(holding: Holding, item_id: ItemId) -> Holding:
    return replace(holding, state="handling") if holding.item == item_id else holding


def _promised(state: State, ev: e.CallbackPromised) -> None:
    state.put_recall(
        ev.item,
        Recall(item=ev.item, owner=ev.owner, starts=ev.starts, ends=ev.ends, since=ev.at),
    )


def _unreturned(state: State, ev: e.CallbackUnreturned) -> None:
    row = state.recalls.get(ev.item, Recall(item=ev.item))
    state.put_recall(ev.item, replace(row, unreturned=ev.reason, since=ev.at))


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.ConsultBegun: _begun,
    e.ConsultEnded: _ended,
    e.ConsultCompleted: _completed,
    e.CallbackPromised: _promised,
    e.CallbackUnreturned: _unreturned,
}
