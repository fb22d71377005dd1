"""Folding facts about people on call, messages, surges and skills for today into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.model import ItemId, LegResult
from router.core.records_town import (
    GapRow,
    LimitRow,
    LoneWalk,
    NoticeRow,
    OnCallAttempt,
    OnCallRow,
    SkillsRow,
    SurgeRow,
)
from router.core.state import State
from router.core.state_town import SURGE
from router.core.tempos import gap_key


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


def _walks_alone(state: State, ev: e.LoneWalkBegun) -> None:
    state.put_walk(ev.item, LoneWalk(item=ev.item, rule=ev.rule, since=ev.at))


def _rang_alone(state: State, ev: e.LoneWalkRang) -> None:
    row = state.walks[ev.item]
    rung = replace(row, rule=ev.rule, index=ev.index, key=ev.key, due=ev.due, call_id="")
    state.put_walk(ev.item, rung)


def on_call_leg(state: State, ev: e.LegChanged) -> None:
    """The telephone of somebody on call rings by a call of ours."""
    state.put_walk(ev.item, replace(state.walks[ev.item], call_id=ev.call_id))


def _walked_alone(state: State, ev: e.LoneWalkEnded) -> None:
    over = replace(state.walks[ev.item], due=None, result=ev.result, contact=ev.contact)
    state.put_walk(ev.item, over)


def _announced(state: State, ev: e.MessageAnnounced) -> None:
    row = NoticeRow(ev.id, ev.text, ev.since, ev.until, ev.numbers, ev.by)
    state.put_notice(ev.id, row)


def _withdrawn(state: State, ev: e.MessageWithdrawn) -> None:
    state.put_notice(ev.id, None)


def _surge_begun(state: State, ev: e.SurgeBegun) -> None:
    before = state.surges.get(SURGE)
    since = ev.at if before is None else before.since
    state.put_surge(SurgeRow(since=since, until=ev.until, reason=ev.reason, by=ev.by))


def _surge_ended(state: State, ev: e.SurgeEnded) -> None:
    state.put_surge(None)


def _skills_set(state: State, ev: e.SkillsSet) -> None:
    before = state.skills.get(ev.agent)
    since = ev.at if before is None else before.since
    row = SkillsRow(ev.agent, ev.levels, since, ev.until, ev.reason, ev.by)
    state.put_skills(ev.agent, row)


def _skills_restored(state: State, ev: e.SkillsRestored) -> None:
    state.put_skills(ev.agent, None)


def _limited(state: State, ev: e.QueueLimited) -> None:
    state.put_limit(LimitRow(queue=ev.queue, length=ev.length, tempo=ev.tempo))


def _gap_entered(state: State, ev: e.LanguageGapEntered) -> None:
    row = GapRow(queue=ev.queue, skill=ev.skill, lasts_at=ev.lasts_at, tempo=ev.tempo)
    state.put_gap(gap_key(ev.queue, ev.skill, ev.tempo), row)


def _gap_lasted(state: State, ev: e.LanguageGapLasted) -> None:
    row = GapRow(queue=ev.queue, skill=ev.skill, lasts_at=None, tempo=ev.tempo)
    state.put_gap(gap_key(ev.queue, ev.skill, ev.tempo), row)


def _gap_left(state: State, ev: e.LanguageGapLeft) -> None:
    state.put_gap(gap_key(ev.queue, ev.skill, ev.tempo), None)


HANDLERS: Final[dict[type[e.Event], Callable[[State, Any], None]]] = {
    e.OnCallTold: _told,
    e.OutsideTried: _tried,
    e.LoneWalkBegun: _walks_alone,
    e.LoneWalkRang: _rang_alone,
    e.LoneWalkEnded: _walked_alone,
    e.MessageAnnounced: _announced,
    e.MessageWithdrawn: _withdrawn,
    e.SurgeBegun: _surge_begun,
    e.SurgeEnded: _surge_ended,
    e.SkillsSet: _skills_set,
    e.SkillsRestored: _skills_restored,
    e.QueueLimited: _limited,
    e.LanguageGapEntered: _gap_entered,
    e.LanguageGapLasted: _gap_lasted,
    e.LanguageGapLeft: _gap_left,
}
