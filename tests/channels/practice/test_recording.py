"""Record: the beep, when it ends, what the town is told."""

from __future__ import annotations

import pytest

from tests.channels.practice.town import ACCOUNT, CALLER, HALL, PUBLIC, Line, Town, line_to


async def recording(line: Line) -> None:
    call = next(iter(line.carrier.exchange.calls.values()))
    await line.clock.run_until(lambda: call.expects == "recording")


async def test_a_message_reaches_the_action_with_its_address_and_length() -> None:
    town = Town(
        voice='<Record action="/saved" recordingStatusCallback="/news"'
        ' transcribeCallback="/text"/>',
        saved="<Say>thanks</Say>",
    )
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await recording(line)
        call.speak("the bins were forgotten", seconds=4)
        await line.clock.run_until(lambda: call.over)
        await line.clock.settle()
        (saved,) = line.carrier.exchange.recordings.values()
        assert line.carrier.ledger.heard(call.sid) == ["beep", "thanks"]
        assert 9 <= line.seconds < 10  # 4 s of words, 5 s of silence, then the thanks
    form = town.forms("saved")[0]
    assert form["RecordingSid"] == saved.sid
    assert form["RecordingDuration"] == "4"
    assert form["RecordingUrl"].endswith(f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{saved.sid}")
    assert form["Digits"] == ""
    assert saved.text == "the bins were forgotten"
    assert town.forms("news")[0]["RecordingStatus"] == "completed"
    assert town.forms("text")[0]["TranscriptionText"] == "the bins were forgotten"


async def test_silence_is_no_recording_and_the_next_verb_follows() -> None:
    town = Town(voice='<Record action="/saved" timeout="3"/><Say>nothing heard</Say>')
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["beep", "nothing heard"]
    assert town.forms("saved") == []


@pytest.mark.parametrize(("finish", "key"), [("", "5"), ('finishOnKey="*"', "*")])
async def test_a_key_ends_the_message(finish: str, key: str) -> None:
    town = Town(voice=f'<Record action="/saved" {finish} playBeep="false"/>', saved="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await recording(line)
        call.speak("hello", seconds=20)
        await line.clock.advance(2)
        call.press("1" if finish else "")  # no terminator when * is asked for
        call.press(key)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == 2
        assert line.carrier.ledger.heard(call.sid) == []
    assert (town.forms("saved")[0]["Digits"], town.forms("saved")[0]["RecordingDuration"]) == (
        key,
        "2",
    )


async def test_a_message_is_no_longer_than_allowed() -> None:
    town = Town(voice='<Record action="/saved" maxLength="20"/>', saved="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await recording(line)
        call.speak("on and on", seconds=100)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == 20
    assert town.forms("saved")[0]["RecordingDuration"] == "20"


async def test_hanging_up_saves_the_message() -> None:
    town = Town(voice='<Record action="/saved"/>', saved="<Say>to nobody</Say>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await recording(line)
        call.speak("short", seconds=3)
        await line.clock.advance(2)
        call.hang_up()
        await line.clock.settle()
        assert line.carrier.ledger.heard(call.sid) == ["beep"]
    form = town.forms("saved")[0]
    assert (form["Digits"], form["CallStatus"]) == ("hangup", "completed")
    assert form["RecordingUrl"].startswith("http://127.0.0.1")
    assert PUBLIC not in form["RecordingUrl"]
