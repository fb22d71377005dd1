"""Dial: who rings, who answers, whispers, what the action is told."""

from __future__ import annotations

import pytest

from channels.voice.practice.handset import (
    Behaviour,
    Handset,
    hangs_up_after,
    presses,
    says,
)
from channels.voice.practice.webhooks import Inline
from tests.channels.practice.town import ANN, BEN, CALLER, HALL, Town, line_to

DIAL = f'<Dial action="/done" timeout="20">{ANN}</Dial><Say>next verb</Say>'


@pytest.mark.parametrize(
    ("handset", "status", "seconds"),
    [
        (Handset(Behaviour.ANSWERS, after_s=4, script=hangs_up_after(30)), "completed", 34),
        (Handset(Behaviour.BUSY), "busy", 0),
        (Handset(Behaviour.REJECTS, after_s=4), "busy", 4),
        (Handset(Behaviour.FAILS), "failed", 0),
        (Handset(Behaviour.NO_ANSWER), "no-answer", 20),
        (Handset(Behaviour.ANSWERS, after_s=21), "no-answer", 20),
        (None, "no-answer", 20),
    ],
)
async def test_the_action_learns_how_it_went(
    handset: Handset | None, status: str, seconds: float
) -> None:
    town = Town(voice=DIAL, done="<Hangup/>")
    async with line_to(town) as line:
        if handset is not None:
            line.carrier.register(ANN, handset)
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == seconds
        child = next(c for c in line.carrier.exchange.calls.values() if c is not call)
        assert (child.parent_sid, child.direction) == (call.sid, "outbound-dial")
    form = town.forms("done")[0]
    assert form["DialCallStatus"] == status
    assert form["DialCallSid"] == child.sid
    assert form["DialBridged"] == str(status == "completed").lower()
    assert form["DialCallDuration"] == ("30" if status == "completed" else "0")


async def test_without_an_action_the_next_verb_follows() -> None:
    town = Town(voice=f"<Dial timeout='2'>{ANN}</Dial><Say>I am unreachable</Say>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["I am unreachable"]


async def test_all_ring_at_once_and_the_first_to_answer_wins() -> None:
    town = Town(voice=f"<Dial><Number>{ANN}</Number><Number>{BEN}</Number></Dial>")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(after_s=5))
        line.carrier.register(BEN, Handset(after_s=4))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.place == "talking")
        states = {c.to: c.status for c in line.carrier.exchange.calls.values() if c is not call}
        assert states == {ANN: "canceled", BEN: "in-progress"}
        call.hang_up()
        await line.clock.settle()
        assert all(c.over for c in line.carrier.exchange.calls.values())


async def test_one_after_the_other_when_asked() -> None:
    parties = f"<Number>{ANN}</Number><Number>{BEN}</Number>"
    town = Town(voice=f'<Dial sequential="true" timeout="10">{parties}</Dial>')
    async with line_to(town) as line:
        line.carrier.register(BEN, Handset(after_s=2))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.place == "talking")
        assert line.seconds == 12
        line.carrier.register(ANN, Handset(after_s=2, script=hangs_up_after(5)))
        before = len(line.carrier.exchange.calls)
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert len(line.carrier.exchange.calls) == before + 2  # nobody else rang


WHISPER = '<Gather numDigits="1" timeout="4" action="/ok"><Say>press 1</Say></Gather><Hangup/>'
WHISPERED = f'<Dial action="/done"><Number url="/whisper">{ANN}</Number></Dial>'


async def test_a_whisper_is_played_to_the_one_who_answers_before_they_talk() -> None:
    town = Town(voice=WHISPERED, whisper=WHISPER, ok="")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(script=presses("1")))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.place == "talking")
        child = next(c for c in line.carrier.exchange.calls.values() if c is not call)
        assert line.carrier.ledger.heard(child.sid) == ["press 1"]
        assert line.carrier.ledger.heard(call.sid) == []
    form = town.forms("whisper")[0]
    assert (form["CallSid"], form["ParentCallSid"], form["CallStatus"]) == (
        child.sid,
        call.sid,
        "in-progress",
    )
    assert town.forms("ok")[0]["Digits"] == "1"


@pytest.mark.parametrize("whisper", [WHISPER, "<Dial>9055550101</Dial>", "<broken"])
async def test_who_does_not_accept_the_whisper_is_not_bridged(whisper: str) -> None:
    town = Town(voice=WHISPERED, whisper=whisper, done="<Say>sorry</Say>")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset())
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["sorry"]
    assert town.forms("done")[0]["DialBridged"] == "false"


async def test_status_callbacks_of_a_dialled_party_are_numbered() -> None:
    attributes = 'statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed"'
    town = Town(voice=f"<Dial><Number {attributes}>{ANN}</Number></Dial>")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(script=hangs_up_after(61)))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        await line.clock.settle()
    assert [(f["CallStatus"], f["SequenceNumber"]) for f in town.forms("leg")] == [
        ("initiated", "0"),
        ("ringing", "1"),
        ("in-progress", "2"),
        ("completed", "3"),
    ]
    assert (town.forms("leg")[-1]["CallDuration"], town.forms("leg")[-1]["Duration"]) == ("61", "2")


async def test_a_caller_who_hangs_up_takes_the_ringing_leg_along() -> None:
    town = Town(voice=DIAL, done="<Say>to nobody</Say>")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(Behaviour.MANUAL))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(3)
        call.hang_up()
        await line.clock.settle()
        child = next(c for c in line.carrier.exchange.calls.values() if c is not call)
        assert child.status == "canceled"
        assert line.carrier.ledger.heard(call.sid) == []


async def test_sending_the_caller_elsewhere_ends_the_bridge_and_the_other_leg() -> None:
    town = Town(voice=DIAL)
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset())
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.place == "talking")
        call.detour(Inline("<Response><Say>elsewhere</Say></Response>"))
        await line.clock.run_until(lambda: call.over)
        child = next(c for c in line.carrier.exchange.calls.values() if c is not call)
        assert child.status == "completed"
        assert line.carrier.ledger.heard(call.sid) == ["elsewhere"]


async def test_sending_the_other_leg_elsewhere_frees_the_caller_and_keeps_that_leg() -> None:
    town = Town(voice=DIAL, done="<Say>they left</Say>")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset())
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.place == "talking")
        child = next(c for c in line.carrier.exchange.calls.values() if c is not call)
        child.detour(Inline("<Response><Pause length='100'/><Say>alone</Say></Response>"))
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["they left"]
        assert child.answered
        await line.clock.run_until(lambda: child.over)
        assert line.carrier.ledger.heard(child.sid) == ["alone"]


async def test_star_and_the_time_limit_end_a_talk() -> None:
    town = Town(voice=f'<Dial hangupOnStar="true" timeLimit="60">{ANN}</Dial><Say>after</Say>')
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(after_s=0))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.place == "talking")
        call.press("1*")
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["after"]
        call = line.carrier.call_in(CALLER, HALL)
        began = line.seconds
        await line.clock.run_until(lambda: call.over)
        assert 60 <= line.seconds - began < 61


async def test_somebody_rung_speaks_onto_a_recording() -> None:
    town = Town(leg="<Record/>")
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(script=says("call me back", seconds=2)))
        call = line.carrier.call_out(
            HALL, ANN, Inline("<Response><Record action='http://x.test/r'/></Response>")
        )
        await line.clock.run_until(lambda: bool(line.carrier.exchange.recordings))
        (saved,) = line.carrier.exchange.recordings.values()
        assert (saved.text, saved.call_sid) == ("call me back", call.sid)
