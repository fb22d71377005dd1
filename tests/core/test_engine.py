"""A caller, a form, agents: what the engine decides, example by example."""

from __future__ import annotations

import pytest

from router.core import commands as c
from router.core import events as e
from router.core.flows.presentation import caller_script, wait_script
from router.core.flows.script import Ask, Dial, End, Leave, Listen, Room, Wait
from router.core.model import (
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Form,
    ItemId,
    ItemState,
    LegResult,
    OfferEnding,
    OfferId,
    QueueId,
)
from router.core.tallies import summed
from router.errors import NotAllowed, NotNow, StaleOffer, UnknownAgent, UnknownItem
from tests.core.town import NIGHT, OPEN, Desk

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")


def of(events: list[e.AnyEvent], kind: type[e.Event]) -> list[e.Event]:
    return [event for event in events if isinstance(event, kind)]


def test_a_call_in_french_is_offered_to_who_speaks_it() -> None:
    desk = Desk()
    desk.sign_in("boris", "amina")
    item = desk.call("i1", "2", "2")
    row = desk.state.items[item]
    assert row.state is ItemState.OFFERED
    assert row.requirement == "french and general"
    assert desk.state.agents[AMINA].offer == "i1.1"
    assert desk.state.agents[BORIS].offer is None


def test_the_caller_hears_the_menu_then_waits_then_talks() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1")
    script = caller_script(desk.state, item)
    assert [(s.text, s.language) for s in script.spoken] == [
        ("In danger? Dial 911", "en"),
        ("In danger? Dial 911 (fr)", "fr"),
        ("1 English, 2 French", "en"),
        ("1 English, 2 French (fr)", "fr"),
    ]
    assert isinstance(script.then, Ask)
    desk.do(c.AdvanceFlow(item_id=item, step=1, digits="2"))
    assert caller_script(desk.state, item).spoken[0].language == "fr"
    desk.do(c.AdvanceFlow(item_id=item, step=2, digits="2"))
    assert isinstance(caller_script(desk.state, item).then, Wait)
    desk.answer("amina")
    assert caller_script(desk.state, item).then == Room(room="i1", resident=True)


def test_who_chooses_no_language_is_served_in_the_towns_first_one() -> None:
    desk = Desk()
    item = desk.call("i1", "7", "")
    assert desk.state.items[item].language == "en"


def test_a_repeated_answer_advances_nothing() -> None:
    desk = Desk()
    item = desk.call("i1", "1")
    before = desk.state.hash()
    assert desk.do(c.AdvanceFlow(item_id=item, step=1, digits="2")) == []
    assert desk.state.hash() == before


def test_a_repeated_call_webhook_makes_no_second_item() -> None:
    desk = Desk()
    desk.call("i1")
    desk.call("i1")
    assert list(desk.state.items) == ["i1"]


def test_the_longest_idle_agent_is_offered_first() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.wait(SECOND)
    desk.sign_in("boris")
    desk.call("i1", "1", "2")
    assert desk.state.agents[AMINA].offer is not None
    desk.call("i2", "1", "2", caller="b")
    assert desk.state.agents[BORIS].offer is not None


def test_a_voice_call_excludes_everything_else() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    desk.call("i1", "1", "1")
    desk.answer("chloe")
    form = desk.form("f1")
    assert desk.state.items[form].state is ItemState.QUEUED
    desk.do(c.EndCall(item_id=desk.call("i1"), call_id="CAi1", reason="completed"))


def test_a_declined_item_keeps_its_place_and_the_agent_is_passed_over() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    first = desk.state.items[item].urgency_at
    desk.wait(5 * SECOND)
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA, reason="busy"))
    row = desk.state.items[item]
    assert row.urgency_at == first
    assert desk.state.agents[BORIS].offer == "i1.2"


def test_the_only_agent_is_asked_again_soon() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    assert desk.state.items[item].state is ItemState.QUEUED
    desk.wait(5 * SECOND)
    assert desk.state.agents[AMINA].offer == "i1.2"


def test_seen_and_unanswered_is_missed_and_unseen_is_skipped() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    desk.call("i1", "1", "2")
    desk.do(c.SeeOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.keep_alive(20 * SECOND)
    assert desk.state.agents[BORIS].offer == "i1.2"
    desk.keep_alive(20 * SECOND)
    endings = [x.ending for x in of(desk.story, e.OfferEnded)]  # type: ignore[attr-defined]
    assert endings == [OfferEnding.MISSED, OfferEnding.SKIPPED]
    assert (desk.state.agents[AMINA].missed, desk.state.agents[BORIS].missed) == (1, 1)


def test_who_misses_twice_is_away_not_answering() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    desk.keep_alive(60 * SECOND)
    assert desk.state.agents[AMINA].status is AgentStatus.AWAY
    assert desk.state.agents[AMINA].reason == "not_answering"


def test_a_vanished_desk_stops_being_available_and_its_offer_returns() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.wait(15 * SECOND)
    item = desk.call("i1", "1", "2")
    desk.wait(15 * SECOND)
    assert desk.state.agents[AMINA].status is AgentStatus.OFFLINE
    assert desk.state.items[item].state is ItemState.QUEUED


def test_a_requirement_relaxes_with_the_wait() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    desk.do(c.SetStatus(agent_id=CHLOE, status=AgentStatus.AWAY, reason="break", after_item=False))
    desk.sign_in("boris")
    item = desk.call("i1", "1", "1")
    assert desk.state.items[item].requirement == "english and roads >= 5"
    desk.keep_alive(60 * SECOND)
    assert desk.state.items[item].requirement == "roads"
    desk.keep_alive(60 * SECOND)
    assert desk.state.agents[BORIS].offer == "i1.1"


def test_a_step_is_skipped_at_once_when_nobody_signed_in_could_match() -> None:
    desk = Desk()
    desk.sign_in("boris")
    desk.call("i1", "1", "1")
    assert desk.state.agents[BORIS].offer == "i1.1"


def test_a_caller_who_hangs_up_frees_the_rung_agent_without_blame() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert desk.state.items[item].state is ItemState.ABANDONED
    assert desk.state.agents[AMINA].missed == 0
    desk.call("i2", "1", "2", caller="z")
    assert desk.state.agents[AMINA].offer == "i2.1"


def test_a_caller_who_dials_again_soon_gets_the_old_place() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    first = desk.state.items[item].first_queued_at
    desk.wait(30 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    desk.wait(30 * SECOND)
    again = desk.call("i2", "1", "2")
    assert desk.state.items[again].first_queued_at == first


def test_a_whole_call_ends_in_wrap_up_and_the_agent_is_free_again() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.keep_alive(90 * SECOND)
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    assert desk.state.items[item].state is ItemState.WRAP_UP
    waiting = desk.call("i2", "1", "2", caller="z")
    assert desk.state.items[waiting].state is ItemState.QUEUED
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA, code="answered"))
    assert desk.state.items[item].state is ItemState.CLOSED
    assert desk.state.agents[AMINA].offer == "i2.1"


def test_wrap_up_ends_by_itself() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert desk.state.items[item].state is ItemState.WRAP_UP
    desk.keep_alive(30 * SECOND)
    assert desk.state.items[item].outcome == "wrap-up-expired"


def test_an_agents_telephone_that_is_not_answered_returns_the_caller_to_the_old_place() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    first = desk.state.items[item].first_queued_at
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.NO_ANSWER))
    row = desk.state.items[item]
    assert row.first_queued_at == first
    assert desk.state.agents[BORIS].offer == "i1.2"


def test_accepting_twice_is_harmless_and_somebody_elses_offer_is_refused() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    desk.call("i1", "1", "2")
    with pytest.raises(StaleOffer):
        desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=BORIS))
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    assert desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA)) == []


def test_a_mistaken_decline_can_be_taken_back() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.do(c.TakeBackDecline(offer_id=OfferId("i1.1"), agent_id=AMINA))
    assert desk.state.agents[AMINA].offer == "i1.2"


def test_a_decline_cannot_be_taken_back_when_somebody_else_has_it() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    desk.call("i1", "1", "2")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    with pytest.raises(NotNow):
        desk.do(c.TakeBackDecline(offer_id=OfferId("i1.1"), agent_id=AMINA))


def test_a_cold_transfer_keeps_the_age_unless_told_otherwise() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    first = desk.state.items[item].first_queued_at
    desk.answer("amina")
    desk.wait(10 * SECOND)
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=QueueId("roads")))
    row = desk.state.items[item]
    assert (row.queue, row.first_queued_at) == ("roads", first)
    wanted = [x.effect for x in of(desk.story, e.EffectWanted)]  # type: ignore[attr-defined]
    assert [type(x).__name__ for x in wanted] == ["DialAgent", "MoveCall", "MoveCall", "EndLeg"]


def test_a_transfer_to_a_named_agent_waits_for_that_agent_then_for_anyone() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_agent=BORIS))
    assert desk.state.agents[BORIS].offer == "i1.2"
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.2"), agent_id=BORIS))
    assert desk.state.items[item].requirement == "english and general"
    desk.wait(5 * SECOND)
    assert desk.state.agents[BORIS].offer == "i1.3"


def test_who_transferred_an_item_is_not_offered_it_straight_back() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=QueueId("general")))
    assert desk.state.items[item].state is ItemState.QUEUED
    desk.keep_alive(60 * SECOND)
    assert desk.state.agents[AMINA].offer == "i1.2"


def test_a_transfer_outside_rings_and_falls_back_into_the_line() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_contact="officer"))
    script = caller_script(desk.state, item)
    assert isinstance(script.then, Dial)
    assert script.then.number == "+19055550151"
    desk.do(c.AdvanceFlow(item_id=item, step=script.then.step, result=LegResult.BUSY))
    assert desk.state.items[item].state is ItemState.OFFERED


def test_a_transfer_to_a_number_that_may_not_be_rung_is_refused() -> None:
    from msgspec.structs import replace

    from tests.core.town import town

    policy = town()
    closed = replace(policy, dialling=replace(policy.dialling, allowed=("client:",)))
    desk = Desk(closed)
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    with pytest.raises(NotAllowed):
        desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_contact="officer"))


def test_hold_needs_a_connected_room_and_comes_back() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    with pytest.raises(NotNow):
        desk.do(c.HoldItem(item_id=item, agent_id=AMINA))
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    desk.do(c.HoldItem(item_id=item, agent_id=AMINA))
    assert desk.state.items[item].state is ItemState.HELD
    desk.do(c.ResumeItem(item_id=item, agent_id=AMINA))
    assert desk.state.items[item].state is ItemState.HANDLING


# --- night ---------------------------------------------------------------------------------------


def test_at_night_an_urgent_subject_walks_security_and_the_on_call_list() -> None:
    desk = Desk(now=NIGHT)
    item = desk.call("i1", "1", "9")
    script = caller_script(desk.state, item)
    assert isinstance(script.then, Dial)
    assert script.then.number == "+19055550150"
    step = script.then.step
    for number in ("+19055550152", "+19055550151"):
        desk.do(c.AdvanceFlow(item_id=item, step=step, result=LegResult.NO_ANSWER))
        then = caller_script(desk.state, item).then
        assert isinstance(then, Dial)
        assert then.number == number
        step = then.step
    desk.do(c.AdvanceFlow(item_id=item, step=step, result=LegResult.ANSWERED))
    row = desk.state.items[item]
    assert (row.state, row.outcome) == (ItemState.DIVERTED, "officer")
    tried = of(desk.story, e.OutsideTried)
    assert [(x.contact, x.result) for x in tried] == [  # type: ignore[attr-defined]
        ("security", "no_answer"),
        ("deputy", "no_answer"),
        ("officer", "answered"),
    ]


def test_when_nobody_on_call_answers_the_item_is_kept_for_the_next_opening() -> None:
    desk = Desk(now=NIGHT)
    item = desk.call("i1", "1", "9")
    for _ in range(3):
        script = caller_script(desk.state, item)
        assert isinstance(script.then, Dial)
        desk.do(c.AdvanceFlow(item_id=item, step=script.then.step, result=LegResult.NO_ANSWER))
    row = desk.state.items[item]
    assert (row.state, row.form) == (ItemState.DEFERRED, Form.MESSAGE)
    assert caller_script(desk.state, item).then == End()


def test_at_night_the_rest_hears_a_message_and_leaves_a_next_day_item() -> None:
    desk = Desk(now=NIGHT)
    item = desk.call("i1", "1", "2")
    script = caller_script(desk.state, item)
    assert (script.then, script.spoken[-1].text) == (End(), "others")
    walked = of(desk.story, e.FallbackWalked)[0]
    assert [(t.rule, t.hit) for t in walked.tried] == [  # type: ignore[attr-defined]
        ("night/urgent", False),
        ("night/others", True),
    ]
    desk.wait(36 * 3600 * SECOND)
    assert desk.state.items[item].state is ItemState.DEFERRED
    desk.wait(21 * MINUTE)
    row = desk.state.items[item]
    assert (row.state, row.form, row.queue) == (ItemState.QUEUED, Form.MESSAGE, "general")


def test_a_form_at_night_waits_for_the_next_opening_with_a_business_day_clock() -> None:
    desk = Desk(now=NIGHT)
    item = desk.form("f1")
    assert desk.state.items[item].state is ItemState.DEFERRED
    due = desk.state.items[item].due_at
    assert due is not None
    # received on Saturday night counts as Monday; two business days later closes on Wednesday
    assert due == OPEN + 9 * 24 * 3600 * SECOND + 8 * 3600 * SECOND


def test_an_emergency_closing_beats_the_hours_and_ends_by_itself() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.do(
        c.SetEmergency(
            hours="office",
            closed=True,
            until=OPEN + 20 * SECOND,
            reason="water main",
            by="supervisor",
        )
    )
    item = desk.call("i1", "1", "2")
    assert desk.state.items[item].state is ItemState.DEFERRED
    desk.wait(21 * SECOND)
    assert desk.state.queues[QueueId("general")].is_open


# --- callbacks -----------------------------------------------------------------------------------


def book(desk: Desk, name: str) -> ItemId:
    item = desk.call(name, "1", "2")
    desk.wait(20 * SECOND)
    desk.do(c.AskWait(item_id=item, turn=1))
    assert isinstance(wait_script(desk.state, item).then, Listen)
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    assert wait_script(desk.state, item).then == Leave()
    script = caller_script(desk.state, item)
    assert isinstance(script.then, Ask)
    desk.do(c.AdvanceFlow(item_id=item, step=script.then.step, digits="1"))
    desk.do(c.EndCall(item_id=item, call_id=f"CA{name}", reason="completed"))
    return item


def test_a_callback_keeps_its_virtual_place() -> None:
    desk = Desk()
    item = book(desk, "i1")
    later = desk.call("i2", "1", "2", caller="z")
    row = desk.state.items[item]
    assert (row.form, row.state) == (Form.CALLBACK, ItemState.QUEUED)
    desk.sign_in("amina")
    assert desk.state.agents[AMINA].offer == "i1.1"
    assert desk.state.items[later].state is ItemState.QUEUED


def test_a_callback_rings_the_agent_first_then_the_resident() -> None:
    desk = Desk()
    item = book(desk, "i1")
    desk.sign_in("amina")
    desk.answer("amina")
    kinds = [type(x.effect).__name__ for x in of(desk.story, e.EffectWanted)]  # type: ignore[attr-defined]
    assert kinds == ["DialAgent", "DialResident"]
    desk.do(c.ReportLeg(item_id=item, leg="resident", call_id="R", result=LegResult.ANSWERED))
    assert caller_script(desk.state, item).then == Room(room="i1", resident=True)
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    assert desk.state.items[item].state is ItemState.WRAP_UP


def test_busy_is_tried_again_and_after_the_last_attempt_becomes_a_message() -> None:
    desk = Desk()
    item = book(desk, "i1")
    desk.sign_in("amina")
    desk.answer("amina")
    desk.do(c.ReportLeg(item_id=item, leg="resident", call_id="R", result=LegResult.BUSY))
    assert desk.state.items[item].state is ItemState.DEFERRED
    assert desk.state.agents[AMINA].holdings == ()
    desk.keep_alive(5 * MINUTE)
    desk.answer("amina")
    desk.do(c.ReportLeg(item_id=item, leg="resident", call_id="R2", result=LegResult.NO_ANSWER))
    row = desk.state.items[item]
    assert row.form is Form.MESSAGE
    assert desk.state.agents[AMINA].offer is not None


def test_a_resident_who_rings_again_takes_over_the_callbacks_place() -> None:
    desk = Desk()
    item = book(desk, "i1")
    first = desk.state.items[item].first_queued_at
    again = desk.call("i2", "1", "2")
    assert desk.state.items[again].first_queued_at == first
    assert desk.state.items[item].outcome == "merged"


def test_a_callback_is_not_rung_outside_its_hours() -> None:
    desk = Desk()
    item = book(desk, "i1")
    desk.wait(10 * 3600 * SECOND)
    desk.sign_in("amina")
    assert desk.state.items[item].state is ItemState.DEFERRED
    assert desk.state.agents[AMINA].offer is None


# --- agents --------------------------------------------------------------------------------------


def test_away_after_this_item_takes_effect_when_nothing_is_held() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break", after_item=True))
    assert desk.state.agents[AMINA].status is AgentStatus.AVAILABLE
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA, code="answered"))
    assert desk.state.agents[AMINA].status is AgentStatus.AWAY


def test_a_stranger_cannot_sign_in_and_an_unknown_item_is_said_to_be_unknown() -> None:
    desk = Desk()
    with pytest.raises(UnknownAgent):
        desk.do(c.SignIn(agent_id=AgentId("nobody"), desk="d"))
    with pytest.raises(UnknownItem):
        desk.do(c.AskWait(item_id=ItemId("nope"), turn=1))


def test_the_service_level_counts_each_call_once() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    desk.answer("amina")
    item = desk.call("i2", "1", "2", caller="z")
    desk.keep_alive(31 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAi2", reason="completed"))
    counts = summed(desk.state.tallies.values())
    assert counts == {"answered": 1, "threshold": 1, "abandoned-late": 1}


def test_a_refused_command_changes_nothing() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    before = desk.state.hash()
    with pytest.raises(NotAllowed):
        desk.do(c.CloseItem(item_id=item, agent_id=AMINA))
    assert desk.state.hash() == before


def test_an_ended_item_can_be_reopened_and_is_forgotten_later() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.form("f1")
    desk.answer("chloe")
    desk.do(c.CloseItem(item_id=item, agent_id=CHLOE, code="answered"))
    desk.do(c.ReopenItem(item_id=item, by="resident", reason="still broken"))
    assert desk.state.items[item].state is ItemState.OFFERED
    desk.answer("chloe")
    desk.do(c.CloseItem(item_id=item, agent_id=CHLOE, code="answered"))
    desk.wait(3 * 24 * 3600 * SECOND)
    assert item not in desk.state.items
