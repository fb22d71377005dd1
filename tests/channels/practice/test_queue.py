"""Enqueue, Leave and dialling a queue: place, news, and how each one leaves."""

from __future__ import annotations

import pytest

from channels.voice.practice.webhooks import Inline
from tests.channels.practice.town import CALLER, HALL, PUBLIC, Form, Town, line_to

WAIT = '<Enqueue waitUrl="/wait" action="/left">town</Enqueue><Say>next verb</Say>'


async def test_the_waiting_document_is_asked_again_with_fresh_news() -> None:
    town = Town(voice=WAIT, wait="<Pause length='10'/>")
    async with line_to(town) as line:
        first = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(5)
        line.carrier.call_in("+19055550198", HALL)
        await line.clock.advance(6)
        queue = line.carrier.exchange.queue_named("town")
        assert queue is not None
        news = [f for f in town.forms("wait") if f["CallSid"] == first.sid]
        assert [(f["QueuePosition"], f["QueueTime"], f["CurrentQueueSize"]) for f in news] == [
            ("1", "0", "1"),
            ("1", "10", "2"),
        ]
        assert {"QueueSid": queue.sid, "AvgQueueTime": "0", "MaxQueueSize": "1000"}.items() <= dict(
            news[0]
        ).items()
        other = next(f for f in town.forms("wait") if f["CallSid"] != first.sid)
        assert other["QueuePosition"] == "2"
        first.hang_up()
        await line.clock.advance(10)
        assert town.forms("wait")[-1]["QueuePosition"] == "1"
        assert town.forms("wait")[-1]["AvgQueueTime"] == "11"


async def test_leave_continues_in_the_action() -> None:
    town = Town(voice=WAIT, wait="<Say>w</Say><Leave/>", left="<Say>out</Say>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["w", "out"]
    assert town.forms("left")[0]["QueueResult"] == "leave"


async def test_without_an_action_the_next_verb_follows() -> None:
    town = Town(voice='<Enqueue waitUrl="/wait">town</Enqueue><Say>next</Say>', wait="<Leave/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["next"]


async def test_a_key_pressed_while_waiting_reaches_its_document_and_the_place_is_kept() -> None:
    town = Town(
        voice=WAIT,
        wait='<Gather numDigits="1" timeout="2" action="/key"><Say>1 = callback</Say></Gather>'
        "<Redirect>/wait?again=1</Redirect>",
        key="<Say>noted</Say><Leave/>",
        left="<Hangup/>",
    )
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(9)
        assert len(town.forms("wait")) > 2
        assert call.place == "queue"
        await line.clock.run_until(lambda: call.expects == "digits")
        call.press("1")
        await line.clock.run_until(lambda: call.over)
    assert town.forms("key")[0]["Digits"] == "1"
    assert town.forms("left")[0]["QueueResult"] == "leave"


@pytest.mark.parametrize(
    ("wait", "result", "over"),
    [
        ("<Hangup/>", "hangup", True),
        ("<Dial>9055550101</Dial>", "error", False),
        ("<broken", "error", False),
        ("<Pay/>", "error", False),
    ],
)
async def test_what_the_waiting_document_does_decides_the_result(
    wait: str, result: str, over: bool
) -> None:
    town = Town(voice=WAIT, wait=wait, left="<Pause length='9'/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        assert call.over == over
    assert town.forms("left")[0]["QueueResult"] == result


async def test_hanging_up_tells_the_action_and_plays_nothing_more() -> None:
    town = Town(voice=WAIT, wait="<Pause length='60'/>", left="<Say>never heard</Say>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(17)
        call.hang_up()
        await line.clock.settle()
        queue = line.carrier.exchange.queue_named("town")
        assert queue is not None
        assert queue.members == []
        assert line.carrier.ledger.heard(call.sid) == []
    (form,) = town.forms("left")
    assert (form["QueueResult"], form["QueueTime"], form["CallStatus"]) == (
        "hangup",
        "17",
        "completed",
    )


async def test_being_sent_elsewhere_tells_the_action_but_plays_the_new_document() -> None:
    town = Town(voice=WAIT, wait="<Pause length='60'/>", left="<Say>never heard</Say>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(3)
        call.detour(Inline("<Response><Say>to the agent</Say></Response>"))
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["to the agent"]
    (form,) = town.forms("left")
    assert form["QueueResult"] == "redirected"


async def test_a_full_queue_is_told_at_once() -> None:
    town = Town(voice=WAIT, wait="<Pause length='60'/>", left="<Say>full</Say>")
    async with line_to(town) as line:
        line.carrier.exchange.new_queue("town", max_size=1)
        line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        late = line.carrier.call_in("+19055550198", HALL)
        await line.clock.run_until(lambda: late.over)
        assert line.carrier.ledger.heard(late.sid) == ["full"]
    assert town.forms("left")[0]["QueueResult"] == "queue-full"


async def test_an_empty_waiting_address_is_silence_and_none_is_the_carriers_music() -> None:
    town = Town(voice='<Enqueue waitUrl="">town</Enqueue>')
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(60)
        assert line.carrier.ledger.prompts(call.sid) == []
    town = Town(voice="<Enqueue>town</Enqueue>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(25)
        assert line.carrier.ledger.heard(call.sid) == ["carrier:music"] * 3


async def test_a_waiting_document_that_takes_no_time_is_not_asked_without_end() -> None:
    town = Town(voice=WAIT, wait="")
    async with line_to(town) as line:
        line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(10)
    assert 10 <= len(town.forms("wait")) <= 11


async def test_dialling_the_queue_joins_with_whoever_waits_longest() -> None:
    def voice(form: Form) -> str:
        if form["From"] == "+19055550150":
            return '<Dial action="/done"><Queue url="/whisper">town</Queue></Dial>'
        return WAIT

    town = Town(
        voice=voice, wait="<Pause length='60'/>", whisper="<Say>here we go</Say>", done="<Hangup/>"
    )
    async with line_to(town) as line:
        waiting = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(3)
        desk = line.carrier.call_in("+19055550150", HALL)
        await line.clock.run_until(lambda: waiting.place == "talking")
        assert line.carrier.ledger.heard(waiting.sid) == ["here we go"]
        assert desk.place == "talking"
        await line.clock.advance(30)
        waiting.hang_up()
        await line.clock.run_until(lambda: desk.over)
    assert town.forms("whisper")[0]["DequeingCallSid"] == desk.sid
    assert town.forms("done")[0]["DialCallStatus"] == "completed"
    assert town.forms("left")[0]["QueueResult"] == "bridged"


async def test_dialling_an_empty_queue_gives_up_and_an_unknown_one_fails() -> None:
    town = Town(voice='<Dial timeout="5" action="/done"><Queue>q</Queue></Dial>', done="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        line.carrier.exchange.new_queue("q")
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
    assert [f["DialCallStatus"] for f in town.forms("done")] == ["failed", "no-answer"]
    assert PUBLIC.startswith("https")
