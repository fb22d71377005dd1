"""Warm transfer: the resident stays with the agent until somebody else has them for good."""

from __future__ import annotations

import pytest

from router.core import commands as c
from router.core import commands_calls as k
from router.core import effects as f
from router.core import events as e
from router.core.model import (
    DAY,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    LegResult,
    LegState,
    QueueId,
)
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.errors import NotAllowed, NotNow, UnknownTarget
from tests.core.town import Desk

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")
ROADS = QueueId("roads")


def talking(desk: Desk, name: str = "i1") -> ItemId:
    """A caller and Amina talk with each other."""
    item = desk.call(name, "1", "2", caller=name)
    if AMINA not in desk.state.agents:
        desk.sign_in("amina")
    assert desk.answer("amina") == item
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    return item


def asking(desk: Desk, **whom: object) -> ItemId:
    """Amina has somebody rung beside the caller."""
    item = talking(desk)
    desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, **(whom or {"to_contact": "officer"})))  # type: ignore[arg-type]
    return item


def third(item: ItemId, result: LegResult, call: str = "T", key: str = "") -> c.ReportLeg:
    return c.ReportLeg(item_id=item, leg="third", call_id=call, result=result, key=key)


def three(desk: Desk, **whom: object) -> ItemId:
    """Caller, Amina and the third party talk with each other."""
    item = asking(desk, **whom)
    desk.do(third(item, LegResult.ANSWERED, key=desk.state.consults[item].key))
    return item


def ended(desk: Desk) -> list[str]:
    found = [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]
    return [x.call_id for x in found if isinstance(x, f.EndLeg)]


def dialled(desk: Desk) -> list[f.DialThird]:
    found = [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]
    return [x for x in found if isinstance(x, f.DialThird)]


def holds(desk: Desk, agent: AgentId) -> list[str]:
    return [h.state for h in desk.state.agents[agent].holdings]


# --- it goes well --------------------------------------------------------------------------------


def test_the_resident_stays_while_the_department_is_rung_and_is_theirs_when_the_agent_leaves() -> (
    None
):
    desk = Desk()
    item = asking(desk)
    assert [(x.leg, x.item_id) for x in dialled(desk)] == [("+19055550151", item)]
    assert desk.state.items[item].state is ItemState.HANDLING
    desk.do(third(item, LegResult.ANSWERED, key=dialled(desk)[0].key))
    assert desk.state.items[item].agent == AMINA
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    row = desk.state.items[item]
    assert (row.state, row.outcome, row.call_id) == (ItemState.DIVERTED, "officer", "CAi1")
    assert ended(desk) == ["leg-amina"]
    assert holds(desk, AMINA) == []


def test_when_the_department_hangs_up_after_that_the_residents_leg_is_ended() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    desk.do(third(item, LegResult.ENDED))
    assert ended(desk) == ["leg-amina", "CAi1"]
    assert item not in desk.state.consults


def test_a_colleague_has_the_item_when_the_agent_leaves() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = three(desk, to_agent=BORIS)
    assert holds(desk, BORIS) == ["consulted"]
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    row = desk.state.items[item]
    assert (row.state, row.agent, row.agent_call_id) == (ItemState.HANDLING, BORIS, "T")
    assert (row.agent_call_state, row.room_id) == (LegState.CONNECTED, "CF1")
    assert (holds(desk, AMINA), holds(desk, BORIS)) == ([], ["handling"])
    desk.do(third(item, LegResult.ENDED, key=row.agent_dial))  # the colleague hangs up
    assert desk.state.items[item].state is ItemState.WRAP_UP
    assert "CAi1" in ended(desk)


def test_a_queue_means_whoever_of_it_is_free_and_the_item_is_of_that_queue_then() -> None:
    desk = Desk()
    desk.sign_in("amina", "chloe")
    item = three(desk, to_queue=ROADS)
    assert desk.state.consults[item].agent == CHLOE
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    assert (desk.state.items[item].agent, desk.state.items[item].queue) == (CHLOE, ROADS)


def test_a_resident_on_hold_is_brought_back_before_the_agent_leaves() -> None:
    desk = Desk()
    item = asking(desk)
    desk.do(c.HoldItem(item_id=item, agent_id=AMINA))
    desk.do(third(item, LegResult.ANSWERED))
    events = desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    wanted = [x.effect for x in events if isinstance(x, e.EffectWanted)]
    assert [type(x) for x in wanted] == [f.HoldLeg, f.EndLeg]
    assert desk.state.items[item].state is ItemState.DIVERTED


def test_an_agent_who_hangs_up_among_three_has_handed_over() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="leg-amina", result=LegResult.ENDED))
    assert desk.state.items[item].state is ItemState.DIVERTED
    assert "CAi1" not in ended(desk)


# --- it does not ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result", [LegResult.BUSY, LegResult.NO_ANSWER, LegResult.FAILED, LegResult.MACHINE]
)
def test_whoever_does_not_answer_leaves_the_resident_with_the_agent(result: LegResult) -> None:
    desk = Desk()
    item = asking(desk)
    desk.do(third(item, result))
    row = desk.state.items[item]
    assert (row.state, row.agent, ended(desk)) == (ItemState.HANDLING, AMINA, [])
    with pytest.raises(NotNow):
        desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, to_contact="deputy"))
    assert len(dialled(desk)) == 2


def test_news_that_never_comes_is_no_answer() -> None:
    desk = Desk()
    item = asking(desk)
    desk.keep_alive(2 * MINUTE)
    assert desk.state.consults[item].failed is LegResult.NO_ANSWER
    assert desk.state.items[item].state is ItemState.HANDLING


def test_a_carrier_that_cannot_ring_is_told_to_the_agent() -> None:
    desk = Desk()
    item = asking(desk)
    key = dialled(desk)[0].key
    desk.do(c.ReportEffect(key=key, done=False, reason="unreachable"))
    assert desk.state.consults[item].failed is LegResult.FAILED
    assert desk.state.items[item].agent == AMINA


def test_a_third_party_who_hangs_up_leaves_the_two_talking() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(third(item, LegResult.ENDED))
    assert desk.state.items[item].state is ItemState.HANDLING
    assert (ended(desk), item in desk.state.consults) == ([], False)


def test_a_resident_who_hangs_up_ends_it_for_all_three() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = three(desk, to_agent=BORIS)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert desk.state.items[item].state is ItemState.WRAP_UP
    assert set(ended(desk)) == {"leg-amina", "T"}
    assert holds(desk, BORIS) == []


def test_a_resident_who_hangs_up_while_it_rings_stops_the_ringing() -> None:
    desk = Desk()
    item = asking(desk)
    key = dialled(desk)[0].key
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert item not in desk.state.consults
    desk.do(c.ReportEffect(key=key, done=True, call_id="T"))  # the carrier is slow to tell
    assert "T" in ended(desk)


def test_an_agent_who_is_lost_while_it_rings_puts_the_resident_back_in_line_at_the_old_place() -> (
    None
):
    desk = Desk()
    item = asking(desk)
    first = desk.state.items[item].first_queued_at
    desk.do(c.ReportEffect(key=dialled(desk)[0].key, done=True, call_id="T"))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="leg-amina", result=LegResult.ENDED))
    row = desk.state.items[item]
    assert (row.state, row.first_queued_at, row.call_id) == (ItemState.QUEUED, first, "CAi1")
    assert "T" in ended(desk)
    assert "CAi1" not in ended(desk)


def test_cancelling_lets_only_the_third_party_go() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(k.CancelConsult(item_id=item, agent_id=AMINA))
    assert ended(desk) == ["T"]
    assert desk.state.items[item].state is ItemState.HANDLING


def test_a_second_leg_of_the_same_wish_is_ended() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(third(item, LegResult.ANSWERED, call="T2", key=dialled(desk)[0].key))
    assert ended(desk) == ["T2"]
    assert desk.state.consults[item].call_id == "T"


def test_news_of_whom_was_asked_before_is_stale_while_somebody_else_rings() -> None:
    desk = Desk()
    item = asking(desk)
    before = dialled(desk)[0].key
    desk.do(third(item, LegResult.BUSY, key=before))
    desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, to_contact="deputy"))
    assert desk.do(third(item, LegResult.NO_ANSWER, key=before)) == []
    assert desk.state.consults[item].failed is None
    desk.do(third(item, LegResult.ANSWERED, call="T0", key=before))
    assert ended(desk) == ["T0"]


def test_who_has_handed_over_is_offered_the_next_at_once() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = three(desk, to_agent=BORIS)
    other = desk.call("i2", "1", "2", caller="other")
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    assert desk.state.items[other].state is ItemState.OFFERED


def test_undoing_what_ended_a_consultation_brings_its_deadline_back() -> None:
    desk = Desk()
    item = asking(desk)
    state = desk.state
    state.keep_undo()
    mark, due, before = state.mark(), state.consults[item].due, state.hash()
    desk.do(k.CancelConsult(item_id=item, agent_id=AMINA))
    desk.now = due or 0
    assert (state.next_timer() or (0, "", ""))[1] != "consult"
    while (timer := state.next_timer()) is not None and timer[0] <= desk.now:
        desk.do(c.PassTime())
    state.back_to(mark)
    assert state.hash() == before
    found = set()
    while (timer := state.next_timer()) is not None:
        found.add(timer[1:])
        state.index.timers.remove(timer)
    assert ("consult", item) in found


# --- who may be asked ----------------------------------------------------------------------------


def test_a_colleague_is_asked_only_while_they_are_free_and_gets_nothing_else_meanwhile() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    asking(desk, to_agent=BORIS)
    other = desk.call("i2", "1", "2", caller="other")
    assert desk.state.items[other].state is ItemState.QUEUED
    desk.do(k.CancelConsult(item_id=ItemId("i1"), agent_id=AMINA))
    assert desk.state.agents[BORIS].offer is not None


def test_nobody_is_asked_who_is_not_there() -> None:
    desk = Desk()
    item = talking(desk)
    desk.sign_in("boris")
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    for whom, error in (
        ({"to_agent": BORIS}, NotNow),
        ({"to_agent": AMINA}, NotNow),
        ({"to_queue": ROADS}, NotNow),
        ({"to_contact": "nobody"}, UnknownTarget),
        ({}, UnknownTarget),
        ({"to_contact": "officer", "to_queue": ROADS}, UnknownTarget),
    ):
        with pytest.raises(error):
            desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, **whom))


def test_the_caps_on_ringing_hold_for_whom_is_asked() -> None:
    desk = Desk()
    item = talking(desk)
    for _ in range(5):
        desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, number_ref="w_n", number_key="n"))
        desk.do(third(item, LegResult.BUSY))
    with pytest.raises(NotAllowed):
        desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, number_ref="w_n", number_key="n"))


def test_two_are_not_asked_at_once() -> None:
    desk = Desk()
    item = asking(desk)
    with pytest.raises(NotNow):
        desk.do(k.ConsultItem(item_id=item, agent_id=AMINA, to_contact="deputy"))


# --- a restart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [False, True])
def test_a_snapshot_between_asking_and_handing_over_goes_on_where_it_was(answered: bool) -> None:
    desk = Desk()
    item = three(desk) if answered else asking(desk)
    frozen = decode_frozen(encode_frozen(desk.state.freeze()))
    again = State.thaw(frozen, desk.state.policies)
    assert again.hash() == desk.state.hash()
    assert again.next_wakeup() == desk.state.next_wakeup()
    desk.engine.state = again
    if not answered:
        assert any(isinstance(x, f.DialThird) for x in again.pending.values())
        desk.do(third(item, LegResult.ANSWERED))
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    assert desk.state.items[item].state is ItemState.DIVERTED


def test_what_was_asked_is_forgotten_with_the_item() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    desk.keep_alive(5 * SECOND)
    desk.wait(3 * DAY)
    assert item not in desk.state.items
    assert item not in desk.state.consults
