"""Say, Play, Pause, Gather, Redirect, Reject, Hangup: the carrier's rules, as a caller sees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.voice.practice.clock import SECOND
from channels.voice.practice.exchange import Pace
from tests.channels.practice.town import ACCOUNT, CALLER, HALL, PUBLIC, Form, Line, Town, line_to

MUTE = Pace(say_s_per_character=0)


async def press(line: Line, digits: str, after_s: float = 0) -> None:
    call = next(iter(line.carrier.exchange.calls.values()))
    await line.clock.run_until(lambda: call.expects == "digits")
    await line.clock.advance(after_s)
    call.press(digits)
    await line.clock.settle()


async def test_the_first_request_carries_what_the_carrier_sends() -> None:
    town = Town(voice="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(
            CALLER, HALL, extra=(("StirVerstat", "TN-Validation-Passed-A"),)
        )
        await line.clock.run_until(lambda: call.over)
    form = town.forms("voice")[0]
    assert call.sid.startswith("CA")
    assert len(call.sid) == 34
    assert {
        "CallSid": call.sid,
        "AccountSid": ACCOUNT,
        "From": CALLER,
        "To": HALL,
        "Caller": CALLER,
        "Called": HALL,
        "CallStatus": "ringing",
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
        "FromCountry": "CA",
        "StirVerstat": "TN-Validation-Passed-A",
    }.items() <= dict(form).items()


async def test_a_caller_hears_prompts_with_their_language_and_length() -> None:
    town = Town(
        voice='<Say language="fr-CA" loop="2">Bonjour</Say><Play>a.mp3</Play><Pause length="3"/>'
        '<Play digits="12"/>'
    )
    pace = Pace(say_s_per_character=1, play_s=4, tone_s=0.5)
    async with line_to(town, pace=pace) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
    heard = [
        (e.kind, e.text, e.language, (e.at - line.started_at) // SECOND)
        for e in line.carrier.ledger.prompts(call.sid)
    ]
    assert heard == [
        ("say", "Bonjour", "fr-CA", 0),
        ("say", "Bonjour", "fr-CA", 7),
        ("play", f"{PUBLIC}/a.mp3", "", 14),
        ("pause", "3", "", 18),
        ("tones", "12", "", 21),
    ]
    assert line.seconds == 22
    assert call.status == "completed"
    assert call.duration_s == 22


GATHER_CASES: list[tuple[str, str, float, dict[str, str] | None]] = [
    # attributes of Gather, keys pressed, seconds until the request, what it says (None: no request)
    ("", "12", 5, {"Digits": "12", "FinishedOnKey": ""}),
    ("", "12#", 0, {"Digits": "12", "FinishedOnKey": "#"}),
    ("", "#", 0, None),
    ("", "", 5, None),
    ('timeout="2"', "7", 2, {"Digits": "7"}),
    ('timeout="0"', "", 0, None),
    ('numDigits="1"', "2", 0, {"Digits": "2"}),
    ('numDigits="2"', "123", 0, {"Digits": "12"}),
    ('numDigits="4"', "12", 5, {"Digits": "12"}),
    ('finishOnKey=""', "1#*", 5, {"Digits": "1#*"}),
    ('finishOnKey="*"', "1#*", 0, {"Digits": "1#", "FinishedOnKey": "*"}),
    ('finishOnKey="*#"', "1#2*", 0, {"Digits": "1", "FinishedOnKey": "#"}),
    ('actionOnEmptyResult="true"', "", 5, {"Digits": ""}),
    ('actionOnEmptyResult="true"', "#", 0, {"Digits": "", "FinishedOnKey": "#"}),
]


@pytest.mark.parametrize(("attributes", "keys", "seconds", "sent"), GATHER_CASES)
async def test_gather(
    attributes: str, keys: str, seconds: float, sent: dict[str, str] | None
) -> None:
    town = Town(voice=f'<Gather action="/key" {attributes}/><Say>next verb</Say>', key="<Hangup/>")
    async with line_to(town, pace=MUTE) as line:
        call = line.carrier.call_in(CALLER, HALL)
        if 'timeout="0"' not in attributes:
            await press(line, keys)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == seconds
    if sent is None:
        assert town.forms("key") == []
        assert line.carrier.ledger.heard(call.sid) == ["next verb"]
    else:
        assert sent.items() <= dict(town.forms("key")[0]).items()
        assert line.carrier.ledger.heard(call.sid) == []


async def test_the_timeout_of_gather_runs_from_the_last_prompt_and_the_last_key() -> None:
    town = Town(voice='<Gather action="/key"><Pause length="10"/></Gather>', key="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(14)  # four seconds after the prompt
        call.press("1")
        await line.clock.advance(4)
        call.press("2")
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == 23
    assert town.forms("key")[0]["Digits"] == "12"


async def test_a_key_cuts_the_prompts_short() -> None:
    town = Town(
        voice='<Gather numDigits="2" action="/key"><Say>one</Say><Pause length="60"/><Say>two</Say>'
        "</Gather>",
        key="<Hangup/>",
    )
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await press(line, "1", after_s=3)
        await press(line, "2", after_s=1)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == 4
        assert line.carrier.ledger.heard(call.sid) == ["one"]


async def test_without_an_action_the_same_document_gets_the_digits() -> None:
    def voice(form: Form) -> str:
        return "<Hangup/>" if form.get("Digits") else "<Gather numDigits='1'/>"

    town = Town(voice=voice)
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await press(line, "9")
        await line.clock.run_until(lambda: call.over)
    assert [form.get("Digits") for form in town.forms("voice")] == [None, "9"]


async def test_keys_nobody_listens_to_are_lost() -> None:
    town = Town(voice="<Pause length='5'/><Gather action='/key'/>", key="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        call.press("1")
        await line.clock.run_until(lambda: call.over)
    assert town.forms("key") == []


@pytest.mark.parametrize("kinds", ["speech", "dtmf speech"])
async def test_speech_reaches_the_action_when_it_was_all_said(kinds: str) -> None:
    town = Town(voice=f'<Gather input="{kinds}" action="/key"/>', key="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        call.speak("parking permit", seconds=2)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == 3
    form = town.forms("key")[0]
    assert (form["SpeechResult"], form["Confidence"]) == ("parking permit", "0.9")
    assert "Digits" not in form


async def test_speech_alone_ignores_keys() -> None:
    town = Town(voice='<Gather input="speech" action="/key"/>', key="<Hangup/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        call.press("5#")
        await line.clock.run_until(lambda: call.over)
    assert town.forms("key") == []


async def test_nothing_after_a_redirect_is_played() -> None:
    town = Town(
        **{
            "voice": "<Redirect method='GET'>sub/next?n=1&amp;m=2</Redirect><Say>never</Say>",
            "sub/next": "<Redirect>more</Redirect>",
            "sub/more": "<Say>here</Say>",
        }
    )
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["here"]
    assert dict(town.forms("sub/next")[0])["n"] == "1"
    assert town.forms("sub/next")[0]["CallSid"] == call.sid


@pytest.mark.parametrize(
    ("verb", "status", "answered"),
    [
        ("<Reject/>", "no-answer", False),
        ("<Reject reason='busy'/>", "busy", False),
        ("<Pause length='2'/><Reject reason='busy'/>", "busy", False),
        ("<Say>no</Say><Reject reason='busy'/>", "completed", True),
        ("<Hangup/>", "completed", True),
        ("", "completed", False),
    ],
)
async def test_how_a_call_ends(verb: str, status: str, answered: bool) -> None:
    town = Town(voice=verb)
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        await line.clock.settle()
    assert call.status == status
    assert (call.answered_at is not None) == answered
    (news,) = town.forms("status")
    assert news["CallStatus"] == status


async def test_a_caller_who_hangs_up_is_reported_at_once() -> None:
    town = Town(voice="<Pause length='100'/><Say>x</Say>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(1)
        assert call.status == "ringing"  # Pause does not answer
        call.pick_up()
        await line.clock.advance(90)
        call.hang_up()
        await line.clock.settle()
        (news,) = town.forms("status")
    assert news["CallStatus"] == "completed"
    assert (news["CallDuration"], news["Duration"], news["SequenceNumber"]) == ("90", "2", "0")
    assert news["CallbackSource"] == "call-progress-events"
    assert news["Timestamp"].endswith("+0000")
    assert line.carrier.ledger.heard(call.sid) == []


async def test_sound_and_plain_text_are_played_as_they_are() -> None:
    from starlette.responses import Response

    town = Town(
        voice=Response("Hello hall", media_type="text/plain"),
    )
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["Hello hall"]
    town = Town(voice=Response(b"RIFF", media_type="audio/wav"))
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == [f"{PUBLIC}/voice"]


async def test_a_redirect_loop_ends_the_call_instead_of_the_machine() -> None:
    town = Town(voice="<Redirect/>")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert "redirect loop" in line.carrier.ledger.troubles(call.sid)[0].text


@settings(max_examples=40, deadline=None)
@given(
    keys=st.text(alphabet="0123456789*#", max_size=8),
    finish=st.sampled_from(["#", "*", "", "*#", "0123456789*#"]),
    limit=st.one_of(st.none(), st.integers(1, 5)),
)
def test_digits_are_what_came_before_the_key_or_the_limit(
    keys: str, finish: str, limit: int | None
) -> None:
    """Against a model that takes the keys one by one."""
    import asyncio

    wanted = ""
    for key in keys:
        if key in finish or (limit is not None and len(wanted) == limit):
            break
        wanted += key
    attributes = f'finishOnKey="{finish}"' + (f' numDigits="{limit}"' if limit else "")

    async def run() -> list[str]:
        town = Town(voice=f'<Gather action="/key" {attributes}/>', key="<Hangup/>")
        async with line_to(town) as line:
            call = line.carrier.call_in(CALLER, HALL)
            await line.clock.run_until(lambda: call.expects == "digits")
            for key in keys:
                call.press(key)
                await line.clock.settle()
            await line.clock.run_until(lambda: call.over)
        return [form["Digits"] for form in town.forms("key")]

    assert asyncio.run(run()) == ([wanted] if wanted else [])
