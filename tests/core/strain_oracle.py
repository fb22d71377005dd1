"""Which queues are under strain, and what their callers ask for: from all items, none left out."""

from __future__ import annotations

from router.core import requirement
from router.core.model import STRAIN, Condition, Form, Instant, ItemState, Tempo
from router.core.policy import Queue
from router.core.records import Item
from router.core.state import State

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
