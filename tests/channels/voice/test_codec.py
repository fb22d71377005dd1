"""Form fields become the commands they mean, whoever spells them how."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.voice import codec
from channels.voice.codec import BadWebhook, Form, Identity
from router.core import commands as c
from router.core.identity import address_key
from router.core.model import ItemId, LegResult

ITEM = ItemId("7Q3M9ZK2PA")
WHO = Identity(b"secret", "w_1")
RESIDENT = "+19055550123"
KEY = address_key(b"secret", "phone", RESIDENT)


def form(**fields: str) -> Form:
    return Form({"CallSid": "CA1", "From": RESIDENT, "To": "+19055550100", **fields}.items())


def advanced(decoded: codec.Decoded) -> c.AdvanceFlow:
    assert isinstance(decoded.command, c.AdvanceFlow)
    return decoded.command


def open_to(number: str) -> bool:
    return number.startswith("+1905")


# --- every webhook -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", ["CA" + "a" * 32, "v3:T02llQxIyaRkhfRKxgAP8nY511", "3f9e-aa/b=", "1"]
)
def test_a_calls_id_is_opaque(call: str) -> None:
    assert codec.call_id(form(CallSid=call)) == call


@pytest.mark.parametrize("name", ["CallSid", "callsid", "CALLSID", "call_sid", "CallId"])
def test_names_in_another_case_or_spelling_are_understood(name: str) -> None:
    assert codec.call_id(Form([(name, "CA9")])) == "CA9"


@pytest.mark.parametrize("call", ["a b", "x" * 129, "é", "a\x00b", "a\nb"])
def test_an_absurd_id_is_refused(call: str) -> None:
    with pytest.raises(BadWebhook) as refused:
        codec.call_id(Form([("CallSid", call)]))
    assert refused.value.code == "absurd-call-id"


def test_no_id_is_refused() -> None:
    with pytest.raises(BadWebhook) as refused:
        codec.call_id(Form([("CallSid", "  ")]))
    assert refused.value.code == "missing-call-id"


def test_of_doubled_fields_the_first_that_says_something_counts() -> None:
    assert Form([("Digits", ""), ("Digits", "2"), ("Digits", "3")]).text("digits") == "2"


@pytest.mark.parametrize(
    ("written", "over"),
    [
        ("completed", True),
        ("Completed", True),
        ("no_answer", True),
        ("no-answer", True),
        ("busy", True),
        ("cancelled", True),
        ("failed", True),
        ("in-progress", False),
        ("ringing", False),
        ("", False),
        ("teleported", False),
    ],
)
def test_a_status_nobody_knows_is_not_the_end(written: str, over: bool) -> None:
    assert codec.is_over(form(CallStatus=written)) is over


@pytest.mark.parametrize(
    ("who", "machine"),
    [
        ("machine_start", True),
        ("machine_end_beep", True),
        ("fax", True),
        ("human", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_machines(who: str, machine: bool) -> None:
    assert codec.is_machine(form(AnsweredBy=who)) is machine


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("12", 12),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 10, None),
        ("²", None),
    ],
)
def test_counts_of_urls(text: str, count: int | None) -> None:
    assert codec.count_of(text) == count


# --- a call begins -------------------------------------------------------------------------------


def test_a_call_begins_with_words_for_who_calls() -> None:
    decoded = codec.start_call(form(CallerName="ROBIN EXAMPLE"), ITEM, WHO)
    assert decoded.command == c.StartCall(
        item_id=ITEM,
        key="call:CA1",
        call_id="CA1",
        called="+19055550100",
        address_key=KEY,
        contact_ref="w_1",
    )
    (words,) = decoded.words
    assert (words.ref, words.kind) == ("w_1", "contact")
    assert json.loads(words.body) == {"number": RESIDENT, "name": "ROBIN EXAMPLE", "email": ""}


def test_no_command_holds_a_number_of_a_resident() -> None:
    assert RESIDENT not in repr(codec.start_call(form(), ITEM, WHO).command)


@pytest.mark.parametrize(
    "who", ["anonymous", "+266696687", "sip:robin@example.org", "client:robin", ""]
)
def test_a_withheld_caller_is_nobody(who: str) -> None:
    decoded = codec.start_call(form(From=who), ITEM, WHO)
    assert isinstance(decoded.command, c.StartCall)
    assert (decoded.command.address_key, decoded.command.contact_ref, decoded.words) == ("", "", ())


def test_other_names_of_the_two_ends_will_do() -> None:
    other = Form([("CallSid", "CA1"), ("Caller", RESIDENT), ("Called", "+19055550100")])
    assert codec.numbers(other) == (RESIDENT, "+19055550100")


def test_of_a_call_that_we_made_the_resident_is_the_other_end() -> None:
    ours = form(From="+19055550100", To=RESIDENT, Direction="outbound-api")
    assert codec.numbers(ours) == (RESIDENT, "+19055550100")


# --- a flow's answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "choice"),
    [("1", "1"), ("", ""), ("*", "*"), ("12", "12"), ("1234", "?"), ("1;2", "?")],
)
def test_a_choice_is_never_a_number_that_names_somebody(digits: str, choice: str) -> None:
    decoded = codec.advance_flow(form(Digits=digits), ITEM, 3, WHO, None)
    assert decoded.command == c.AdvanceFlow(ITEM, 3, digits=choice)


def test_a_typed_number_becomes_words() -> None:
    decoded = codec.advance_flow(form(Digits="9055550177"), ITEM, 3, WHO, open_to)
    key = address_key(b"secret", "phone", "+19055550177")
    assert decoded.command == c.AdvanceFlow(ITEM, 3, number_ref="w_1", address_key=key)
    assert json.loads(decoded.words[0].body)["number"] == "+19055550177"


@pytest.mark.parametrize("digits", ["9005550177", "123", "2", "01133199000000", "5550177", "#1"])
def test_a_number_that_may_not_be_rung_is_asked_for_again(digits: str) -> None:
    decoded = codec.advance_flow(form(Digits=digits), ITEM, 3, WHO, open_to)
    assert decoded == codec.Decoded(c.AdvanceFlow(ITEM, 3, digits="?"))


@pytest.mark.parametrize(
    ("caller", "choice"), [(RESIDENT, "1"), ("+33199000000", "?"), ("anonymous", "?")]
)
def test_the_callers_own_number_is_promised_only_where_it_may_be_rung(
    caller: str, choice: str
) -> None:
    decoded = codec.advance_flow(form(Digits="1", From=caller), ITEM, 3, WHO, open_to)
    assert decoded.command == c.AdvanceFlow(ITEM, 3, digits=choice)


@pytest.mark.parametrize("digits", ["", "*"])
def test_keeping_the_place_is_an_answer_to_the_number_question(digits: str) -> None:
    decoded = codec.advance_flow(form(Digits=digits), ITEM, 3, WHO, open_to)
    assert decoded.command == c.AdvanceFlow(ITEM, 3, digits=digits)


def test_a_recording_is_kept_by_reference() -> None:
    said = form(
        RecordingUrl="https://api.example.com/RE1",
        RecordingSid="RE1",
        RecordingDuration="12",
        Digits="hangup",
    )
    decoded = codec.advance_flow(said, ITEM, 3, WHO, None)
    assert decoded.command == c.AdvanceFlow(ITEM, 3, recording_ref="w_1")
    (words,) = decoded.words
    assert words.kind == "recording"
    assert json.loads(words.body) == {
        "url": "https://api.example.com/RE1",
        "sid": "RE1",
        "duration_s": 12,
    }


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://" + "x" * 3000])
def test_a_recording_without_an_address_is_none(url: str) -> None:
    decoded = codec.advance_flow(form(RecordingUrl=url), ITEM, 3, WHO, None)
    assert (advanced(decoded).recording_ref, decoded.words) == ("", ())


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("completed", LegResult.ENDED),
        ("answered", LegResult.ENDED),
        ("busy", LegResult.BUSY),
        ("no-answer", LegResult.NO_ANSWER),
        ("No_Answer", LegResult.NO_ANSWER),
        ("failed", LegResult.FAILED),
        ("canceled", LegResult.NO_ANSWER),
        ("cancelled", LegResult.NO_ANSWER),
        ("eaten", LegResult.FAILED),
    ],
)
def test_the_result_of_a_transfer(written: str, result: LegResult) -> None:
    decoded = codec.advance_flow(form(DialCallStatus=written, Digits="1"), ITEM, 3, WHO, None)
    assert decoded.command == c.AdvanceFlow(ITEM, 3, result=result)


# --- the waiting room ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result",
    [
        "",
        "leave",
        "bridged",
        "bridging-in-process",
        "bridging-in-progress",
        "redirected",
        "redirected-from-bridged",
        "hangup",
        "Leave",
    ],
)
def test_ways_out_that_we_wished_are_no_news(result: str) -> None:
    assert codec.leave_waiting(form(QueueResult=result), ITEM, 1) is None


@pytest.mark.parametrize("result", ["error", "queue-full", "system-error", "swallowed"])
def test_the_carriers_failures_are_news(result: str) -> None:
    assert codec.leave_waiting(form(QueueResult=result), ITEM, 4) == c.LeaveWaiting(ITEM, 4, result)


def test_a_key_while_waiting() -> None:
    assert codec.choose_while_waiting(form(Digits="1"), ITEM) == c.ChooseWhileWaiting(ITEM, "1")


# --- legs ----------------------------------------------------------------------------------------


def test_the_end_of_a_call() -> None:
    assert codec.end_call(form(CallStatus="completed"), ITEM) == c.EndCall(ITEM, "CA1", "completed")
    assert codec.end_call(form(CallStatus="in-progress"), ITEM) is None


def test_a_leg_that_was_picked_up() -> None:
    person, machine = form(AnsweredBy="human"), form(AnsweredBy="machine_start")
    report = c.ReportLeg
    assert codec.picked_up(person, ITEM, "agent", "k") == report(
        ITEM, "agent", "CA1", LegResult.ANSWERED, "k"
    )
    assert codec.picked_up(machine, ITEM, "agent", "k") == report(
        ITEM, "agent", "CA1", LegResult.MACHINE, "k"
    )


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("completed", LegResult.ENDED),
        ("busy", LegResult.BUSY),
        ("no-answer", LegResult.NO_ANSWER),
        ("failed", LegResult.FAILED),
        ("canceled", LegResult.NO_ANSWER),
    ],
)
def test_a_leg_that_ended(written: str, result: LegResult) -> None:
    told = codec.leg_ended(form(CallStatus=written), ITEM, "resident", "k")
    assert told == c.ReportLeg(ITEM, "resident", "CA1", result, "k")


@pytest.mark.parametrize("written", ["initiated", "ringing", "in-progress", "queued", "", "odd"])
def test_a_leg_that_still_lives(written: str) -> None:
    assert codec.leg_ended(form(CallStatus=written), ITEM, "agent", "k") is None


def test_somebody_outside_picks_up() -> None:
    told = codec.outside_answered(form(CallStatus="in-progress"), ITEM, 7)
    assert told == c.ReportLeg(ITEM, "outside", "CA1", LegResult.ANSWERED, "7")
    assert codec.outside_answered(form(CallStatus="completed"), ITEM, 7) is None


def test_a_room_is_noted_until_it_ends() -> None:
    joined = form(ConferenceSid="CF1", StatusCallbackEvent="participant-join")
    ended = form(ConferenceSid="CF1", StatusCallbackEvent="conference-end")
    assert codec.note_room(joined, ITEM) == c.NoteRoom(ITEM, "CF1")
    assert codec.note_room(ended, ITEM) is None
    with pytest.raises(BadWebhook):
        codec.note_room(form(), ITEM)


NAMES = [
    "CallSid",
    "From",
    "To",
    "Caller",
    "Called",
    "CallStatus",
    "Digits",
    "RecordingUrl",
    "RecordingDuration",
    "RecordingSid",
    "DialCallStatus",
    "QueueResult",
    "AnsweredBy",
    "ConferenceSid",
    "StatusCallbackEvent",
    "Direction",
    "CallerName",
    "odd",
]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=300)), max_size=12))
def test_whatever_the_fields_say_there_is_a_command_or_a_refusal(
    pairs: list[tuple[str, str]],
) -> None:
    odd = Form(pairs)
    decoders = (
        lambda: codec.start_call(odd, ITEM, WHO),
        lambda: codec.advance_flow(odd, ITEM, 1, WHO, None),
        lambda: codec.advance_flow(odd, ITEM, 1, WHO, open_to),
        lambda: codec.choose_while_waiting(odd, ITEM),
        lambda: codec.leave_waiting(odd, ITEM, 1),
        lambda: codec.end_call(odd, ITEM),
        lambda: codec.picked_up(odd, ITEM, "agent", "k"),
        lambda: codec.leg_ended(odd, ITEM, "agent", "k"),
        lambda: codec.outside_answered(odd, ITEM, 1),
        lambda: codec.note_room(odd, ITEM),
    )
    for decode in decoders:
        with suppress(BadWebhook):
            decode()
