"""What an agreement hands over at once: the department is rung as soon as the two talk."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_calls as k
from router.core import effects as f
from router.core import policy as p
from router.core.model import Form, ItemId, LegResult
from router.core.policy_calls import Agreement
from tests.core.test_callback_choices import AMINA
from tests.core.town import Desk, town


def agreed(hand_over: str = "at_once", **changes: object) -> p.Policy:
    """A town in which the officer deals with general matters."""
    rule = Agreement("none", "officer", "", {}, hand_over)
    policy = town(**changes)
    flow = policy.flows[next(iter(policy.flows))]
    nodes = {
        name: replace(
            node,
            choices={
                key: replace(each, values=replace(each.values or p.Values(), subject="general"))
                for key, each in node.choices.items()
            },
        )
        if node.choices
        else node
        for name, node in flow.nodes.items()
    }
    flows = {**policy.flows, flow.id: replace(flow, nodes=nodes)}
    return replace(policy, flows=flows, agreements={"general": rule})


def taken(desk: Desk) -> ItemId:
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    return item


def rung(desk: Desk) -> list[str]:
    return [each.leg for each in desk.state.pending.values() if isinstance(each, f.DialThird)]


def test_the_department_is_rung_when_both_are_in_the_room_and_once() -> None:
    desk = Desk(agreed())
    item = taken(desk)
    assert rung(desk) == []
    for _ in range(2):
        desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    assert rung(desk) == [desk.policy.contacts["officer"].number]
    row = desk.state.consults[item]
    assert (row.by, row.to) == (AMINA, "contact:officer")
    assert desk.state.dials["officer"].count == 1


def test_the_agent_may_stop_it_and_it_does_not_begin_again() -> None:
    desk = Desk(agreed())
    item = taken(desk)
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    desk.do(k.CancelConsult(item_id=item, agent_id=AMINA))
    before = len(rung(desk))
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    assert len(rung(desk)) == before


def test_nobody_there_means_a_callback_of_the_agent() -> None:
    desk = Desk(agreed())
    item = taken(desk)
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    key, gone = desk.state.consults[item].key, LegResult.NO_ANSWER
    desk.do(c.ReportLeg(item_id=item, leg="third", call_id="CAt", result=gone, key=key))
    desk.do(c.EndCall(item_id=item, call_id=desk.state.items[item].call_id, reason="completed"))
    assert desk.state.items[item].form in (Form.CALLBACK, Form.CALL)


@pytest.mark.parametrize("how", ["by_agent", "number", ""])
def test_otherwise_nobody_is_rung_by_itself(how: str) -> None:
    desk = Desk(agreed(how))
    item = taken(desk)
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    assert rung(desk) == []


def test_a_department_that_may_not_be_rung_today_is_left_to_the_agent() -> None:
    policy = agreed()
    dialling = replace(policy.dialling, per_number_day_max=1)
    desk = Desk(replace(policy, dialling=dialling))
    item = taken(desk)
    desk.do(c.NoteRoom(item_id=item, room_id="CF1"))
    assert len(rung(desk)) == 1
    desk.do(c.EndCall(item_id=item, call_id=desk.state.items[item].call_id, reason="completed"))
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA, code=next(iter(policy.wrap_up_codes), "")))
    again = desk.call("i2", "1", "2")
    desk.answer("amina")
    desk.do(c.NoteRoom(item_id=again, room_id="CF2"))
    assert again not in desk.state.consults
