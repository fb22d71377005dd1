"""The shipped town, driven through the engine: the evening, the holiday, the busy line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router.core import commands as c
from router.core.flows.presentation import caller_script
from router.core.flows.script import Ask, Dial, Record, Script
from router.core.model import AgentId, AgentStatus, Form, Instant, ItemId, ItemState, LegResult
from router.core.policy import Policy
from router.core.queueing import URGENT
from router.policy.load import load
from tests.core.town import Desk

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def policy() -> Policy:
    loaded = load(ROOT, today=date(2026, 11, 22))
    assert loaded.complaints == ()
    assert loaded.policy is not None
    return loaded.policy


def at(text: str) -> Instant:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Toronto"))
    return int(moment.timestamp()) * 10**9


def press(desk: Desk, item: ItemId, digits: str) -> Script:
    then = caller_script(desk.state, item).then
    assert isinstance(then, Ask), then
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, digits=digits))
    return caller_script(desk.state, item)


def ring_through(desk: Desk, item: ItemId, result: LegResult) -> list[str]:
    """Let every outside contact that is rung end with `result`; return the numbers."""
    numbers = []
    while isinstance(then := caller_script(desk.state, item).then, Dial):
        numbers.append(then.number)
        desk.do(c.AdvanceFlow(item_id=item, step=then.step, result=result))
    return numbers


def test_a_call_in_french_reaches_an_agent_who_speaks_it(policy: Policy) -> None:
    desk = Desk(policy, now=at("2026-11-23T10:00"))
    desk.sign_in("farah", "elise")
    item = desk.call("i1")
    assert "911" in press(desk, item, "2").spoken[0].text
    press(desk, item, "0")
    assert desk.state.items[item].language == "fr"
    assert desk.state.agents[AgentId("elise")].offer == "i1.1"


def test_a_stop_sign_down_on_saturday_evening_walks_the_on_call_list(policy: Policy) -> None:
    desk = Desk(policy, now=at("2026-11-28T19:40"))
    item = desk.call("i1")
    spoken: list[str] = []
    script = press(desk, item, "1")
    while isinstance(script.then, Ask):
        spoken += [s.text for s in script.spoken]
        script = press(desk, item, "1")
    assert isinstance(script.then, Dial), script
    numbers = ring_through(desk, item, LegResult.NO_ANSWER)
    assert numbers[0] == "+19055550180"
    assert len(numbers) >= 2
    then = caller_script(desk.state, item).then
    assert isinstance(then, Record)
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, recording_ref="w_recording"))
    row = desk.state.items[item]
    assert (row.state, row.form, row.words_ref) == (
        ItemState.DEFERRED,
        Form.MESSAGE,
        "w_recording",
    )
    assert row.head_start >= URGENT
    desk.wait(at("2026-11-30T08:00") - desk.now)
    assert desk.state.items[item].state is ItemState.QUEUED


def test_on_boxing_day_the_hours_say_holiday(policy: Policy) -> None:
    desk = Desk(policy, now=at("2026-12-26T10:00"))
    row = next(iter(desk.state.queues.values()))
    assert (row.is_open, row.rule) == (False, "holiday")


def test_somebody_who_hangs_up_while_recording_still_leaves_the_message(policy: Policy) -> None:
    desk = Desk(policy, now=at("2026-11-28T23:00"))
    item = desk.call("i1")
    script = press(desk, item, "1")
    while isinstance(script.then, Ask):
        script = press(desk, item, "0")
    assert isinstance(script.then, Dial)  # the answering service
    busy = c.AdvanceFlow(item_id=item, step=script.then.step, result=LegResult.BUSY)
    desk.do(busy)
    script = caller_script(desk.state, item)
    assert isinstance(script.then, Record)
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    assert desk.state.items[item].state is ItemState.ABANDONED
    desk.do(c.AdvanceFlow(item_id=item, step=script.then.step, recording_ref="w_rec"))
    row = desk.state.items[item]
    assert (row.state, row.words_ref) == (ItemState.DEFERRED, "w_rec")


def test_with_everybody_away_the_caller_may_be_called_back(policy: Policy) -> None:
    desk = Desk(policy, now=at("2026-11-23T10:00"))
    desk.sign_in("farah")
    desk.do(c.SetStatus(agent_id=AgentId("farah"), status=AgentStatus.AWAY, reason="lunch"))
    desk.keep_alive(desk.state.policy.queues["general"].absence)
    item = desk.call("i1")
    press(desk, item, "1")
    script = press(desk, item, "0")
    assert isinstance(script.then, Ask), script
    desk.do(c.AdvanceFlow(item_id=item, step=script.then.step, digits="1"))
    row = desk.state.items[item]
    assert (row.form, row.state, row.queue) == (Form.CALLBACK, ItemState.QUEUED, "general")
