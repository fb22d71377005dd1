"""Residents hang up, webhooks come twice or in the wrong order: every item ends in one place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core.flows.inside import agent_script
from router.core.flows.presentation import caller_script, resident_script, wait_script
from router.core.flows.script import Confirm, Dial, End, Leave, Room, Wait
from router.core.lifecycle import MOVES, move
from router.core.model import (
    ENDED,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Form,
    ItemId,
    ItemState,
    LegResult,
    LegState,
    OfferEnding,
    OfferId,
    QueueId,
)
from router.errors import InvariantBroken, NotNow
from tests.core.town import Desk, town

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")


def wanted(desk: Desk) -> list[f.AnyEffect]:
    return [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]


def ended_legs(desk: Desk) -> list[str]:
    return [x.call_id for x in wanted(desk) if isinstance(x, f.EndLeg)]


def dial_key(desk: Desk) -> str:
    return next(x.key for x in reversed(wanted(desk)) if isinstance(x, f.DialAgent))


def hang_up(desk: Desk, item: ItemId) -> None:
    desk.do(c.EndCall(item_id=item, call_id=f"CA{item}", reason="completed"))


def accepted(desk: Desk, agent: AgentId = AMINA) -> ItemId:
    """A call in `general`, accepted; the agent's telephone rings."""
    desk.sign_in(agent)
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=agent))
    return item


# --- the table -----------------------------------------------------------------------------------


def test_every_state_can_be_reached_from_the_first_and_left_again() -> None:
    reached, new = {ItemState.RECEIVED}, {ItemState.RECEIVED}
    while new:
        # an offer that ends unaccepted brings the item back in line; it is no move of the table
        extra = {ItemState.QUEUED} if ItemState.OFFERED in new else set()
        new = ({to for s in new for to in MOVES[s].values()} | extra) - reached
        reached |= new
    assert reached == set(ItemState)
    assert all(MOVES[state] for state in ItemState)


def test_a_move_that_the_table_does_not_have_is_our_own_mistake() -> None:
    with pytest.raises(InvariantBroken, match="closed"):
        move(ItemState.CLOSED, e.ItemHeld(at=1, item=ItemId("i")))


# --- the resident hangs up -----------------------------------------------------------------------


def in_flow(desk: Desk) -> ItemId:
    return desk.call("i1", "1")


def in_line(desk: Desk) -> ItemId:
    return desk.call("i1", "1", "2")


def on_offer(desk: Desk) -> ItemId:
    desk.sign_in("amina")
    return desk.call("i1", "1", "2")


def confirming_a_callback(desk: Desk) -> ItemId:
    item = desk.call("i1", "1", "2")
    desk.wait(20 * SECOND)
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    assert desk.state.items[item].state is ItemState.IN_FLOW
    return item


def transferred_outside(desk: Desk) -> ItemId:
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_contact="officer"))
    return item


@pytest.mark.parametrize(
    "where",
    [in_flow, in_line, on_offer, accepted, confirming_a_callback, transferred_outside],
)
def test_who_hangs_up_before_anybody_answered_has_left_and_nobody_is_blamed(
    where: Callable[[Desk], ItemId],
) -> None:
    desk = Desk()
    item = where(desk)
    hang_up(desk, item)
    assert desk.state.items[item].state is ItemState.ABANDONED
    assert desk.state.offers == {}
    for agent in desk.state.agents.values():
        assert (agent.holdings, agent.missed) == ((), 0)
    before = desk.state.hash()
    hang_up(desk, item)  # told again
    assert desk.state.hash() == before


def test_a_caller_who_hangs_up_while_the_telephone_rings_stops_the_ringing() -> None:
    desk = Desk()
    item = accepted(desk)
    desk.do(c.ReportEffect(key=dial_key(desk), done=True, call_id="leg"))  # type: ignore[arg-type]
    hang_up(desk, item)
    assert ended_legs(desk) == ["leg"]


def test_a_leg_made_after_the_caller_left_is_ended() -> None:
    desk = Desk()
    item = accepted(desk)
    key = dial_key(desk)
    hang_up(desk, item)
    desk.do(c.ReportEffect(key=key, done=True, call_id="leg"))  # type: ignore[arg-type]
    assert ended_legs(desk) == ["leg"]
    assert agent_script(desk.state, item, key, pressed=False).then == End()


def test_a_caller_given_back_by_an_agent_who_hangs_up_in_line_again_has_left() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.ReturnItem(item_id=item, agent_id=AMINA))
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=BORIS))
    hang_up(desk, item)  # Boris's telephone still rings: there is nothing to wrap up
    assert desk.state.items[item].state is ItemState.ABANDONED
    assert desk.state.agents[BORIS].holdings == ()


def test_a_caller_on_hold_who_hangs_up_leaves_the_agent_in_wrap_up() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    desk.do(c.HoldItem(item_id=item, agent_id=AMINA))
    hang_up(desk, item)
    assert desk.state.items[item].state is ItemState.WRAP_UP


def test_a_call_that_the_carrier_no_longer_has_leaves_the_line() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    key = next(x.key for x in wanted(desk) if isinstance(x, f.MoveCall))
    desk.do(c.ReportEffect(key=key, done=False, reason="gone"))
    assert desk.state.items[item].state is ItemState.WRAP_UP
    assert desk.state.pending.get(key) is None


def test_a_leg_that_cannot_be_moved_for_another_reason_stays() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    key = next(x.key for x in wanted(desk) if isinstance(x, f.MoveCall))
    desk.do(c.ReportEffect(key=key, done=False, reason="refused"))
    assert desk.state.items[item].state is ItemState.HANDLING


# --- webhooks twice, late, in the wrong order ----------------------------------------------------


def test_a_telephone_that_ended_before_it_was_answered_gives_the_caller_back_once() -> None:
    desk = Desk()
    desk.sign_in("boris")
    desk.wait(SECOND)
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=BORIS))
    key = dial_key(desk)
    for result in (LegResult.ENDED, LegResult.ANSWERED):
        desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=result, key=key))
    assert desk.state.items[item].state is ItemState.QUEUED
    assert ended_legs(desk) == ["L"]


@pytest.mark.parametrize("result", [r for r in LegResult if r is not LegResult.ANSWERED])
def test_late_news_of_the_first_agents_leg_does_not_harm_the_second(result: LegResult) -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    first = dial_key(desk)
    no_answer = c.ReportLeg(
        item_id=item, leg="agent", call_id="L1", result=LegResult.NO_ANSWER, key=first
    )
    desk.do(no_answer)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=BORIS))
    news = c.ReportLeg(item_id=item, leg="agent", call_id="L1", result=result, key=first)
    assert desk.do(news) == []
    assert desk.state.items[item].agent == BORIS


def test_who_picks_up_an_older_leg_hears_that_the_call_is_taken() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    old = dial_key(desk)
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L1", result=LegResult.BUSY, key=old))
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=BORIS))
    new = dial_key(desk)
    assert agent_script(desk.state, item, old, pressed=False).then == End()
    assert agent_script(desk.state, item, new, pressed=False).then == Confirm(key="1")
    desk.do(
        c.ReportLeg(item_id=item, leg="agent", call_id="L1", result=LegResult.ANSWERED, key=old)
    )
    assert desk.state.items[item].agent_call_state is LegState.NONE
    assert ended_legs(desk) == ["L1"]
    # the older wish is confirmed late: its leg is not taken for Boris's
    desk.do(c.ReportEffect(key=old, done=True, call_id="L1"))  # type: ignore[arg-type]
    assert desk.state.items[item].agent_call_id == ""
    desk.do(c.ReportEffect(key=new, done=True, call_id="L2"))  # type: ignore[arg-type]
    assert desk.state.items[item].agent_call_id == "L2"


def test_an_older_wish_given_up_late_does_not_take_the_item_from_who_has_it() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    old = dial_key(desk)
    desk.do(c.ReturnItem(item_id=item, agent_id=AMINA))
    desk.wait(5 * SECOND)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=AMINA))
    desk.do(c.ReportEffect(key=old, done=False, reason="refused"))  # type: ignore[arg-type]
    assert desk.state.items[item].state is ItemState.HANDLING
    desk.do(c.ReportEffect(key=dial_key(desk), done=False, reason="refused"))  # type: ignore[arg-type]
    assert desk.state.items[item].state is ItemState.QUEUED


def test_an_agent_rung_twice_by_a_repeated_wish_is_connected_once() -> None:
    desk = Desk()
    item = accepted(desk)
    key = dial_key(desk)
    desk.do(
        c.ReportLeg(item_id=item, leg="agent", call_id="L1", result=LegResult.ANSWERED, key=key)
    )
    desk.do(c.ReportEffect(key=key, done=True, call_id="L2"))  # type: ignore[arg-type]
    assert ended_legs(desk) == ["L2"]
    assert desk.state.items[item].agent_call_id == "L1"


def test_an_answer_told_twice_connects_once_and_only_the_end_ends_it() -> None:
    desk = Desk()
    item = accepted(desk)
    key = dial_key(desk)
    news = c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.ANSWERED, key=key)
    desk.do(news)
    assert desk.do(news) == []
    late = c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.NO_ANSWER, key=key)
    assert desk.do(late) == []
    end = c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.ENDED, key=key)
    desk.do(end)
    assert desk.state.items[item].state is ItemState.WRAP_UP
    assert desk.do(end) == []


def test_a_telephones_news_about_a_form_means_nothing() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.form("f1")
    desk.answer("chloe")
    for result in (LegResult.NO_ANSWER, LegResult.ENDED):
        desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=result))
    assert desk.state.items[item].state is ItemState.HANDLING


def test_a_recording_told_after_the_end_of_the_call_is_kept_once() -> None:
    desk = Desk(town(fallbacks={**town().fallbacks, "night": town().fallbacks["nobody"]}))
    desk.do(c.SetEmergency(hours="office", closed=True, until=None, reason="storm", by="b"))
    item = desk.call("i1", "1", "2")
    position = desk.state.items[item].flow
    assert position is not None
    hang_up(desk, item)
    left = c.AdvanceFlow(item_id=item, step=position.step, recording_ref="w_rec")
    desk.do(left)
    row = desk.state.items[item]
    assert (row.form, row.words_ref) == (Form.MESSAGE, "w_rec")
    assert desk.do(left) == []


def test_an_outside_contact_who_picks_up_is_told_once() -> None:
    desk = Desk()
    item = transferred_outside(desk)
    then = caller_script(desk.state, item).then
    assert isinstance(then, Dial)
    step = then.step
    picked_up = c.ReportLeg(
        item_id=item, leg="outside", call_id="O", result=LegResult.ANSWERED, key=str(step)
    )
    stale = c.ReportLeg(
        item_id=item, leg="outside", call_id="O", result=LegResult.ANSWERED, key=str(step - 1)
    )
    assert desk.do(stale) == []
    desk.do(picked_up)
    assert desk.state.items[item].outcome == "officer"
    assert desk.do(picked_up) == []
    assert desk.do(c.AdvanceFlow(item_id=item, step=step, result=LegResult.ENDED)) == []


# --- legs of which nothing is heard --------------------------------------------------------------


def test_a_caller_does_not_wait_for_ever_for_a_telephone_of_which_nothing_is_heard() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.keep_alive(79 * SECOND)
    assert desk.state.items[item].agent == AMINA
    desk.keep_alive(SECOND)
    assert desk.state.agents[BORIS].offer == "i1.2"
    assert desk.state.agents[AMINA].missed == 0


def test_a_connected_call_has_no_such_deadline() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.keep_alive(10 * MINUTE)
    assert desk.state.items[item].state is ItemState.HANDLING


# --- the agent -----------------------------------------------------------------------------------


def test_a_desk_that_vanishes_in_a_call_leaves_the_call_alone() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.wait(MINUTE)
    agent = desk.state.agents[AMINA]
    assert (agent.status, agent.lease_until) == (AgentStatus.OFFLINE, None)
    assert desk.state.items[item].state is ItemState.HANDLING
    assert caller_script(desk.state, item).then == Room(room=item, resident=True)
    desk.do(c.SignIn(agent_id=AMINA, desk="other"))  # back before it ended
    assert [h.item for h in desk.state.agents[AMINA].holdings] == [item]
    hang_up(desk, item)
    desk.keep_alive(30 * SECOND)
    assert desk.state.items[item].outcome == "wrap-up-expired"
    assert desk.state.agents[AMINA].holdings == ()


def test_a_second_desk_takes_over_and_the_first_proves_nothing_any_more() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.wait(20 * SECOND)
    desk.do(c.SignIn(agent_id=AMINA, desk="tablet"))
    assert desk.state.agents[AMINA].status is AgentStatus.AVAILABLE
    assert desk.do(c.RenewLeases(desks=((AMINA, "desk-amina"),))) == []
    desk.wait(29 * SECOND)
    assert desk.state.agents[AMINA].lease_until is not None
    desk.do(c.RenewLeases(desks=((AMINA, "tablet"),)))
    desk.wait(29 * SECOND)
    assert desk.state.agents[AMINA].lease_until is not None
    desk.wait(SECOND)
    assert desk.state.agents[AMINA].lease_until is None


def test_a_connection_that_was_given_up_does_not_take_over_from_the_next_one() -> None:
    """A page tried at a daemon that stored it late, and has long been welcomed by another one."""
    desk = Desk()
    given_up = c.SignIn(agent_id=AMINA, desk="d1", client="page", attempt=1)
    desk.do(c.SignIn(agent_id=AMINA, desk="d2", client="page", attempt=2))
    with pytest.raises(NotNow, match="connected anew"):
        desk.do(given_up)
    assert desk.state.agents[AMINA].desk == "d2"
    desk.do(c.SignOut(agent_id=AMINA))
    with pytest.raises(NotNow, match="connected anew"):
        desk.do(given_up)
    assert desk.state.agents[AMINA].status is AgentStatus.OFFLINE
    desk.do(c.SignIn(agent_id=AMINA, desk="d3", client="tablet", attempt=1))
    desk.do(c.SignIn(agent_id=AMINA, desk="d4", client="page", attempt=3))  # it takes back
    desk.do(c.SignIn(agent_id=AMINA, desk="d5"))  # a client that does not number its connections
    assert desk.state.agents[AMINA].desk == "d5"


def test_what_is_given_back_with_the_caller_on_the_line_waits_on_at_its_place() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    place = desk.state.items[item].urgency_at
    desk.answer("amina")
    desk.do(c.ReturnItem(item_id=item, agent_id=AMINA, reason="not mine"))
    row = desk.state.items[item]
    assert (row.state, row.urgency_at, row.agent_call_id) == (ItemState.QUEUED, place, "")
    assert isinstance(caller_script(desk.state, item).then, Wait)
    kinds = [type(x).__name__ for x in wanted(desk)]
    assert kinds == ["DialAgent", "MoveCall", "MoveCall", "EndLeg"]
    desk.keep_alive(5 * SECOND)  # the only one who could is asked again soon
    assert desk.state.agents[AMINA].offer == "i1.2"


def test_wrap_up_with_a_required_code_demands_it_and_ends_by_itself() -> None:
    policy = town()
    general = replace(policy.queues[QueueId("general")], wrap_up_required=True)
    desk = Desk(replace(policy, queues={**policy.queues, general.id: general}))
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    with pytest.raises(NotNow):
        desk.do(c.CloseItem(item_id=item, agent_id=AMINA))
    desk.keep_alive(30 * SECOND)
    assert (desk.state.items[item].outcome, desk.state.items[item].code) == ("wrap-up-expired", "")


def test_a_queue_without_wrap_up_closes_at_once_and_one_with_a_code_alone_waits_for_it() -> None:
    for required, state in ((False, ItemState.CLOSED), (True, ItemState.WRAP_UP)):
        policy = town()
        rule = replace(policy.queues[QueueId("general")], wrap_up=0, wrap_up_required=required)
        desk = Desk(replace(policy, queues={**policy.queues, rule.id: rule}))
        desk.sign_in("amina")
        item = desk.call("i1", "1", "2")
        desk.answer("amina")
        hang_up(desk, item)
        desk.keep_alive(10 * MINUTE)
        assert desk.state.items[item].state is state
        desk.keep_alive(5 * MINUTE)  # nobody is kept from the next caller for ever
        assert desk.state.items[item].state is ItemState.CLOSED


# --- reopened, set aside -------------------------------------------------------------------------


def test_what_is_reopened_is_promised_anew() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.form("f1")
    due = desk.state.items[item].due_at
    desk.answer("chloe")
    desk.do(c.CloseItem(item_id=item, agent_id=CHLOE, code="answered"))
    desk.wait(26 * 60 * MINUTE)
    desk.do(c.ReopenItem(item_id=item, by="resident"))
    again = desk.state.items[item].due_at
    assert due is not None
    assert again is not None
    assert again > due
    with pytest.raises(NotNow):
        desk.do(c.ReopenItem(item_id=item, by="resident"))


def shunted(desk: Desk) -> ItemId:
    command = c.ShuntArrival(
        item_id=ItemId("x1"),
        channel=Channel.WEBFORM,
        address_key="k",
        contact_ref="",
        words_ref="w",
        call_id="",
        reason="our mistake",
        key="form:x1",
    )
    desk.do(command)
    assert desk.do(command) == []
    return ItemId("x1")


def test_what_was_set_aside_is_released_by_a_person_or_closed() -> None:
    desk = Desk()
    item = shunted(desk)
    with pytest.raises(NotNow):
        desk.do(c.ReopenItem(item_id=item, by="resident"))
    desk.do(c.ReleaseShunted(item_id=item, by=CHLOE, queue=QueueId("roads")))
    row = desk.state.items[item]
    assert (row.state, row.queue, row.form) == (ItemState.QUEUED, "roads", Form.SUBMISSION)
    with pytest.raises(NotNow):
        desk.do(c.ReleaseShunted(item_id=item, by=CHLOE))
    other = Desk()
    shunted(other)
    other.do(c.ReleaseShunted(item_id=item, by=CHLOE))
    assert other.state.items[item].state is ItemState.CLOSED
    other.wait(8 * 24 * 60 * MINUTE)
    assert other.state.items == {}
    assert other.state.keys == {}


# --- the waiting room ----------------------------------------------------------------------------


def test_what_is_not_in_line_any_more_leaves_the_waiting_room() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    hang_up(desk, item)
    assert wait_script(desk.state, item).then == Leave()
    assert caller_script(desk.state, item).then == End()
    assert resident_script(desk.state, item, pressed=False).then == End()
    assert item in {i.id for i in desk.state.items.values() if i.state in ENDED}


def test_a_repeated_turn_is_told_the_same_and_a_failed_room_keeps_the_place() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2")
    desk.do(c.AskWait(item_id=item, turn=1))
    assert desk.do(c.AskWait(item_id=item, turn=1)) == []
    place = desk.state.items[item].urgency_at
    desk.do(c.LeaveWaiting(item_id=item, turn=2, reason="error"))
    assert desk.do(c.LeaveWaiting(item_id=item, turn=2, reason="error")) == []
    row = desk.state.items[item]
    assert (row.state, row.urgency_at, row.spoken_turn) == (ItemState.QUEUED, place, 2)
    assert desk.do(c.ChooseWhileWaiting(item_id=item, digits="1")) == []  # was not offered yet


def test_an_offer_that_ends_for_a_caller_who_left_is_withdrawn() -> None:
    desk = Desk()
    item = on_offer(desk)
    hang_up(desk, item)
    ended = [x for x in desk.story if isinstance(x, e.OfferEnded)]
    assert [x.ending for x in ended] == [OfferEnding.WITHDRAWN]
