"""Folding facts about people on call into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.model import ItemId, LegResult
from router.core.records_town import OnCallAttempt, OnCallRow
from router.core.state import State


def _told(state: State, ev: e.OnCallTold) -> None:
    row = state.on_call.get(ev.item, OnCallRow(item=ev.item, rule=ev.rule))
    attempt = OnCallAttempt(contact=ev.contact, way=ev.way, round=ev.round, at=ev.at)
    state.put_on_call(ev.item, replace(row, rule=ev.rule, attempts=(*row.attempts, attempt)))


def _tried(state: State, ev: e.OutsideTried) -> None:
    """Journals from before there was a log have no attempt to end."""
    end_attempt(state, ev, ev.item, ev.result)


def end_attempt(state: State, ev: e.Event, item_id: ItemId, result: LegResult) -> None:
    """Note what came of the attempt that is under way, if one is."""
    row = state.on_call.get(item_id)
    if row is None or row.attempts[-1].result is not None:
        return
    ended = replace(row.attempts[-1], result=result, ended_at=ev.at)
    state.put_on_call(item_id, replace(row, attempts=(*row.attempts[:-1], ended)))


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.OnCallTold: _told,
    e.OutsideTried: _tried,
}
