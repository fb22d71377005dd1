"""What people have switched, and who on call was told: from the state to views. Pure."""

from __future__ import annotations

from typing import Final

from router.core.crowding import deflects, gaps_of, has_room
from router.core.model import (
    ENDED,
    Condition,
    Instant,
    ItemId,
    ItemState,
    LegResult,
    Tempo,
)
from router.core.policy import Queue
from router.core.records import QueueRow
from router.core.records_town import OnCallAttempt, OnCallRow
from router.core.state import State
from router.desk.named import text_of
from router.desk.view_types import moment, moment_or_none
from router.desk.views_hours import AnnouncementView, AttemptView, OnCallView, SurgeView

ON_CALL_SHOWN: Final = 50  # the newest; older ones are in the items' own stories


def conditions_of(state: State, rule: Queue, row: QueueRow) -> tuple[Condition, ...]:
    """Return what is true of the queue now: of its staff, its languages, its room, a surge."""
    there = (
        (Condition.NO_LANGUAGE, any(True for _ in gaps_of(state, rule, Tempo.LIVE))),
        (Condition.FULL, not has_room(state, rule, Tempo.LIVE)),
        (Condition.SURGE, deflects(state, rule)),
    )
    return (*row.conditions, *(condition for condition, holds in there if holds))


def on_call_views(state: State) -> tuple[OnCallView, ...]:
    """Return the on-call log, the newest first."""
    rows = sorted(state.on_call.values(), key=_newest, reverse=True)
    return tuple(_on_call(state, row) for row in rows[:ON_CALL_SHOWN])


def _newest(row: OnCallRow) -> tuple[Instant, ItemId]:
    return row.attempts[-1].at, row.item


def _on_call(state: State, row: OnCallRow) -> OnCallView:
    item = state.items[row.item]
    language = state.policy.languages[0].id
    script = state.policy.call_outs.get(item.subject) or state.policy.subjects.get(item.subject, {})
    paged = item.text is not None and item.text.page_due is not None
    walk = state.walks.get(row.item)
    alone = walk is not None and not walk.result
    waits = item.state not in ENDED and (paged or alone or item.state is ItemState.IN_FLOW)
    took = [each.contact for each in row.attempts if each.result is LegResult.ANSWERED]
    return OnCallView(
        item=item.id,
        subject=item.subject,
        script=text_of(script, language),
        state=item.state,
        acknowledged_by=took[-1] if took else "",
        attempts=tuple(_attempt(state, each, waits=waits) for each in row.attempts),
        without_caller="" if walk is None else walk.result or "ringing",
    )


def _attempt(state: State, attempt: OnCallAttempt, *, waits: bool) -> AttemptView:
    contact = state.policy.contacts.get(attempt.contact)
    still = "waiting" if waits else "over"
    return AttemptView(
        contact=attempt.contact,
        name=attempt.contact if contact is None else contact.name,
        way=attempt.way,
        round=attempt.round,
        at=moment(attempt.at),
        result=still if attempt.result is None else attempt.result.value,
        ended_at=moment_or_none(attempt.ended_at),
    )


def message_views(state: State) -> tuple[AnnouncementView, ...]:
    """Return the messages in front of every call, those to come included."""
    return tuple(
        AnnouncementView(
            id=row.id,
            text=dict(row.text),
            since=moment(row.since),
            until=moment(row.until),
            numbers=row.numbers,
            by=row.by,
        )
        for row in state.notices.values()
    )


def surge_views(state: State) -> tuple[SurgeView, ...]:
    """Return the surge that holds; none on an ordinary day."""
    rule = state.policy.surge
    return tuple(
        SurgeView(
            since=moment(row.since),
            until=moment(row.until),
            reason=row.reason,
            by=row.by,
            first=() if rule is None else rule.first,
            text={} if rule is None else rule.text,
        )
        for row in state.surges.values()
    )
