"""The shipped town after hours and in a storm: who is rung, told what, and what is left."""

from __future__ import annotations

import pytest

from router.core import commands as c
from router.core import commands_hours as h
from router.core.flows.presentation import caller_script, on_call_script
from router.core.flows.script import Accept, Dial, End, Record
from router.core.model import HOUR, MINUTE, Form, ItemId, ItemState, LegResult
from router.core.queueing import URGENT
from router.policy.load import load
from tests.core.town import Desk
from tests.policy.conftest import ROOT, TODAY
from tests.policy.test_shipped_mail import at, walked

SATURDAY = "2026-11-28T19:40"
LIST = ["security", "operations_a", "operations_b", "operations_chief"]


def night(when: str) -> Desk:
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    return Desk(policy, now=at(when))


def rings(desk: Desk, item: ItemId) -> Dial | None:
    then = caller_script(desk.state, item).then
    return then if isinstance(then, Dial) else None


def test_a_stop_sign_down_on_saturday_is_walked_twice_and_is_first_on_monday() -> None:
    desk = night(SATURDAY)
    item = desk.call("i1", "1", "1")
    while (dial := rings(desk, item)) is not None:
        assert dial.accept
        words = [each.text for each in on_call_script(desk.state, item, dial.step).spoken]
        assert words[0].startswith("A hazard on the road.")
        assert words[1] == "Press 1 to take this call."
        desk.wait(MINUTE // 2)
        desk.do(c.AdvanceFlow(item_id=item, step=dial.step, result=LegResult.NO_ANSWER))
    assert walked(desk, "i1") == [(name, turn, "no_answer") for turn in (1, 2) for name in LIST]
    then = caller_script(desk.state, item).then
    assert isinstance(then, Record)
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, recording_ref="w_rec"))
    row = desk.state.items[item]
    assert (row.state, row.form) == (ItemState.DEFERRED, Form.MESSAGE)
    assert row.head_start >= URGENT
    desk.wait(at("2026-11-30T08:00") - desk.now)
    assert desk.state.items[item].state is ItemState.QUEUED


def test_noise_at_ten_past_two_reaches_security_then_the_officer() -> None:
    desk = night("2026-11-29T02:10")
    item = desk.call("i1", "1", "3")
    dial = rings(desk, item)
    assert dial is not None
    desk.do(c.AdvanceFlow(item_id=item, step=dial.step, result=LegResult.BUSY))
    dial = rings(desk, item)
    assert dial is not None
    assert isinstance(on_call_script(desk.state, item, dial.step).then, Accept)
    answered = LegResult.ANSWERED
    desk.do(
        c.ReportLeg(item_id=item, leg="outside", call_id="X", result=answered, key=str(dial.step))
    )
    assert desk.state.items[item].outcome == "officer_a"
    assert walked(desk, "i1") == [("security", 1, "busy"), ("officer_a", 1, "answered")]


def test_a_tax_bill_at_night_disturbs_nobody_and_leaves_an_item_for_the_next_day() -> None:
    desk = night("2026-11-29T02:10")
    item = desk.call("i1", "1", "0")
    then = caller_script(desk.state, item).then
    assert isinstance(then, Dial)
    assert then.number == desk.policy.contacts["answering_service"].number
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, result=LegResult.NO_ANSWER))
    assert isinstance(caller_script(desk.state, item).then, Record)
    assert [each.contact for each in desk.state.on_call[item].attempts] == ["answering_service"]


@pytest.mark.parametrize(("surging", "says"), [(True, True), (False, False)])
def test_in_a_storm_building_is_pointed_elsewhere_and_roads_are_not(
    surging: bool, says: bool
) -> None:
    desk = night("2026-11-24T10:00")
    for agent in list(desk.state.policy.agents)[:6]:
        desk.sign_in(agent)
    if surging:
        desk.do(h.BeginSurge(until=desk.now + HOUR, reason="ice", by="adele"))
    item = desk.call("i1", "1", "5", caller="a")
    spoken = " ".join(each.text for each in caller_script(desk.state, item).spoken)
    assert ("Permits, taxes and programs are on our website" in spoken) == says
    road = desk.call("i2", "1", "2", "2", caller="b")
    assert desk.state.items[road].queue == "roads"
    assert "website" not in " ".join(x.text for x in caller_script(desk.state, road).spoken)
    assert caller_script(desk.state, road).then != End()
