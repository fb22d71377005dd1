"""Which queues are under strain, and what those in line ask for: from all items, none left out."""

from __future__ import annotations

from router.core import requirement
from router.core.business_time import elapsed
from router.core.forecast import forecast
from router.core.formulas import FORMULAS, figure
from router.core.model import (
    MINUTE,
    STRAIN,
    Channel,
    Condition,
    Form,
    Instant,
    ItemState,
    Tempo,
)
from router.core.policy import Queue
from router.core.policy_waiting import AtRisk, Scope
from router.core.records import Item
from router.core.service_level import local_day
from router.core.state import State
from router.core.tallies import summed

QUARTER = 15 * MINUTE
IN_LINE = (ItemState.QUEUED, ItemState.OFFERED)


def check_strain(state: State, now: Instant) -> None:
    """Raise AssertionError where what the state says of strain is not what its items say."""
    for rule in state.policy.queues.values():
        for tempo in Tempo:
            says = set(state.conditions_row(rule.id, tempo).conditions)
            assert rule.at_risk is not None or Condition.AT_RISK not in says
            assert rule.long_wait is not None or Condition.LONG_WAIT not in says
            assert tempo is not Tempo.SLOW_TEXT or Condition.LONG_WAIT not in says
            if rule.at_risk is None:
                continue
            is_at_risk = Condition.AT_RISK in says
            if tempo is Tempo.LIVE and rule.at_risk.forecast is not None:
                _check_foreseen(state, now, rule, rule.at_risk.forecast.of, is_at_risk)
            else:
                _check_risk(state, now, rule, rule.at_risk, tempo, is_at_risk)
    for item in state.items.values():
        if item.state is ItemState.QUEUED and item.reserved_for is None:
            _check_asks(state, item)


def _check_foreseen(state: State, now: Instant, rule: Queue, scope: Scope, says: bool) -> None:
    """Check counts and end of what is foreseen; nobody is looked at to foresee it."""
    there = [
        item
        for item in state.items.values()
        if item.queue == rule.id
        and item.form is Form.CALL
        and item.entered_at is not None
        and (item.threshold_at is not None or _is_over(item))
    ]
    begun = {item.entered_at - item.entered_at % QUARTER for item in there if item.entered_at}
    for interval in (None, *begun):
        mine = [
            item
            for item in there
            if interval is None or 0 <= (item.entered_at or 0) - interval < QUARTER
        ]
        over = sum(item.threshold_at is None for item in mine)
        waiting = sum(
            item.threshold_at is not None and item.state is ItemState.QUEUED for item in mine
        )
        counts = (waiting, len(mine) - waiting - over, over)
        assert state.watch.entries.of(rule.id, interval) == counts, rule.id
    seen = forecast(state, now, rule, scope)
    assert 0 <= seen.in_time <= seen.waiting <= len(there)
    today = [x for x in state.tallies.values() if (x.queue, x.channel) == (rule.id, Channel.VOICE)]
    if scope is Scope.DAY and today and today[0].day == local_day(state, now):
        formula = FORMULAS[seen.formula]
        assert seen.counted == figure(formula, summed(today)), rule.id
    if says and not there:
        wakeup = state.next_wakeup()
        assert wakeup is not None
        assert wakeup <= max(x.interval for x in today) + QUARTER or scope is Scope.DAY


def _is_over(item: Item) -> bool:
    return item.service_level == "threshold" and item.state in IN_LINE


def _check_risk(
    state: State, now: Instant, rule: Queue, risk: AtRisk, tempo: Tempo, says: bool
) -> None:
    first = _first(state, rule, tempo)
    if first is None:
        assert not says, rule.id
        return
    if tempo is Tempo.SLOW_TEXT:
        hours, since, due = state.policy.hours[rule.hours], first.first_queued_at, first.due_at
        assert since is not None
        assert due is not None
        gone, whole = elapsed(hours, since, now), elapsed(hours, since, due)
        share = risk.leave_share if says else risk.enter_share
        over = bool(share) and (now >= due or gone >= round(share * whole))
        assert over == says, (rule.id, first)
        return
    spans = {
        Tempo.LIVE: (risk.enter, risk.leave),
        Tempo.FAST_TEXT: (risk.chat_enter, risk.chat_leave),
    }
    enter, leave = spans[tempo]
    assert first.first_queued_at is not None
    since = max(first.first_queued_at, first.entered_at or 0)
    if says:
        assert now - since >= leave, rule.id
    elif enter:
        wakeup = state.next_wakeup()
        assert wakeup is not None
        assert wakeup <= since + enter


def _first(state: State, rule: Queue, tempo: Tempo) -> Item | None:
    """Return the first in line to whom something is promised."""
    found = [
        (item.urgency_at, item.id, item)
        for item in state.items.values()
        if item.queue == rule.id
        and item.state in IN_LINE
        and item.tempo is tempo
        and item.form is not Form.CALLBACK
        and (tempo is not Tempo.SLOW_TEXT or item.due_at is not None)
    ]
    return min(found)[2] if found else None


def _check_asks(state: State, item: Item) -> None:
    """Check who may have the item, one agent of the policy after the other."""
    rule = state.policy.queues.get(item.queue) if item.queue is not None else None
    if rule is None:
        return
    holds = STRAIN.intersection(state.conditions_row(rule.id, item.tempo).conditions)
    bucket = state.index.bucket_of(item)
    may = {id(profile) for profile in bucket.profiles}
    for agent_id, agent in state.policy.agents.items():
        profile = state.index.profile_of(agent_id)
        if profile is None or not profile.capacity.units.get(item.tempo):
            continue
        meets = requirement.matches(requirement.parse(item.requirement), agent.skills)
        opened = any(step.condition in holds for step in rule.steps[: item.step])
        if not opened:
            assert (id(profile) in may) == meets, (item, agent_id)
        elif not any(step.requires for step in rule.steps[: item.step]):
            assert id(profile) in may or not meets, (item, agent_id)
