"""Place, relaxation, service level and estimate: each counted from its own stated beginning."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.estimate import HANDLE_ASSUMED
from router.core.flows.presentation import caller_script
from router.core.flows.script import Ask
from router.core.formulas import offered
from router.core.hours import Range
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    LegResult,
    OfferId,
    PolicyHash,
    QueueId,
)
from router.core.state import State
from router.core.tallies import summed
from tests.core.town import OPEN, Desk, queue, town

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")
GENERAL, ROADS = QueueId("general"), QueueId("roads")


def counted(desk: Desk) -> list[tuple[str, str, int]]:
    return [
        (x.queue, x.result, x.waited // SECOND)
        for x in desk.story
        if isinstance(x, e.ServiceLevelCounted)
    ]


# --- relaxation ----------------------------------------------------------------------------------


def strict() -> Desk:
    """Chloe alone knows roads; she is busy with another call."""
    desk = Desk()
    desk.sign_in("chloe")
    desk.call("i0", "1", "1", caller="z")
    desk.answer("chloe")
    return desk


def test_relaxation_runs_on_while_offered_and_while_a_telephone_rings() -> None:
    desk = Desk()
    desk.sign_in("chloe", "boris")
    item = desk.call("i1", "1", "1")
    desk.keep_alive(15 * SECOND)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=CHLOE))
    desk.keep_alive(50 * SECOND)
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.NO_ANSWER))
    row = desk.state.items[item]
    assert (row.step, row.requirement) == (1, "roads")  # 65 s old: the first step was due meanwhile
    desk.keep_alive(55 * SECOND)
    assert desk.state.agents[BORIS].offer is not None  # the second step came in its time


def test_a_returned_item_takes_the_steps_that_were_due_while_it_was_in_hand() -> None:
    desk = Desk()
    desk.sign_in("chloe", "boris")
    item = desk.call("i1", "1", "1")
    desk.answer("chloe")
    desk.keep_alive(3 * MINUTE)
    desk.do(c.ReturnItem(item_id=item, agent_id=CHLOE))
    assert desk.state.items[item].step == 2
    assert desk.state.agents[BORIS].offer == "i1.2"


def test_a_return_before_the_next_step_changes_nothing_of_the_steps() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.call("i1", "1", "1")
    desk.answer("chloe")
    desk.keep_alive(10 * SECOND)
    desk.do(c.ReturnItem(item_id=item, agent_id=CHLOE))
    assert desk.state.items[item].step_due == OPEN + MINUTE
    assert not [x for x in desk.story if isinstance(x, e.StepTaken)]


def test_a_step_taken_stays_taken_when_staff_comes_back() -> None:
    desk = Desk()
    desk.sign_in("boris")
    item = desk.call("i1", "1", "1")
    assert desk.state.items[item].step == 2
    desk.sign_in("chloe")
    assert desk.state.items[item].step == 2


def test_after_the_last_step_the_item_waits_on_with_what_it_asks() -> None:
    desk = strict()
    item = desk.call("i1", "1", "1")
    desk.keep_alive(10 * MINUTE)
    row = desk.state.items[item]
    assert (row.state, row.step, row.step_due) == (ItemState.QUEUED, 2, None)


def test_a_step_and_an_expiry_at_the_same_instant_both_happen() -> None:
    policy = town()
    roads = policy.queues[ROADS]
    steps = (replace(roads.steps[0], after=20 * SECOND, requires="general"),)
    desk = Desk(replace(policy, queues={**policy.queues, ROADS: replace(roads, steps=steps)}))
    desk.sign_in("chloe", "boris")
    item = desk.call("i1", "1", "1")
    desk.keep_alive(20 * SECOND)
    assert desk.state.items[item].requirement == "general"
    assert desk.state.agents[BORIS].offer == "i1.2"
    assert desk.state.agents[CHLOE].missed == 1


def test_a_step_is_due_at_its_very_instant_also_on_entering_the_line() -> None:
    desk = Desk()
    desk.sign_in("chloe", "boris", "amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina") if desk.state.agents[AMINA].offer else desk.answer("boris")
    holder = desk.state.items[item].agent
    desk.keep_alive(MINUTE)
    desk.do(c.TransferItem(item_id=item, agent_id=holder, to_queue=ROADS))
    assert desk.state.items[item].step == 1


def test_what_was_kept_for_one_agent_is_released_at_the_step_of_its_age() -> None:
    desk = Desk()
    desk.sign_in("chloe", "boris")
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    item = desk.call("i1", "1", "1")
    desk.answer("chloe")
    desk.do(c.TransferItem(item_id=item, agent_id=CHLOE, to_agent=BORIS))
    assert desk.state.items[item].step_due is None
    desk.keep_alive(MINUTE)
    row = desk.state.items[item]
    assert (row.step, row.requirement, row.step_due) == (1, "roads", OPEN + 2 * MINUTE)


def test_a_form_that_is_passed_on_keeps_what_was_promised() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.form("f1")
    due = desk.state.items[item].due_at
    desk.answer("chloe")
    desk.keep_alive(10 * MINUTE)
    desk.wait(DAY)
    desk.do(c.TransferItem(item_id=item, agent_id=CHLOE, to_queue=GENERAL, keep_age=False))
    assert desk.state.items[item].due_at == due


def test_fewer_steps_in_a_new_policy_leave_nobody_behind() -> None:
    desk = strict()
    item = desk.call("i1", "1", "1")
    desk.keep_alive(70 * SECOND)
    policy = town()
    roads = replace(policy.queues[ROADS], steps=())
    desk.adopt(replace(policy, queues={**policy.queues, ROADS: roads}))
    row = desk.state.items[item]
    assert (row.step, row.step_due, row.requirement) == (0, None, "english and roads >= 5")


# --- age and transfer ----------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [True, False])
def test_a_transfer_keeps_or_resets_the_age_as_it_is_told(keep: bool) -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    first = desk.state.items[item].first_queued_at
    desk.answer("amina")
    desk.keep_alive(90 * SECOND)
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=ROADS, keep_age=keep))
    row = desk.state.items[item]
    assert row.first_queued_at == (first if keep else desk.now)
    assert row.urgency_at == (row.first_queued_at or 0) + 30 * SECOND


def test_a_head_start_ranks_a_queue_as_if_it_had_come_earlier() -> None:
    policy = town()
    first = replace(policy.queues[ROADS], head_start=MINUTE, requires="general", steps=())
    desk = Desk(replace(policy, queues={**policy.queues, ROADS: first}))
    desk.call("i1", "1", "2", caller="a")
    desk.wait(59 * SECOND)
    desk.call("i2", "1", "1", caller="b")
    desk.sign_in("amina", "boris")
    assert desk.state.agents[AMINA].offer == "i2.1"
    assert desk.state.agents[BORIS].offer == "i1.1"


# --- service level -------------------------------------------------------------------------------


def test_each_entry_counts_once_from_its_own_beginning() -> None:
    desk = Desk()
    desk.sign_in("amina", "chloe")
    item = desk.call("i1", "1", "2")
    desk.wait(5 * SECOND)
    desk.answer("amina")
    desk.keep_alive(10 * MINUTE)
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=ROADS))
    desk.wait(7 * SECOND)
    desk.answer("chloe")
    assert counted(desk) == [("general", "answered", 5), ("roads", "answered", 7)]


def test_giving_back_is_no_new_entry() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.ReturnItem(item_id=item, agent_id=AMINA))
    desk.keep_alive(10 * SECOND)
    desk.answer("boris")
    assert counted(desk) == [("general", "answered", 0)]


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (29, ["answered"]),
        (30, ["threshold", "answered-late"]),
        (31, ["threshold", "answered-late"]),
    ],
)
def test_the_threshold_itself_is_late(wait: int, expected: list[str]) -> None:
    desk = Desk()
    desk.call("i1", "1", "2")
    desk.wait((wait - 1) * SECOND)
    desk.sign_in("amina")
    desk.wait(SECOND)
    desk.answer("amina")
    assert [result for _, result, _ in counted(desk)] == expected


def test_an_accept_is_no_answer_until_the_telephone_is() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.keep_alive(30 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert [r for _, r, _ in counted(desk)] == ["threshold", "abandoned-late"]


def callback_menu(desk: Desk, item: ItemId) -> int:
    desk.do(c.AskWait(item_id=item, turn=desk.state.items[item].spoken_turn + 1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    then = caller_script(desk.state, item).then
    assert isinstance(then, Ask)
    return then.step


def test_who_thinks_better_of_a_callback_still_counts_and_only_once() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.call("i0", "1", "2", caller="z")
    desk.answer("amina")
    item = desk.call("i1", "1", "2")
    desk.keep_alive(20 * SECOND)
    step = callback_menu(desk, item)
    desk.do(c.AdvanceFlow(item_id=item, step=step, digits="*"))
    desk.keep_alive(20 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert counted(desk)[1:] == [("general", "threshold", 30), ("general", "abandoned-late", 40)]


@pytest.mark.parametrize(
    ("wait", "expected"), [(20, ["callback"]), (40, ["threshold", "callback-late"])]
)
def test_a_booked_callback_counts_once(wait: int, expected: list[str]) -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    desk.wait(wait * SECOND)
    step = callback_menu(desk, item)
    desk.do(c.AdvanceFlow(item_id=item, step=step, digits="1"))
    desk.sign_in("amina")
    desk.answer("amina")
    assert [r for _, r, _ in counted(desk)] == expected
    assert offered(summed(desk.state.tallies.values())) == 1


def test_news_about_yesterday_leaves_todays_figures_alone() -> None:
    always = replace(town().hours["office"], weekly=((Range(0, 1440),),) * 7)
    desk = Desk(town(hours={"office": always}), now=OPEN + 14 * HOUR - 10 * SECOND)
    old = desk.call("i1", "1", "2", caller="a")
    desk.wait(MINUTE)
    new = desk.call("i2", "1", "2", caller="b")
    desk.do(c.EndCall(item_id=new, call_id="CAi2", reason="completed"))
    today = list(desk.state.tallies.values())
    assert [(row.day, row.counts) for row in today] == [("2026-11-24", (("abandoned", 1),))]
    desk.do(c.EndCall(item_id=old, call_id="CAi1", reason="completed"))
    assert list(desk.state.tallies.values()) == today


# --- estimates -----------------------------------------------------------------------------------


def test_the_wait_is_unknown_without_agents_and_a_range_with_them() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    desk.do(c.AskWait(item_id=item, turn=1))
    assert desk.state.items[item].spoken_high is None
    desk.sign_in("amina")
    other = desk.call("i2", "1", "2", caller="z")
    desk.do(c.AskWait(item_id=other, turn=1))
    row = desk.state.items[other]
    assert row.spoken_place == 2
    assert row.spoken_low is not None
    assert row.spoken_high is not None
    assert 0 < row.spoken_low < 2 * HANDLE_ASSUMED < row.spoken_high


def test_a_wait_that_grows_is_never_told_silently() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    for name in ("a", "b"):
        desk.call(name, "1", "2", caller=name)
    item = desk.call("i1", "1", "2")
    desk.do(c.AskWait(item_id=item, turn=1))
    assert not desk.state.items[item].spoken_risen
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    desk.do(c.AskWait(item_id=item, turn=2))
    assert desk.state.items[item].spoken_risen


def test_only_talks_count_for_the_mean_that_callers_hear() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    form = desk.form("f1")
    desk.answer("chloe")
    desk.keep_alive(30 * MINUTE)
    desk.do(c.FinishHandling(item_id=form, agent_id=CHLOE))
    desk.do(c.CloseItem(item_id=form, agent_id=CHLOE))
    call = desk.call("i1", "1", "1")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=CHLOE))
    desk.do(c.EndCall(item_id=call, call_id="CAi1", reason="completed"))  # not connected yet
    assert desk.state.queues[ROADS].handled == 0
    call = desk.call("i2", "1", "1", caller="z")
    desk.answer("chloe")
    desk.keep_alive(2 * MINUTE)
    desk.do(c.FinishHandling(item_id=call, agent_id=CHLOE))
    row = desk.state.queues[ROADS]
    assert (row.handled, row.handle_mean) == (1, 2 * MINUTE)


# --- the machine ---------------------------------------------------------------------------------


def test_nobody_is_punished_for_an_outage() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    since = desk.state.now
    desk.now += HOUR
    desk.do(c.ResumeService(since=since))
    desk.wait(0)
    assert desk.state.items[item].state is ItemState.OFFERED
    assert desk.state.offers[OfferId("i1.1")].expires_at == OPEN + HOUR + 20 * SECOND
    assert desk.state.agents[AMINA].lease_until == desk.now + 30 * SECOND


def test_the_very_first_adoption_can_be_undone() -> None:
    desk = Desk()
    state = State()
    state.policies = dict(desk.state.policies)
    state.keep_undo()
    mark, before = state.mark(), state.hash()
    state.put_policy(PolicyHash(desk.state.policy_hash))
    state.back_to(mark)
    assert state.hash() == before
    assert state.policy_hash == ""


def test_a_dedupe_key_lives_as_long_as_the_policy_says() -> None:
    desk = Desk()
    desk.form("f1")
    desk.wait(7 * DAY - 1)
    assert "form:f1" in desk.state.keys
    assert desk.form("f1") == "f1"
    assert len(desk.state.items) == 1
    desk.wait(1)
    assert desk.state.keys == {}


def test_a_queue_without_a_promise_for_text_has_no_due_instant() -> None:
    policy = town()
    plain = queue("roads", "roads", first_response_days=0)
    hours = queue("roads", "roads", first_response_days=0, first_response_span=4 * HOUR)
    wall = replace(hours, first_response_business=False)
    dues = []
    for rule in (plain, hours, wall):
        desk = Desk(replace(policy, queues={**policy.queues, ROADS: rule}), now=OPEN + 6 * HOUR)
        dues.append(desk.state.items[desk.form("f1")].due_at)
    assert dues == [None, OPEN + 24 * HOUR, OPEN + 10 * HOUR]
