"""The wallboard's picture of the town: queues, agents, what waits for a person; one line, if asked.

Pure: from a state to rows. It looks at every item in memory; so one picture is made a second for
all who watch, and none while nobody does (`router.desk.watching`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from router.core.buckets import rank
from router.core.model import (
    ENDED,
    SECOND,
    AgentId,
    AgentState,
    Channel,
    Instant,
    ItemId,
    ItemState,
    PolicyHash,
    QueueId,
    Tempo,
)
from router.core.policy import Policy, Queue
from router.core.records import Agent, Holding, Item, QueueRow
from router.core.state import State
from router.desk.forecasts import forecast_view
from router.desk.listeners import listener_view
from router.desk.pictures import agent_state, loads_of
from router.desk.recalls import open_recalls
from router.desk.service_levels import Counted
from router.desk.skills import skills_today_view
from router.desk.surroundings import About
from router.desk.town import emergency_views, since_in_line, since_in_lines, staff_views
from router.desk.town_hours import conditions_of, message_views, on_call_views, surge_views
from router.desk.view_types import moment, moment_or_none, seconds
from router.desk.views_wall import (
    WallAgentView,
    WallHoldingView,
    WallHoursView,
    WallItemView,
    WallLineView,
    WallQueueView,
    WallTownView,
)
from router.desk.waits import WaitView, expected_wait

FAILED: Final = "failed"  # of a door
HANDLING: Final = AgentState.HANDLING.value


class Board(msgspec.Struct, frozen=True):
    """The town at one version of the journal."""

    version: int
    at: Instant
    policy: PolicyHash
    town: WallTownView
    queues: dict[str, WallQueueView]  # in the order of the policy
    agents: dict[str, WallAgentView]


Line = dict[str, WallItemView]


def board_of(state: State, about: About, now: Instant) -> Board:
    """Return everything but the lines."""
    counted = Counted(state, now)
    rules = state.policy.queues.values()
    return Board(
        version=state.version,
        at=now,
        policy=state.policy_hash,
        town=_town(state, about),
        queues={rule.id: _queue(state, rule, now, counted) for rule in rules},
        agents={view.agent: view for view in _agents(state)},
    )


def line_of(state: State, queue: str, now: Instant) -> Line:
    """Return who waits in the queue; nobody when the policy has no such queue."""
    rule = state.policy.queues.get(QueueId(queue))
    if rule is None:
        return {}
    lines = (state.index.lines.get((rule.id, tempo), ()) for tempo in Tempo)
    rows = (state.items[ItemId(name)] for line in lines for _, name in line)
    return {row.id: _item(state, rule, row, now) for row in rows}


# --- the town ------------------------------------------------------------------------------------


def _town(state: State, about: About) -> WallTownView:
    policy = state.policy
    recalls = [state.recalls.get(row.id) for row in open_recalls(state)]
    told = on_call_views(state)
    return WallTownView(
        names=policy.name,
        languages=tuple(language.id for language in policy.languages),
        time_zone=policy.time_zone,
        subjects=policy.subjects,
        away_reasons=policy.away_reasons,
        hours=tuple(_hours(policy)),
        emergencies=emergency_views(state),
        surge=surge_views(state),
        listen_modes=policy.listening.modes if policy.listening is not None else (),
        has_surge=policy.surge is not None,
        announcements=message_views(state),
        shunted=sum(row.state is ItemState.SHUNTED for row in state.items.values()),
        unreturned=len(recalls),
        given_up=sum(recall is not None and bool(recall.unreturned) for recall in recalls),
        on_call=sum(not view.acknowledged_by and view.state not in ENDED for view in told),
        doors=tuple(door.name for door in about.doors() if door.state == FAILED),
        policy_refused=about.policy_refusal is not None,
    )


def _hours(policy: Policy) -> Iterator[WallHoursView]:
    for name in policy.hours:
        queues = tuple(rule.id for rule in policy.queues.values() if rule.hours == name)
        if queues:
            yield WallHoursView(hours=name, queues=queues)


# --- queues --------------------------------------------------------------------------------------


def _queue(state: State, rule: Queue, now: Instant, counted: Counted) -> WallQueueView:
    row = state.queues.get(rule.id, QueueRow(id=rule.id))
    channels = (c for c in Channel if c is Channel.VOICE or counted.has_any(rule.id, c))
    return WallQueueView(
        queue=rule.id,
        names=rule.name,
        hours=rule.hours,
        open=row.is_open,
        reason=row.reason,
        changes_at=moment_or_none(row.changes_at),
        conditions=conditions_of(state, rule, row),
        lines=tuple(_line(state, rule, tempo) for tempo in Tempo),
        staffed=tuple(staff_views(state, rule)),
        levels=tuple(counted.view(rule, channel) for channel in channels),
        expected=_whole(expected_wait(state, rule, now)),
        forecast=forecast_view(state, rule, now),
    )


def _line(state: State, rule: Queue, tempo: Tempo) -> WallLineView:
    since = since_in_lines(state, rule.id, tempo)
    return WallLineView(
        tempo=tempo,
        waiting=len(since),
        since=moment(min(since)) if since else None,
        conditions=state.conditions_row(rule.id, tempo).conditions,
    )


def _whole(wait: WaitView) -> WaitView:
    """Whole seconds: an estimate that moves by less is not told again."""
    low, high = (None if each is None else float(round(each)) for each in (wait.low_s, wait.high_s))
    return WaitView(low_s=low, high_s=high)


# --- agents --------------------------------------------------------------------------------------


def _agents(state: State) -> Iterator[WallAgentView]:
    for row in state.agents.values():
        if row.lease_until is not None or row.holdings:
            yield _agent(state, row)


def _agent(state: State, row: Agent) -> WallAgentView:
    rule = state.policy.agents.get(row.id)
    holdings = [(holding, _since(state, row.id, holding)) for holding in row.holdings]
    what = agent_state(row)
    busy = [since for holding, since in holdings if since and holding.state == what.value]
    idle = max(row.since, row.idle_since)
    load, over = loads_of(state, row.id)
    return WallAgentView(
        agent=row.id,
        name=rule.name if rule is not None else row.id,
        team=rule.team if rule is not None else "",
        status=row.status,
        reason=row.reason,
        then_status=row.then_status,
        since=moment(row.since),
        signed_in=row.lease_until is not None,
        state=what,
        state_since=moment(idle if what is AgentState.IDLE or not busy else max(busy)),
        holdings=tuple(_holding(state, each, since) for each, since in holdings),
        load=load,
        over=over,
        missed=row.missed,
        skills_today=skills_today_view(state, row.id),
    )


def _since(state: State, agent: AgentId, holding: Holding) -> Instant | None:
    item = state.items.get(holding.item)
    if item is None or holding.state != AgentState.OFFERED.value:
        return None if item is None else item.handled_since
    offers = (state.offers.get(offer) for offer in item.offers)
    return next((each.made_at for each in offers if each is not None and each.agent == agent), None)


def _holding(state: State, holding: Holding, since: Instant | None) -> WallHoldingView:
    item = state.items[holding.item]
    return WallHoldingView(
        item=holding.item,
        form=item.form,
        tempo=holding.tempo,
        queue=item.queue,
        state=item.state.value if item.state is ItemState.HELD else holding.state,
        since=moment_or_none(since),
        listener=listener_view(state, holding.item) if holding.state == HANDLING else None,
    )


# --- one line ------------------------------------------------------------------------------------


def _item(state: State, rule: Queue, row: Item, now: Instant) -> WallItemView:
    offers = (state.offers.get(offer) for offer in row.offers)
    return WallItemView(
        item=row.id,
        rank=round(rank(row, now)[0] / SECOND, 3),
        state=row.state,
        form=row.form,
        tempo=row.tempo,
        subject=row.subject,
        language=row.language,
        since=moment(since_in_line(row)),
        head_start_s=seconds(row.head_start),
        asks_for=row.requirement,
        step=row.step,
        steps=len(rule.steps),
        kept_for=row.reserved_for,
        offered_to=tuple(offer.agent for offer in offers if offer is not None),
        due=moment_or_none(row.due_at),
        urgent=row.text is not None and row.text.urgent,
    )
