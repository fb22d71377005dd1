"""At risk by what is foreseen: all who wait at their expected wait, and what was counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.estimate import wait_of, wait_of_newcomer
from router.core.explain_steps import once_conditions_hold
from router.core.forecast import beyond, forecast
from router.core.formulas import FORMULAS, THRESHOLD
from router.core.model import HOUR, MINUTE, SECOND, Channel, ItemId
from router.core.policy_service_level import Promise
from router.core.policy_waiting import AtRisk, Forecast, Scope
from router.core.state import State
from tests.core.test_strain import RISK, ROADS, Strained, step

INTERVAL = AtRisk(enter=0, leave=0, forecast=Forecast(of=Scope.INTERVAL, enter=0.7, leave=0.85))
DAY = AtRisk(enter=0, leave=0, forecast=Forecast(of=Scope.DAY, enter=0.7, leave=0.85))


def hang_up(desk: Strained, name: str) -> None:
    desk.do(c.EndCall(item_id=ItemId(name), call_id=f"CA{name}", reason="completed"))


def test_the_warning_comes_with_the_caller_who_will_be_late_and_ends_with_the_quarter() -> None:
    desk = Strained(at_risk=INTERVAL)
    desk.busy()
    assert desk.strain() == []
    desk.beat(5 * SECOND)
    desk.caller("second", 0)
    assert desk.strain() == [("Entered", RISK, 5)]  # 25 s before the promise is broken
    seen = forecast(desk.state, desk.now, desk.state.policy.queues[ROADS], Scope.INTERVAL)
    assert (seen.counted, seen.waiting, seen.in_time, seen.reached) == ((1, 1), 1, 0, (1, 2))
    entered = [x for x in desk.story if isinstance(x, e.ConditionEntered)]
    because = [x.because for x in entered if x.condition is RISK]
    assert because == [
        "50% of this quarter of an hour will be answered within 30 s: 1 of 1 so far,"
        " 0 of 1 who wait (townline/1)"
    ]
    desk.beat(5 * SECOND)
    hang_up(desk, "second")
    desk.beat(30 * MINUTE)
    assert desk.strain() == [("Entered", RISK, 5), ("Left", RISK, 900)]


def test_it_stays_into_the_next_quarter_while_somebody_waits() -> None:
    desk = Strained(at_risk=INTERVAL, wait_max=0)
    desk.busy()
    desk.beat(899 * SECOND)
    desk.caller("second", 0)
    desk.beat(5 * MINUTE)
    assert desk.strain() == [("Entered", RISK, 899)]
    hang_up(desk, "second")
    assert desk.strain() == [("Entered", RISK, 899), ("Left", RISK, 1199)]


def test_of_the_day_it_ends_once_so_many_were_answered_or_the_day_is_over() -> None:
    desk = Strained(at_risk=DAY)
    desk.busy()
    desk.caller("second", 0)
    hang_up(desk, "second")
    assert [x[:2] for x in desk.strain()] == [("Entered", RISK)]
    desk.do(c.CloseItem(item_id=ItemId("first"), agent_id="a00", code=""))  # type: ignore[arg-type]
    for n in range(5):
        desk.caller(f"more{n}", 0)
        desk.finish("a00")
    assert [x[0] for x in desk.strain()] == ["Entered", "Left"]  # 6 of 7 are 86 %


def test_a_day_that_is_over_is_at_risk_no_more() -> None:
    desk = Strained(at_risk=DAY)
    desk.busy()
    desk.caller("second", 0)
    hang_up(desk, "second")
    desk.beat(20 * HOUR)
    (_, (left, _, at)) = desk.strain()
    assert (left, at % 900) == ("Left", 0)


def test_who_is_being_offered_is_in_time() -> None:
    desk = Strained(at_risk=INTERVAL)
    desk.caller("first", 0)
    seen = forecast(desk.state, desk.now, desk.state.policy.queues[ROADS], Scope.INTERVAL)
    assert (seen.in_time, seen.reached) == (1, (1, 1))
    assert desk.strain() == []


def test_a_snapshot_and_a_way_back_keep_what_was_foreseen_and_its_end() -> None:
    desk = Strained(at_risk=INTERVAL)
    desk.busy()
    desk.caller("second", 0)
    rule = desk.state.policy.queues[ROADS]
    before = forecast(desk.state, desk.now, rule, Scope.INTERVAL)
    desk.state.keep_undo()
    mark, due = desk.state.mark(), desk.state.next_wakeup()
    hang_up(desk, "second")
    after = forecast(desk.state, desk.now, rule, Scope.INTERVAL)
    assert after.waiting == 0
    again = State.thaw(desk.state.freeze(), desk.state.policies)
    assert forecast(again, desk.now, rule, Scope.INTERVAL) == after
    assert forecast(again, desk.now, rule, Scope.DAY).counted == after.counted
    assert again.next_wakeup() == desk.state.next_wakeup()
    assert again.watch.due == desk.state.watch.due
    desk.state.back_to(mark)
    assert forecast(desk.state, desk.now, rule, Scope.INTERVAL) == before
    assert forecast(desk.state, desk.now, rule, Scope.DAY).counted == before.counted
    assert desk.state.next_wakeup() == due


def test_explain_says_what_is_foreseen_and_below_what_a_step_would_count() -> None:
    desk = Strained(step(0, condition=RISK, adds=("tax",)), at_risk=INTERVAL)
    for n in range(4):
        desk.caller(f"done{n}", 0)
        desk.finish("a00")
    desk.busy()
    item = desk.caller("second", 0)
    said = "\n".join(once_conditions_hold(desk.state, desk.now, desk.state.items[item]))
    assert "once the queue is at_risk, below 70%: 100% of this quarter of an hour" in said


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=lambda each: each.id)
def test_every_formula_looks_once_at_who_is_answered_late(formula: object) -> None:
    looked_at = formula.looked_at  # type: ignore[attr-defined]
    assert (THRESHOLD in looked_at) + ("answered-late" in looked_at) == 1
    assert "answered" in formula.met  # type: ignore[attr-defined]


@pytest.mark.parametrize("formula", ["townline/1", "genesys/1"])
def test_who_is_late_already_counts_once_by_any_formula(formula: str) -> None:
    desk = Strained(at_risk=INTERVAL)
    rule = desk.state.policy.queues[ROADS]
    promise = Promise(rule.target_share, rule.target_span, formula)
    desk.adopt(
        replace(
            desk.state.policy,
            queues={
                **desk.state.policy.queues,
                ROADS: replace(rule, promises={Channel.VOICE: promise}),
            },
        )
    )
    desk.busy()
    desk.caller("second", 0)
    desk.beat(MINUTE)
    seen = forecast(desk.state, desk.now, desk.state.policy.queues[ROADS], Scope.INTERVAL)
    assert (seen.waiting, seen.in_time, seen.reached) == (1, 0, (1, 2))


@given(
    st.integers(0, 40), st.integers(0, 40), st.integers(0, 200), st.integers(0, 200),
    st.integers(1, 200),
)  # fmt: skip
def test_the_line_between_first_and_newcomer_is_counted_as_one_by_one(
    more: int, last: int, first: int, newcomer: int, within: int
) -> None:
    line = last + more
    waits = [first * line + (newcomer - first) * p for p in range(line)]  # times `line`
    late = [each >= within * line for each in waits]
    assert beyond(line, last, first, newcomer, within) == sum(late[line - last :])


def test_two_in_line_are_foreseen_as_their_own_estimates_say() -> None:
    desk = Strained(at_risk=INTERVAL)
    desk.busy()
    desk.caller("second", 0)
    desk.beat(5 * SECOND)
    rule = desk.state.policy.queues[ROADS]
    low, high = wait_of(desk.state, desk.now, desk.state.items[ItemId("second")])
    assert low is not None
    assert high is not None
    assert (low + high) // 2 + 5 * SECOND >= rule.target_span
    low, high = wait_of_newcomer(desk.state, desk.now, rule)
    assert low is not None
    assert high is not None
    desk.caller("third", 0)
    seen = forecast(desk.state, desk.now, rule, Scope.INTERVAL)
    assert seen.in_time == 0
