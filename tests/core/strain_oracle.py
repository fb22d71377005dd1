"""Which queues are under strain, and what their callers ask for: from all items, none left out."""

from __future__ import annotations

from router.core import requirement
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
from router.core.policy_waiting import Scope
from router.core.records import Item
from router.core.service_level import local_day
from router.core.state import State
from router.core.tallies import summed

QUARTER = 15 * MINUTE
IN_LINE = (ItemState.QUEUED, ItemState.OFFERED)


def check_strain(state: State, now: Instant) -> None:
    """Raise AssertionError where what the state says of strain is not what its items say."""
    wakeup = state.next_wakeup()
    for rule in state.policy.queues.values():
        row = state.queues.get(rule.id)
        says = set(row.conditions) if row is not None else set()
        assert rule.at_risk is not None or Condition.AT_RISK not in says
        assert rule.long_wait is not None or Condition.LONG_WAIT not in says
        if rule.at_risk is None:
            continue
        if rule.at_risk.forecast is not None:
            _check_foreseen(state, now, rule, rule.at_risk.forecast.of, Condition.AT_RISK in says)
            continue
        waits = _longest(state, rule)
        if waits is None:
            assert Condition.AT_RISK not in says, rule.id
        elif Condition.AT_RISK in says:
            assert now - waits >= rule.at_risk.leave, rule.id
        else:
            assert wakeup is not None
            assert wakeup <= waits + rule.at_risk.enter
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


def _longest(state: State, rule: Queue) -> Instant | None:
    """Return since when the first caller waits."""
    callers = [
        (item.urgency_at, item.id, item.entered_at)
        for item in state.items.values()
        if item.queue == rule.id and item.state in IN_LINE and item.form is Form.CALL
    ]
    return min(callers)[2] if callers else None


def _check_asks(state: State, item: Item) -> None:
    """Check who may have the item, one agent of the policy after the other."""
    rule = state.policy.queues.get(item.queue) if item.queue is not None else None
    if rule is None:
        return
    row = state.queues.get(rule.id)
    holds = STRAIN.intersection(row.conditions if row is not None else ())
    bucket = state.index.bucket_of(item)
    may = {id(profile) for profile in bucket.profiles}
    for agent_id, agent in state.policy.agents.items():
        profile = state.index.profile_of(agent_id)
        if profile is None or not profile.capacity.units.get(item.tempo):
            continue
        meets = requirement.matches(requirement.parse(item.requirement), agent.skills)
        live = item.tempo is Tempo.LIVE
        opened = live and any(step.condition in holds for step in rule.steps[: item.step])
        if not opened:
            assert (id(profile) in may) == meets, (item, agent_id)
        elif not any(step.requires for step in rule.steps[: item.step]):
            assert id(profile) in may or not meets, (item, agent_id)
