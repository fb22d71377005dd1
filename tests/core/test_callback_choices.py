"""Callbacks: who is rung first, machines, chosen times, promises, and what is not returned."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_calls as k
from router.core import effects as f
from router.core import events as e
from router.core import policy as p
from router.core.flows.presentation import caller_script, machine_script, resident_script
from router.core.flows.script import Ask, Confirm, End, Room, Wait
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    Form,
    ItemId,
    ItemState,
    LegResult,
    LegState,
    QueueId,
)
from router.core.policy_calls import Agreement, CallbackWindows
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.core.windows import offered, taken
from router.errors import NotAllowed, NotNow
from tests.core.test_callbacks import book, effects, resident, rung
from tests.core.town import OPEN, Desk, queue, town

AMINA, BORIS = AgentId("amina"), AgentId("boris")
GENERAL = QueueId("general")


def calling(**rule: object) -> p.Policy:
    """A town whose queues call back by such a rule."""
    policy = town()
    changed = {}
    for each in policy.queues.values():
        assert each.callback is not None
        changed[each.id] = replace(each, callback=replace(each.callback, **rule))
    return replace(policy, queues=changed)


def talking(desk: Desk) -> ItemId:
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    return item


# --- not reached ---------------------------------------------------------------------------------


def test_a_number_that_cannot_be_rung_is_not_rung_again_and_says_why() -> None:
    desk = Desk()
    item = rung(desk)
    desk.do(resident(item, LegResult.FAILED))
    row = desk.state.items[item]
    assert (row.form, row.callback) == (Form.MESSAGE, None)
    assert desk.state.recalls[item].unreturned == "the number cannot be rung"


@pytest.mark.parametrize("why", ["no-number", "not-allowed", "refused"])
def test_what_the_carrier_will_never_ring_ends_at_once(why: str) -> None:
    desk = Desk()
    item = rung(desk)
    desk.do(c.ReportEffect(key=effects(desk, f.DialResident)[0].key, done=False, reason=why))
    assert desk.state.recalls[item].unreturned == f"the number cannot be rung: {why}"


def test_a_carrier_that_is_down_is_no_attempt() -> None:
    desk = Desk()
    item = rung(desk)
    key = effects(desk, f.DialResident)[0].key
    desk.do(c.ReportEffect(key=key, done=False, reason="unreachable"))
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.state, row.callback.attempts) == (ItemState.DEFERRED, 0)
    desk.keep_alive(5 * MINUTE)
    assert desk.state.agents[AMINA].offer is not None


def test_a_callback_given_up_stays_in_the_list_until_somebody_closes_it() -> None:
    desk = Desk()
    item = rung(desk)
    desk.do(resident(item, LegResult.FAILED))
    assert desk.answer("amina") == item
    assert item in desk.state.recalls
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA))
    assert item not in desk.state.recalls


def test_machines_count_as_the_queue_says() -> None:
    counted = {}
    for machine in ("count", "again", "message"):
        desk = Desk(calling(machine=machine))
        item = rung(desk)
        (dial,) = effects(desk, f.DialResident)
        assert dial.leave_message == (machine == "message")  # type: ignore[attr-defined]
        desk.do(c.ReportEffect(key=dial.key, done=True, call_id="R"))
        desk.do(resident(item, LegResult.MACHINE))
        row = desk.state.items[item]
        left = desk.state.recalls[item].unreturned if item in desk.state.recalls else ""
        counted[machine] = (row.form, row.callback and row.callback.attempts, bool(left))
        ended = [x.call_id for x in effects(desk, f.EndLeg)]  # type: ignore[attr-defined]
        assert ended == ["leg-amina"]  # the machine's leg hears what there is to hear
        said = [x.text for x in machine_script(desk.state, item).spoken]
        assert said == (["callback_message"] if machine == "message" else [])
    assert counted == {
        "count": (Form.CALLBACK, 1, False),
        "again": (Form.CALLBACK, 0, False),
        "message": (Form.MESSAGE, None, True),
    }


def test_a_machine_that_does_not_count_is_not_rung_for_ever() -> None:
    desk = Desk(calling(machine="again", expires_after=HOUR))
    item = rung(desk)
    for _ in range(20):
        if desk.state.items[item].form is not Form.CALLBACK:
            break
        desk.do(resident(item, LegResult.MACHINE))
        desk.keep_alive(5 * MINUTE)
        if desk.state.agents[AMINA].offer is not None:
            desk.answer("amina")
    assert desk.state.recalls[item].unreturned == "rung 5 times today, the cap is 5"


# --- the resident first --------------------------------------------------------------------------


def resident_first(desk: Desk) -> ItemId:
    """A callback that Amina has accepted; the resident's telephone rings, hers does not."""
    item = book(desk)
    desk.sign_in("amina")
    offer = desk.state.agents[AMINA].offer
    assert offer is not None
    desk.do(c.AcceptOffer(offer_id=offer, agent_id=AMINA))
    return item


def test_the_resident_is_rung_first_presses_1_and_then_the_agents_telephone_rings() -> None:
    desk = Desk(calling(first="resident"))
    item = resident_first(desk)
    assert len(effects(desk, f.DialResident)) == 1
    assert effects(desk, f.DialAgent) == []
    asked = resident_script(desk.state, item, pressed=False)
    assert asked.then == Confirm(key="1", leg="resident")
    desk.do(resident(item, LegResult.ANSWERED))
    assert resident_script(desk.state, item, pressed=True).then == Room(room=item, resident=True)
    (dial,) = effects(desk, f.DialAgent)
    events = desk.do(
        c.ReportLeg(item_id=item, leg="agent", call_id="A", result=LegResult.ANSWERED, key=dial.key)
    )
    assert not any(isinstance(x, e.EffectWanted) for x in events)  # both are in the room
    row = desk.state.items[item]
    assert (row.agent_call_state, row.call_id) == (LegState.CONNECTED, "R")


@pytest.mark.parametrize("result", [LegResult.NO_ANSWER, LegResult.BUSY])
def test_where_residents_are_rung_first_no_agents_telephone_rings_in_vain(
    result: LegResult,
) -> None:
    desk = Desk(calling(first="resident"))
    item = resident_first(desk)
    desk.do(resident(item, result))
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.state, row.callback.attempts) == (ItemState.DEFERRED, 1)
    assert desk.state.agents[AMINA].holdings == ()
    assert effects(desk, f.DialAgent) == []


def test_silence_of_a_resident_who_is_rung_first_is_an_attempt() -> None:
    desk = Desk(calling(first="resident"))
    item = resident_first(desk)
    desk.keep_alive(2 * MINUTE)
    row = desk.state.items[item]
    assert row.callback is not None
    assert row.callback.attempts == 1


def test_a_resident_whose_agent_does_not_pick_up_waits_as_a_caller_at_the_old_place() -> None:
    desk = Desk(calling(first="resident"))
    item = resident_first(desk)
    first = desk.state.items[item].first_queued_at
    desk.do(resident(item, LegResult.ANSWERED))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="A", result=LegResult.NO_ANSWER))
    row = desk.state.items[item]
    assert (row.form, row.call_id, row.first_queued_at) == (Form.CALL, "R", first)
    assert isinstance(caller_script(desk.state, item).then, Wait)
    assert [x.call_id for x in effects(desk, f.MoveCall)] == ["R"]  # type: ignore[attr-defined]


def test_an_agent_who_lets_it_go_while_the_resident_rings_is_no_attempt() -> None:
    desk = Desk(calling(first="resident"))
    item = resident_first(desk)
    key = effects(desk, f.DialResident)[0].key
    desk.do(c.ReportEffect(key=key, done=True, call_id="R"))
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.callback.attempts, row.form) == (0, Form.CALLBACK)
    assert [x.call_id for x in effects(desk, f.EndLeg)] == ["R"]  # type: ignore[attr-defined]


# --- a time of their own -------------------------------------------------------------------------

WINDOWS = CallbackWindows(length=120 * MINUTE, most=2, days=1)
NOON = OPEN + 2 * HOUR


def choosing(desk: Desk, name: str = "i1", caller: str = "caller") -> ItemId:
    """A caller who waits asks for a callback and is asked when."""
    item = desk.call(name, "1", "2", caller=caller)
    desk.wait(20 * SECOND)
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    return item


def press(desk: Desk, item: ItemId, digits: str) -> None:
    then = caller_script(desk.state, item).then
    assert isinstance(then, Ask)
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, digits=digits))


def test_the_windows_offered_lie_whole_within_the_hours_and_ahead() -> None:
    desk = Desk(calling(windows=WINDOWS))  # Monday 10:00, rung from 8:00 to 18:00
    starts = offered(desk.state, desk.now, desk.policy.queues[GENERAL])
    assert starts == (NOON, NOON + 2 * HOUR, NOON + 4 * HOUR)
    desk.wait(7 * HOUR)  # 17:00: no window of two hours is left today
    starts = offered(desk.state, desk.now, desk.policy.queues[GENERAL])
    assert [(start - OPEN) // HOUR for start in starts] == [22, 24, 26]


def test_a_caller_hears_the_windows_and_is_rung_in_the_one_they_chose() -> None:
    desk = Desk(calling(windows=WINDOWS))
    item = choosing(desk)
    first = desk.state.items[item].first_queued_at
    script = caller_script(desk.state, item)
    assert [x.text for x in script.spoken] == ["callback_when"] + 3 * ["callback_today"]
    press(desk, item, "2")
    press(desk, item, "1")  # the number from which they call
    row = desk.state.items[item]
    assert (row.state, row.deferred_until) == (ItemState.DEFERRED, NOON)
    assert caller_script(desk.state, item).then == End()
    desk.sign_in("amina")
    desk.keep_alive(90 * MINUTE)
    assert desk.state.agents[AMINA].offer is None
    desk.keep_alive(NOON + SECOND - desk.now)
    assert desk.state.items[item].first_queued_at == first
    assert desk.state.agents[AMINA].offer is not None


def test_as_soon_as_possible_is_a_choice_too_and_what_means_nothing_is_asked_again() -> None:
    desk = Desk(calling(windows=WINDOWS))
    item = choosing(desk)
    press(desk, item, "9")
    assert desk.state.items[item].state is ItemState.IN_FLOW
    press(desk, item, "1")
    press(desk, item, "1")
    assert desk.state.items[item].form is Form.CALLBACK
    assert item not in desk.state.recalls
    other = choosing(desk, "i2", "other")
    press(desk, other, "")
    press(desk, other, "")
    assert isinstance(caller_script(desk.state, other).then, Wait)  # waits on


def test_a_window_that_is_full_is_not_offered_and_is_free_again_when_one_ends() -> None:
    desk = Desk(calling(windows=WINDOWS))
    for name in ("i1", "i2"):
        item = choosing(desk, name, name)
        press(desk, item, "2")
        press(desk, item, "1")
    general = desk.policy.queues[GENERAL]
    assert taken(desk.state, GENERAL, NOON) == 2
    assert NOON not in offered(desk.state, desk.now, general)
    desk.call("again", "1", "2", caller="i1")  # rings again: the callback goes into the call
    assert NOON in offered(desk.state, desk.now, general)


def test_an_emergency_that_is_over_early_brings_no_chosen_time_forward() -> None:
    desk = Desk(calling(windows=WINDOWS))
    item = choosing(desk)
    press(desk, item, "2")
    press(desk, item, "1")
    desk.do(c.SetEmergency(hours="office", closed=True, until=None, reason="flood", by="boss"))
    desk.do(c.ClearEmergency(hours="office", by="boss"))
    row = desk.state.items[item]
    assert (row.state, row.deferred_until) == (ItemState.DEFERRED, NOON)


def test_what_was_chosen_survives_a_restart() -> None:
    desk = Desk(calling(windows=WINDOWS))
    item = choosing(desk)
    press(desk, item, "3")
    press(desk, item, "1")
    again = State.thaw(decode_frozen(encode_frozen(desk.state.freeze())), desk.state.policies)
    assert again.hash() == desk.state.hash()
    assert again.recalls[item].starts == NOON + 2 * HOUR


# --- promised by people --------------------------------------------------------------------------


def test_an_agent_promises_a_callback_and_has_it_first() -> None:
    desk = Desk()
    item = talking(desk)
    desk.sign_in("boris")
    desk.do(k.PromiseCallback(item_id=item, agent_id=AMINA, starts=desk.now + HOUR))
    row = desk.state.items[item]
    assert (row.form, row.state, row.call_id) == (Form.CALLBACK, ItemState.DEFERRED, "")
    assert {x.call_id for x in effects(desk, f.EndLeg)} == {"CAi1", "leg-amina"}  # type: ignore[attr-defined]
    assert desk.state.recalls[item].owner == AMINA
    desk.keep_alive(HOUR)
    assert desk.state.agents[AMINA].offer is not None
    assert desk.state.agents[BORIS].offer is None


def test_a_promise_whose_owner_is_not_there_is_anybodys() -> None:
    desk = Desk()
    item = talking(desk)
    desk.sign_in("boris")
    desk.do(k.PromiseCallback(item_id=item, agent_id=AMINA, starts=desk.now + HOUR))
    desk.do(c.SignOut(agent_id=AMINA))
    desk.keep_alive(HOUR)
    assert desk.state.agents[BORIS].offer is not None


def test_no_callback_is_promised_at_night_nor_to_nobody() -> None:
    desk = Desk()
    item = talking(desk)
    with pytest.raises(NotAllowed, match="may not be rung then"):
        desk.do(k.PromiseCallback(item_id=item, agent_id=AMINA, starts=OPEN + 12 * HOUR))
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA))
    with pytest.raises(NotNow):
        desk.do(k.PromiseCallback(item_id=item, agent_id=AMINA))


def test_a_message_left_becomes_a_callback_by_the_same_path() -> None:
    desk = Desk()
    item = rung(desk)
    desk.do(resident(item, LegResult.FAILED))
    desk.answer("amina")
    desk.do(k.PromiseCallback(item_id=item, agent_id=AMINA, owner=BORIS))
    row = desk.state.items[item]
    assert row.callback is not None
    assert (row.form, row.callback.attempts) == (Form.CALLBACK, 0)
    assert desk.state.recalls[item].unreturned == ""


def test_a_promise_takes_over_a_callback_that_waits_already() -> None:
    desk = Desk()
    first = book(desk, "i0", caller="same")
    other = desk.call("i1", "1", "2", caller="elsewhere")
    desk.sign_in("amina")
    while desk.state.items[other].state is not ItemState.HANDLING:
        offer = desk.state.agents[AMINA].offer
        assert offer is not None
        if desk.state.offers[offer].item == other:
            desk.do(c.AcceptOffer(offer_id=offer, agent_id=AMINA))
        else:
            desk.do(c.DeclineOffer(offer_id=offer, agent_id=AMINA))
    row = desk.state.items[other]
    desk.state.put_item(other, replace(row, address_key="same", call_id="CAi1"))
    desk.do(k.PromiseCallback(item_id=other, agent_id=AMINA))
    assert desk.state.items[first].outcome == "merged"
    assert desk.state.items[other].first_queued_at == desk.state.items[first].first_queued_at


# --- agreements with departments -----------------------------------------------------------------


def agreed(level: str) -> p.Policy:
    return replace(
        town(), agreements={"tax": Agreement(level, "officer" if level != "full" else "", "", {})}
    )


@pytest.mark.parametrize(("level", "owed"), [("none", True), ("partial", True), ("full", False)])
def test_a_resident_whom_the_department_did_not_answer_is_rung_back_by_who_tried(
    level: str, owed: bool
) -> None:
    desk = Desk(agreed(level))
    item = talking(desk)
    desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, to_contact="officer"))
    desk.do(c.ReportLeg(item_id=item, leg="third", call_id="T", result=LegResult.NO_ANSWER))
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    row = desk.state.items[item]
    if owed:
        assert (row.form, row.state) == (Form.CALLBACK, ItemState.DEFERRED)
        assert desk.state.recalls[item].owner == AMINA
    else:
        assert row.state is ItemState.WRAP_UP
    assert desk.state.agents[AMINA].holdings == () or not owed


def test_a_resident_who_hangs_up_while_the_department_rings_is_owed_nothing() -> None:
    desk = Desk(agreed("none"))
    item = talking(desk)
    desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, to_contact="officer"))
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert desk.state.items[item].state is ItemState.WRAP_UP


def test_a_department_that_was_not_asked_owes_nothing() -> None:
    desk = Desk(agreed("none"))
    item = talking(desk)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert desk.state.items[item].state is ItemState.WRAP_UP


# --- the age of what is transferred --------------------------------------------------------------


@pytest.mark.parametrize("is_age_reset", [False, True])
def test_the_queue_says_whether_a_transferred_call_keeps_its_age(is_age_reset: bool) -> None:
    policy = town()
    roads = replace(policy.queues[QueueId("roads")], is_age_reset=is_age_reset)
    desk = Desk(replace(policy, queues={**policy.queues, roads.id: roads}))
    item = talking(desk)
    desk.keep_alive(MINUTE)
    first = desk.state.items[item].first_queued_at
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=roads.id))
    assert desk.state.items[item].first_queued_at == (desk.now if is_age_reset else first)
    assert queue("roads", "roads").is_age_reset is False  # unless the town says so
