"""The town at a glance: queues, agents, hours overridden, what was set aside.

Pure: from a state to views. Counting looks at the lines of the queues and, for shunted items, at
all items in memory; it belongs to pages that people look at, never to the path of a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from router.core import requirement
from router.core.apply_text import DUPLICATES
from router.core.model import Channel, Instant, ItemId, ItemState, QueueId, Tempo
from router.core.policy import Queue
from router.core.records import Item, QueueRow
from router.core.service_level import local_day
from router.core.state import State
from router.desk.forecasts import forecast_view
from router.desk.named import text_of
from router.desk.pictures import agent_view, item_view
from router.desk.recalls import ALL, recalls_of
from router.desk.service_levels import Counted
from router.desk.surroundings import About, Daemons
from router.desk.town_hours import conditions_of, message_views, on_call_views, surge_views
from router.desk.view_types import moment, moment_or_none, seconds
from router.desk.views import (
    AgentView,
    DaemonsView,
    DoorView,
    EmergencyView,
    ItemView,
    PolicyView,
    QueueView,
    RefusalView,
    StaffView,
    StatusView,
    WaitingView,
)
from router.desk.waits import expected_wait, promises_view
from router.errors import UnknownTarget

UNRETURNED_SHOWN: Final = 50
SHUNTED_SHOWN: Final = 100  # in the status; all of them at /shunted


def queue_view(state: State, rule: Queue, now: Instant, counted: Counted) -> QueueView:
    """Return the queue now and today."""
    row = state.queues.get(rule.id, QueueRow(id=rule.id))
    policy = state.policy
    return QueueView(
        queue=rule.id,
        name=text_of(rule.name, policy.languages[0].id),
        open=row.is_open,
        reason=row.reason,
        changes_at=moment_or_none(row.changes_at),
        conditions=conditions_of(state, rule, row),
        waiting=tuple(_waiting(state, rule.id, tempo, now) for tempo in Tempo),
        staffed=tuple(staff_views(state, rule)),
        today=counted.view(rule, Channel.VOICE),
        chats_today=counted.view(rule, Channel.CHAT),
        mails_today=counted.view(rule, Channel.MAIL),
        forms_today=counted.view(rule, Channel.WEBFORM),
        expected=expected_wait(state, rule, now),
        promises=promises_view(state, rule, now),
        forecast=forecast_view(state, rule, now),
    )


def queue_views(state: State, now: Instant) -> tuple[QueueView, ...]:
    """Return every queue in the order of the policy."""
    counted = Counted(state, now)
    return tuple(queue_view(state, rule, now, counted) for rule in state.policy.queues.values())


def agent_views(state: State) -> tuple[AgentView, ...]:
    """Return every agent of the policy, also those who are not signed in."""
    return tuple(agent_view(state, agent_id) for agent_id in state.policy.agents)


def _waiting(state: State, queue: QueueId, tempo: Tempo, now: Instant) -> WaitingView:
    since = since_in_lines(state, queue, tempo)
    oldest = max(0, now - min(since)) if since else 0
    return WaitingView(
        tempo=tempo,
        waiting=len(since),
        oldest_wait_s=seconds(oldest),
        conditions=state.conditions_row(queue, tempo).conditions,
    )


def since_in_lines(state: State, queue: QueueId, tempo: Tempo) -> list[Instant]:
    """Return since when each one waits, in the order of the line."""
    line = state.index.lines.get((queue, tempo), ())
    return [since_in_line(state.items[ItemId(name)]) for _, name in line]


def since_in_line(item: Item) -> Instant:
    """Return since when the item waits."""
    return item.received_at if item.first_queued_at is None else item.first_queued_at


def staff_views(state: State, rule: Queue) -> Iterable[StaffView]:
    """Yield how many could serve the queue, for each kind of channel and language."""
    wanted = requirement.for_some_item(requirement.parse(rule.requires))
    for tempo in (Tempo.LIVE, Tempo.SLOW_TEXT):
        for language in state.policy.languages:
            bound = requirement.canonical(requirement.bind_language(wanted, language.skill))
            signed_in, available = state.index.staff(bound, tempo)
            yield StaffView(
                tempo=tempo, language=language.id, signed_in=signed_in, available=available
            )


# --- lists of items ------------------------------------------------------------------------------


def items_of(
    state: State, queue: str | None, item_state: ItemState | None, most: int
) -> tuple[ItemView, ...]:
    """Return at most so many items; those in line at a queue in the order of the line.

    Errors: `UnknownTarget` when the policy has no such queue.
    """
    in_line = item_state in (ItemState.QUEUED, ItemState.OFFERED)
    rows: Iterable[Item] = state.items.values()
    if queue is not None:
        if queue not in state.policy.queues:
            raise UnknownTarget(f"no queue {queue!r}; /api/v1/queues lists them")
        if in_line:
            lines = [state.index.lines.get((QueueId(queue), tempo), ()) for tempo in Tempo]
            rows = (state.items[ItemId(name)] for line in lines for _, name in line)
        else:
            rows = (row for row in rows if row.queue == queue)
    if item_state is not None:
        rows = (row for row in rows if row.state is item_state)
    return tuple(item_view(state, row) for row in islice(rows, most))


def shunted_of(state: State, most: int) -> tuple[ItemView, ...]:
    """Return the items that need a person."""
    return items_of(state, None, ItemState.SHUNTED, most)


def duplicates_avoided(state: State, day: str) -> int:
    """Return how many items were merged into others on the day, and not taken out again."""
    row = state.dials.get(DUPLICATES)
    return row.count if row is not None and row.day == day else 0


# --- the whole -----------------------------------------------------------------------------------


def emergency_views(state: State) -> tuple[EmergencyView, ...]:
    """Return the hours that a person has overridden."""
    return tuple(
        EmergencyView(
            hours=row.hours,
            closed=row.closed,
            since=moment(row.since),
            until=moment_or_none(row.until),
            reason=row.reason,
            by=row.by,
        )
        for row in state.emergencies.values()
    )


def policy_view(state: State, about: About) -> PolicyView:
    """Return the policy in force, and why the last edit was not taken."""
    refusal = about.policy_refusal
    return PolicyView(
        town=state.policy.town,
        time_zone=state.policy.time_zone,
        hash=state.policy_hash,
        adopted_at=moment_or_none(about.policy_adopted_at),
        refused=(
            RefusalView(at=moment(refusal.at), complaints=refusal.complaints)
            if refusal is not None
            else None
        ),
        compiled_with=dict(state.policy.compiled_with),
    )


def status_view(state: State, about: About, now: Instant) -> StatusView:
    """Return the whole town."""
    policy = state.policy
    return StatusView(
        at=moment(now),
        time_zone=policy.time_zone,
        town=text_of(policy.name, policy.languages[0].id),
        version=about.version,
        started_at=moment(about.started_at),
        uptime_s=seconds(now - about.started_at),
        journal=about.journal,
        events=state.version,
        policy=policy_view(state, about),
        queues=queue_views(state, now),
        agents=agent_views(state),
        emergencies=emergency_views(state),
        shunted=shunted_of(state, SHUNTED_SHOWN),
        doors=tuple(
            DoorView(name=door.name, state=door.state, why=door.why, since=moment(door.since))
            for door in about.doors()
        ),
        pending_effects=len(state.pending),
        open_offers=len(state.offers),
        unreturned=recalls_of(state, ALL, UNRETURNED_SHOWN),
        duplicates_avoided=duplicates_avoided(state, local_day(state, now)),
        surge=surge_views(state),
        announcements=message_views(state),
        on_call=on_call_views(state),
        daemons=_daemons(about.daemons()),
        journal_since=moment_or_none(about.kept_since),
    )


def _daemons(daemons: Daemons | None) -> DaemonsView | None:
    if daemons is None:
        return None
    return DaemonsView(
        ours=daemons.ours,
        decider=daemons.decider,
        names=daemons.names,
        behind_events=daemons.behind_events,
    )
