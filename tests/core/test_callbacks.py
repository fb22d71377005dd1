"""Callbacks: the place is kept, nobody is rung for nothing, none disappears."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core.flows.presentation import caller_script, resident_script
from router.core.flows.script import Ask, End, Room, Wait
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    Form,
    ItemId,
    ItemState,
    LegResult,
    OfferId,
    QueueId,
)
from router.errors import NotNow
from tests.core.town import OPEN, Desk, town

AMINA = AgentId("amina")
CLOSES = OPEN + 8 * HOUR


def book(desk: Desk, name: str = "i1", caller: str = "caller") -> ItemId:
    item = desk.call(name, "1", "2", caller=caller)
    desk.wait(20 * SECOND)
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    then = caller_script(desk.state, item).then
    assert isinstance(then, Ask)
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, digits="1"))
    return item


def rung(desk: Desk, agent: str = "amina") -> ItemId:
    """A booked callback whose agent is on the telephone; the resident's rings."""
    item = book(desk)
    desk.sign_in(agent)
    desk.answer(agent)
    return item


def effects(desk: Desk, kind: type[f.Effect]) -> list[f.Effect]:
    found = [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]
    return [x for x in found if isinstance(x, kind)]


def resident(item: ItemId, result: LegResult, call: str = "R", key: str = "") -> c.ReportLeg:
    return c.ReportLeg(item_id=item, leg="resident", call_id=call, result=result, key=key)


@pytest.mark.parametrize("result", [LegResult.BUSY, LegResult.NO_ANSWER, LegResult.MACHINE])
def test_each_failed_ringing_is_an_attempt_after_which_the_place_is_kept(result: LegResult) -> None:
    desk = Desk()
    item = rung(desk)
    first = desk.state.items[item].first_queued_at
    desk.do(resident(item, result))
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.state, row.callback.attempts) == (ItemState.DEFERRED, 1)
    assert row.deferred_until == desk.now + 5 * MINUTE
    desk.keep_alive(5 * MINUTE)
    assert desk.state.items[item].first_queued_at == first
    assert [x.call_id for x in effects(desk, f.EndLeg)] == ["leg-amina"]  # type: ignore[attr-defined]


def test_news_of_the_first_attempt_told_again_is_not_a_second_attempt() -> None:
    desk = Desk()
    item = rung(desk)
    key = desk.state.items[item].resident_dial
    news = resident(item, LegResult.NO_ANSWER, key=key)
    desk.do(news)
    desk.keep_alive(5 * MINUTE)
    desk.answer("amina")
    assert desk.do(news) == []
    assert desk.state.items[item].state is ItemState.HANDLING


def test_such_news_is_stale_also_while_the_next_agents_telephone_rings() -> None:
    desk = Desk()
    item = rung(desk)
    news = resident(item, LegResult.BUSY, key=desk.state.items[item].resident_dial)
    desk.do(news)
    desk.keep_alive(5 * MINUTE)
    offer = desk.state.agents[AMINA].offer
    assert offer is not None
    desk.do(c.AcceptOffer(offer_id=offer, agent_id=AMINA))
    assert desk.do(news) == []


def test_an_agent_who_does_not_take_it_is_no_attempt() -> None:
    desk = Desk()
    item = book(desk)
    desk.sign_in("amina")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.wait(5 * SECOND)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=AMINA))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.NO_ANSWER))
    desk.wait(5 * SECOND)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.3"), agent_id=AMINA))
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))  # before anybody was rung
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.state, row.form, row.callback.attempts) == (ItemState.QUEUED, Form.CALLBACK, 0)


def test_an_agent_who_hangs_up_stops_the_residents_ringing() -> None:
    desk = Desk()
    item = rung(desk)
    key = effects(desk, f.DialResident)[0].key
    desk.do(c.ReportEffect(key=key, done=True, call_id="R"))
    assert desk.state.items[item].call_id == ""  # nobody is on the line yet
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    assert [x.call_id for x in effects(desk, f.EndLeg)] == ["leg-amina", "R"]  # type: ignore[attr-defined]
    assert resident_script(desk.state, item, pressed=False).then == End()


def test_a_residents_leg_made_too_late_is_ended() -> None:
    desk = Desk()
    item = rung(desk)
    key = effects(desk, f.DialResident)[0].key
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    desk.do(c.ReportEffect(key=key, done=True, call_id="R"))
    assert [x.call_id for x in effects(desk, f.EndLeg)] == ["leg-amina", "R"]  # type: ignore[attr-defined]


def test_a_resident_who_cannot_be_rung_lets_the_agent_go() -> None:
    desk = Desk()
    item = rung(desk)
    key = effects(desk, f.DialResident)[0].key
    desk.do(c.ReportEffect(key=key, done=False, reason="unreachable"))
    assert desk.state.items[item].state is ItemState.DEFERRED
    assert [x.call_id for x in effects(desk, f.EndLeg)] == ["leg-amina"]  # type: ignore[attr-defined]
    assert desk.state.agents[AMINA].holdings == ()


def test_a_resident_of_whom_nothing_is_heard_counts_as_not_reached() -> None:
    desk = Desk()
    item = rung(desk)
    desk.keep_alive(85 * SECOND)
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.state, row.callback.attempts) == (ItemState.DEFERRED, 1)


def test_the_resident_is_connected_once() -> None:
    desk = Desk()
    item = rung(desk)
    desk.do(resident(item, LegResult.ANSWERED))
    assert desk.do(resident(item, LegResult.ANSWERED)) == []
    desk.do(resident(item, LegResult.ANSWERED, call="R2"))
    assert [x.call_id for x in effects(desk, f.EndLeg)] == ["R2"]  # type: ignore[attr-defined]
    assert desk.do(resident(item, LegResult.ENDED, call="R2")) == []
    desk.do(resident(item, LegResult.ENDED))
    assert desk.state.items[item].state is ItemState.WRAP_UP
    assert desk.do(resident(item, LegResult.ENDED)) == []


def test_a_callback_given_back_or_transferred_with_the_resident_on_the_line_is_a_call() -> None:
    for command in (
        c.ReturnItem(item_id=ItemId("i1"), agent_id=AMINA),
        c.TransferItem(item_id=ItemId("i1"), agent_id=AMINA, to_queue=QueueId("roads")),
    ):
        desk = Desk()
        item = rung(desk)
        desk.do(resident(item, LegResult.ANSWERED))
        desk.do(command)
        row = desk.state.items[item]
        assert (row.form, row.state, row.callback) == (Form.CALL, ItemState.QUEUED, None)
        assert isinstance(caller_script(desk.state, item).then, Wait)
        desk.do(resident(item, LegResult.ENDED))  # hangs up: told of the leg that we rang
        assert desk.state.items[item].state is ItemState.ABANDONED


def test_a_callback_without_its_resident_cannot_be_transferred_or_held() -> None:
    desk = Desk()
    item = rung(desk)
    desk.do(c.NoteRoom(item_id=item, room_id="CF"))
    with pytest.raises(NotNow):
        desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=QueueId("roads")))
    with pytest.raises(NotNow):
        desk.do(c.HoldItem(item_id=item, agent_id=AMINA))


# --- hours, caps, expiry -------------------------------------------------------------------------


def test_no_resident_is_rung_after_the_hours_even_if_the_agent_accepted_before() -> None:
    desk = Desk(now=CLOSES - 2 * MINUTE)
    item = book(desk)
    desk.wait(CLOSES - 5 * SECOND - desk.now)
    desk.sign_in("amina")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.wait(5 * SECOND)
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.ANSWERED))
    assert effects(desk, f.DialResident) == []
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.state, row.callback.attempts) == (ItemState.DEFERRED, 0)
    assert row.deferred_until == CLOSES + 14 * HOUR


def test_a_number_is_not_rung_more_often_than_the_cap_of_its_day() -> None:
    policy = town()
    desk = Desk(replace(policy, dialling=replace(policy.dialling, per_number_day_max=1)))
    item = rung(desk)
    desk.do(resident(item, LegResult.BUSY))
    desk.keep_alive(5 * MINUTE)
    desk.answer("amina")
    row = desk.state.items[item]
    assert (row.form, len(effects(desk, f.DialResident))) == (Form.MESSAGE, 1)


def test_the_cap_of_the_town_counts_every_number_and_begins_anew_each_day() -> None:
    policy = town()
    desk = Desk(replace(policy, dialling=replace(policy.dialling, per_day_max=1)))
    rung(desk)
    assert {r.target: r.count for r in desk.state.dials.values()} == {"caller": 1, "": 1}
    desk.do(resident(ItemId("i1"), LegResult.ANSWERED))
    desk.do(c.CloseItem(item_id=ItemId("i1"), agent_id=AMINA))
    other = book(desk, "i2", caller="other")
    desk.sign_in("amina")
    desk.answer("amina")
    assert len(effects(desk, f.DialResident)) == 1
    desk.wait(DAY)
    third = book(desk, "i3", caller="third")
    desk.sign_in("amina")
    while (offer := desk.state.agents[AMINA].offer) is not None:
        held = desk.state.offers[offer].item
        desk.answer("amina")
        if held == third:
            break
        desk.do(c.CloseItem(item_id=held, agent_id=AMINA))
    assert {r.target: r.count for r in desk.state.dials.values()} == {"third": 1, "": 1}
    assert desk.state.items[other].form is Form.MESSAGE or other not in desk.state.items


def test_an_expired_callback_becomes_a_message_wherever_it_stands() -> None:
    for while_offered in (False, True):
        desk = Desk()
        item = book(desk)
        desk.wait(2 * DAY - 25 * SECOND)
        if while_offered:
            desk.sign_in("amina")
            desk.keep_alive(20 * SECOND)
        desk.wait(31 * SECOND)
        row = desk.state.items[item]
        assert (row.form, row.callback) == (Form.MESSAGE, None)


def test_a_callback_that_is_handled_at_its_expiry_is_finished() -> None:
    desk = Desk()
    item = book(desk)
    desk.wait(2 * DAY - 10 * SECOND)
    desk.sign_in("amina")
    desk.answer("amina")
    desk.do(resident(item, LegResult.ANSWERED))
    desk.keep_alive(MINUTE)
    assert desk.state.items[item].state is ItemState.HANDLING


# --- the same resident again ---------------------------------------------------------------------


def test_a_resident_who_rings_while_the_callback_is_offered_takes_it_over() -> None:
    desk = Desk()
    item = book(desk)
    first = desk.state.items[item].first_queued_at
    desk.sign_in("amina")
    assert desk.state.items[item].state is ItemState.OFFERED
    again = desk.call("i2", "1", "2")
    assert desk.state.items[item].outcome == "merged"
    assert desk.state.items[again].first_queued_at == first
    assert desk.state.agents[AMINA].offer == "i2.1"


def test_a_resident_who_rings_while_being_rung_is_not_rung_again() -> None:
    desk = Desk()
    item = rung(desk)
    first = desk.state.items[item].first_queued_at
    again = desk.call("i2", "1", "2")
    desk.do(resident(item, LegResult.BUSY))
    assert desk.state.items[item].outcome == "merged"
    row = desk.state.items[again]
    assert (row.first_queued_at, row.state) == (first, ItemState.OFFERED)


def test_booking_for_a_number_that_has_a_callback_keeps_the_older_place() -> None:
    desk = Desk()
    item = book(desk, caller="a")
    first = desk.state.items[item].first_queued_at
    other = desk.call("i2", "1", "2", caller="b")
    desk.wait(20 * SECOND)
    desk.do(c.AskWait(item_id=other, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=other, digits="1"))
    then = caller_script(desk.state, other).then
    assert isinstance(then, Ask)
    desk.do(c.AdvanceFlow(item_id=other, step=then.step, number_ref="w_n", address_key="a"))
    assert desk.state.items[item].outcome == "merged"
    row = desk.state.items[other]
    assert (row.form, row.first_queued_at, row.contact_ref) == (Form.CALLBACK, first, "w_n")


def test_another_resident_another_queue_or_a_withheld_number_merges_nothing() -> None:
    desk = Desk()
    item = book(desk)
    desk.call("i2", "1", "2", caller="other")
    desk.call("i3", "1", "1")
    desk.call("i4", "1", "2", caller="")
    desk.call("i5", "1", "2", caller="")
    assert desk.state.items[item].outcome == ""
    assert desk.state.index.by_address.get("") is None


def test_who_hung_up_too_long_ago_begins_at_the_end() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    desk.wait(10 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    desk.wait(5 * MINUTE + SECOND)
    again = desk.call("i2", "1", "2")
    assert desk.state.items[again].first_queued_at == desk.now


def test_who_hung_up_in_another_queue_begins_at_the_end_of_this_one() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    desk.wait(10 * SECOND)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    desk.wait(10 * SECOND)
    again = desk.call("i2", "1", "1")
    assert desk.state.items[again].first_queued_at == desk.now


def test_a_queue_that_stops_calling_back_keeps_the_promise_as_a_message() -> None:
    desk = Desk()
    item = rung(desk)
    desk.adopt(town(queues={q: replace(r, callback=None) for q, r in town().queues.items()}))
    desk.do(resident(item, LegResult.BUSY))
    assert desk.state.items[item].form is Form.MESSAGE


def test_a_number_that_cannot_be_rung_is_asked_for_again_then_the_caller_waits_on() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2", caller="")
    desk.wait(20 * SECOND)
    place = desk.state.items[item].urgency_at
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    for digits in ("5", "5"):
        then = caller_script(desk.state, item).then
        assert isinstance(then, Ask)
        desk.do(c.AdvanceFlow(item_id=item, step=then.step, digits=digits))
    row = desk.state.items[item]
    assert (row.state, row.form, row.urgency_at) == (ItemState.QUEUED, Form.CALL, place)


def test_what_the_resident_hears_who_picks_up() -> None:
    desk = Desk()
    item = rung(desk)
    assert resident_script(desk.state, item, pressed=False).then == Room(room=item, resident=True)
    desk.do(resident(item, LegResult.BUSY))
    assert resident_script(desk.state, item, pressed=False).then == End()


def test_an_emergency_that_ends_early_brings_back_what_waits_for_the_opening() -> None:
    desk = Desk()
    item = book(desk)
    desk.do(c.SetEmergency(hours="office", closed=True, until=OPEN + 5 * HOUR, reason="x", by="b"))
    desk.sign_in("boris")  # free: the callback is looked at and put off
    late = desk.form("f2")
    assert desk.state.items[item].state is ItemState.DEFERRED
    assert desk.state.items[late].state is ItemState.DEFERRED
    desk.do(c.ClearEmergency(hours="office", by="b"))
    assert desk.state.items[item].state is ItemState.OFFERED
    assert desk.state.items[late].state is ItemState.QUEUED


def test_what_waits_for_the_opening_stays_when_another_closing_is_declared() -> None:
    desk = Desk()
    item = book(desk)
    desk.wait(9 * HOUR)
    desk.sign_in("amina")  # free after hours: the callback is put off
    form = desk.form("f1")
    before = desk.state.items[item], desk.state.items[form]
    assert {row.state for row in before} == {ItemState.DEFERRED}
    until = desk.now + HOUR
    desk.do(c.SetEmergency(hours="office", closed=True, until=until, reason="x", by="b"))
    desk.wait(2 * HOUR)
    assert (desk.state.items[item], desk.state.items[form]) == before
