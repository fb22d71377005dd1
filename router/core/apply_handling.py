"""Folding facts about legs, handling, callbacks and the end of items into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import apply_agents, apply_calls, apply_listening, apply_waiting
from router.core import events as e
from router.core.apply_hours import on_call_leg
from router.core.apply_line import alive_again, item_of, put_paces, release
from router.core.estimate import smoothed
from router.core.lifecycle import move
from router.core.model import ENDED, Form, ItemState, LegState, Tempo
from router.core.records import Callback, Item, QueueRow, TextWork
from router.core.relations import is_merged
from router.core.state import State
from router.errors import InvariantBroken

# --- legs and handling ---------------------------------------------------------------------------


def _leg_changed(state: State, ev: e.LegChanged) -> None:
    if ev.leg == "third":
        apply_calls.third_changed(state, ev)
        return
    if ev.leg == "listener":
        apply_listening.leg_changed(state, ev)
        return
    if ev.leg == "on_call":
        on_call_leg(state, ev)
        return
    item = item_of(state, ev.item)
    leg = LegState.CONNECTED if ev.connected else LegState.DIALLING
    if not ev.call_id:
        leg = LegState.ENDED
    agent_talks = ev.leg == "agent" or item.agent_call_state is LegState.CONNECTED
    due = None if ev.connected and agent_talks else item.leg_due
    if ev.leg == "agent":
        row = replace(item, agent_call_id=ev.call_id, agent_call_state=leg, leg_due=due)
    elif ev.connected:
        row = replace(item, call_id=ev.call_id, call_state=leg, resident_ringing="", leg_due=due)
    else:  # nobody on the line yet: only remembered, so that the ringing can be stopped
        row = replace(item, resident_ringing=ev.call_id, call_state=leg)
    state.put_item(ev.item, row)
    if ev.leg == "agent" and ev.connected and item.agent is not None:
        apply_agents.connect(state, item.agent)


def _room_noted(state: State, ev: e.RoomNoted) -> None:
    state.put_item(ev.item, replace(item_of(state, ev.item), room_id=ev.room_id))


def _moved(state: State, ev: e.ItemHeld | e.ItemResumed) -> None:
    item = item_of(state, ev.item)
    state.put_item(ev.item, replace(item, state=move(item.state, ev)))


def _returned(state: State, ev: e.ItemReturned) -> None:
    item = item_of(state, ev.item)
    following = move(item.state, ev)
    release(state, item, ev)
    passed_over = item.passed_over
    if ev.passed_over_until is not None and item.agent is not None:
        passed_over = (*passed_over, (item.agent, ev.passed_over_until))
    state.put_item(
        ev.item,
        replace(
            item,
            state=following,
            form=_form_with_caller(item),
            callback=None if item.call_id else item.callback,
            agent=None,
            handled_since=None,
            passed_over=passed_over,
            step_due=ev.step_due,
            late_at=ev.late_at,
            call_state=item.call_state if item.call_id else LegState.NONE,
            resident_ringing="",
            agent_call_id="",
            agent_call_state=LegState.NONE,
            room_id="",
        ),
    )
    put_paces(state, ev.paces)
    if ev.missed and item.agent is not None:
        apply_agents.miss(state, item.agent)


def _transferred(state: State, ev: e.ItemTransferred) -> None:
    item = item_of(state, ev.item)
    state.put_item(ev.item, replace(item, form=_form_with_caller(item), callback=None, room_id=""))
    _count_handled(state, item, ev)


def _form_with_caller(item: Item) -> Form:
    """A callback whose resident is on the line is a call from then on."""
    return Form.CALL if item.call_id and item.form is Form.CALLBACK else item.form


def _wrap_up_started(state: State, ev: e.WrapUpStarted) -> None:
    item = item_of(state, ev.item)
    state.put_item(
        ev.item,
        replace(
            item,
            state=move(item.state, ev),
            wrap_up_until=ev.until,
            call_state=LegState.ENDED if item.call_id else item.call_state,
            agent_call_state=LegState.ENDED if item.agent_call_id else item.agent_call_state,
        ),
    )
    apply_agents.wrap_up(state, ev, item)
    _count_handled(state, item, ev)


def _count_handled(state: State, item: Item, ev: e.Event) -> None:
    """Let the handling time count for the estimate that callers hear: of talks alone."""
    if item.queue is None or item.handled_since is None or item.tempo is not Tempo.LIVE:
        return
    row = state.queues.get(item.queue, QueueRow(id=item.queue))
    span = ev.at - item.handled_since
    mean = smoothed(row.handle_mean, row.handled, span)
    state.put_queue(replace(row, handle_mean=mean, handled=row.handled + 1))


def _ended(state: State, ev: e.ItemClosed | e.ItemAbandoned | e.ItemDiverted) -> None:
    item = item_of(state, ev.item)
    following = move(item.state, ev)
    release(state, item, ev)
    in_hand = item.state in (ItemState.HANDLING, ItemState.HELD)
    if in_hand and item.agent_call_state is LegState.CONNECTED:
        _count_handled(state, item, ev)
    if isinstance(ev, e.ItemClosed) and ev.worked and item.queue is not None:
        row = state.queues.get(item.queue, QueueRow(id=item.queue))
        mean = smoothed(row.work_mean, row.worked, ev.worked)
        state.put_queue(replace(row, work_mean=mean, worked=row.worked + 1))
    outcome = {
        e.ItemClosed: lambda: getattr(ev, "outcome", ""),
        e.ItemAbandoned: lambda: getattr(ev, "reason", ""),
        e.ItemDiverted: lambda: getattr(ev, "to", ""),
    }[type(ev)]()
    if ev.item in state.recalls and not is_merged(item):
        state.put_recall(ev.item, None)
    state.put_item(
        ev.item,
        replace(
            item,
            state=following,
            outcome=outcome,
            code=ev.code if isinstance(ev, e.ItemClosed) else item.code,
            ended_at=ev.at,
            forget_at=ev.forget_at,
            threshold_at=None,
            passed_over=(),
            wrap_up_until=None,
            callback=item.callback if is_merged(item) else None,  # a merge can be taken back
        ),
    )


def _shunted(state: State, ev: e.ItemShunted) -> None:
    item = item_of(state, ev.item)
    following = move(item.state, ev)
    release(state, item, ev)
    state.put_item(
        ev.item, replace(item, state=following, outcome=ev.reason, agent=None, ended_at=ev.at)
    )


def _deferred(state: State, ev: e.ItemDeferred) -> None:
    item = item_of(state, ev.item)
    following = move(item.state, ev)
    release(state, item, ev)
    state.put_item(
        ev.item,
        replace(
            item,
            state=following,
            queue=ev.queue,
            form=ev.form,
            tempo=ev.tempo,
            deferred_until=ev.until,
            due_at=ev.due_at,
            agent=None,
            handled_since=None,
            threshold_at=ev.threshold_at,
            room_id="",
            resident_ringing="",
            call_id="" if ev.form is not Form.CALL else item.call_id,
            call_state=LegState.NONE if ev.form is not Form.CALL else item.call_state,
            agent_call_id="",
            agent_call_state=LegState.NONE,
            callback=item.callback if ev.form is Form.CALLBACK else None,
        ),
    )


def _reopened(state: State, ev: e.ItemReopened) -> None:
    item = item_of(state, ev.item)
    state.put_item(
        ev.item,
        replace(
            alive_again(item, ev),
            call_id="",
            call_state=LegState.NONE,
            agent_call_id="",
            agent_call_state=LegState.NONE,
            room_id="",
            due_at=None,  # promised anew from now on
            flow=None,
            reopened=item.reopened + 1,
            text=None if item.text is None else begun_again(item.text),
        ),
    )


def begun_again(text: TextWork) -> TextWork:
    """Return what is left of a text item's past when it is opened again: it waits for nothing."""
    return replace(text, resident_left=False, waiting_for="", parked_at=None)


def _forgotten(state: State, ev: e.ItemForgotten) -> None:
    item = item_of(state, ev.item)
    if item.state not in ENDED:
        raise InvariantBroken(f"item {ev.item!r} forgotten while {item.state}")
    state.put_item(ev.item, None)
    state.put_on_call(ev.item, None)
    state.put_walk(ev.item, None)
    apply_calls.drop(state, ev.item)
    apply_waiting.gone(state, ev.item)
    row = state.conversations.get(item.text.conversation) if item.text is not None else None
    if row is None or row.item != ev.item:
        return
    left = (state.items.get(message.item) for message in reversed(row.messages))
    work = next((i for i in left if i and i.text and i.text.conversation == row.id), None)
    state.put_conversation(row.id, None if work is None else replace(row, item=work.id))


# --- callbacks -----------------------------------------------------------------------------------


def _callback_booked(state: State, ev: e.CallbackBooked) -> None:
    item = item_of(state, ev.item)
    state.put_item(
        ev.item,
        replace(
            item,
            state=move(item.state, ev),
            form=Form.CALLBACK,
            address_key=ev.address_key,
            contact_ref=ev.contact_ref,
            call_id="",
            call_state=LegState.NONE,
            late_at=None,
            threshold_at=None,
            callback=Callback(
                booked_at=ev.at,
                expires_at=ev.expires_at,
                attempts=0,
                attempts_max=ev.attempts_max,
            ),
        ),
    )


def _callback_attempted(state: State, ev: e.CallbackAttempted) -> None:
    item = item_of(state, ev.item)
    if item.callback is None:
        raise InvariantBroken(f"item {ev.item!r} has no callback to attempt")
    state.put_item(ev.item, replace(item, callback=replace(item.callback, attempts=ev.attempt)))


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.LegChanged: _leg_changed,
    e.RoomNoted: _room_noted,
    e.ItemHeld: _moved,
    e.ItemResumed: _moved,
    e.ItemReturned: _returned,
    e.ItemTransferred: _transferred,
    e.WrapUpStarted: _wrap_up_started,
    e.ItemClosed: _ended,
    e.ItemAbandoned: _ended,
    e.ItemDiverted: _ended,
    e.ItemDeferred: _deferred,
    e.ItemShunted: _shunted,
    e.ItemReopened: _reopened,
    e.ItemForgotten: _forgotten,
    e.CallbackBooked: _callback_booked,
    e.CallbackAttempted: _callback_attempted,
}
