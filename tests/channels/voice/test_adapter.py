"""A resident's call through the webhooks, on the real engine."""

from __future__ import annotations

import json

import pytest

from channels.voice.urls import RETRIES
from router.core import commands as c
from router.core.model import SECOND, Form, ItemState
from tests.channels.voice.line import CALL, PUBLIC, RESIDENT, TOWN, Line
from tests.channels.voice.steps import (
    callback_booked,
    the_item,
    waiting,
)
from tests.core.town import NIGHT, Desk, rule, town

# --- a call begins -------------------------------------------------------------------------------


async def test_a_call_is_an_item_and_hears_the_flow(line: Line) -> None:
    heard = await line.call()
    item = the_item(line)
    assert heard.response.headers["content-type"].startswith("application/xml")
    assert heard.said()[0] == "In danger? Dial 911"
    assert "1 English, 2 French" in heard.said()
    assert heard.names == ["Gather", "Redirect"]
    assert heard.action() == f"/voice/flow/{item.id}/1"
    assert (item.state, item.call_id, item.called) == (ItemState.IN_FLOW, CALL, TOWN)
    assert json.loads(line.inbox.words[item.contact_ref].body)["number"] == RESIDENT


async def test_a_repeated_call_is_one_item_and_hears_the_same(line: Line) -> None:
    first = await line.call()
    second = await line.call()
    assert first.text == second.text
    assert len(line.inbox.state.items) == 1


async def test_a_repeat_of_the_beginning_hears_where_the_caller_is_now(line: Line) -> None:
    first = await line.call()
    later = await line.call(first.action(), Digits="1")
    assert (await line.call()).text == later.text


async def test_a_repeated_and_a_late_answer_advance_nothing(line: Line) -> None:
    first = await line.call()
    second = await line.call(first.action(), Digits="2")
    again = await line.call(first.action(), Digits="2")
    assert second.text == again.text
    assert second.said() == ["1 roads, 2 tax, 9 urgent (fr)"]
    assert [v.attrib["language"] for v in second.all("Say")] == ["fr-CA"]
    late = await line.call(first.action(), Digits="1")
    assert late.text == second.text


async def test_silence_is_asked_again_by_the_redirect(line: Line) -> None:
    first = await line.call()
    redirect = first.all("Redirect")[0].text or ""
    heard = await line.follow(redirect)
    assert heard.said()[0].startswith("nothing_heard")
    assert "1 English, 2 French" in heard.said()


async def test_nobody_withholding_a_number_is_a_contact(line: Line) -> None:
    await line.call(From="anonymous")
    assert (the_item(line).address_key, line.inbox.words) == ("", {})


async def test_a_document_that_could_not_be_played_is_said() -> None:
    flow = town().flows
    main = next(iter(flow.values()))
    prompt = main.nodes["safety"].prompt
    sounding = type(prompt)(text=prompt.text, audio={"en": "prompts/safety.mp3"})
    node = type(main.nodes["safety"])(
        id="safety", kind="say", place=main.place, prompt=sounding, next="lang"
    )
    changed = type(main)(
        id=main.id,
        start=main.start,
        nodes={**main.nodes, "safety": node},
        safety_node=main.safety_node,
        place=main.place,
    )
    line = Line(Desk(town(flows={main.id: changed})))
    assert [p.text for p in (await line.call()).all("Play")] == [f"{PUBLIC}/prompts/safety.mp3"]
    fallback = await line.call(ErrorCode="11200", ErrorUrl=f"{PUBLIC}/voice/incoming")
    assert fallback.all("Play") == []
    assert fallback.said()[0] == "In danger? Dial 911"


# --- the waiting room ----------------------------------------------------------------------------


async def test_the_caller_waits_in_the_towns_queue(line: Line) -> None:
    heard = await waiting(line)
    item = the_item(line)
    (enqueue,) = heard.verbs
    assert enqueue.text == "testville"
    assert enqueue.attrib == {
        "action": f"{PUBLIC}/voice/left/{item.id}/1{RETRIES}",
        "method": "POST",
        "waitUrl": f"{PUBLIC}/voice/wait/{item.id}/1{RETRIES}",
        "waitUrlMethod": "POST",
    }
    assert item.state is ItemState.QUEUED


async def test_the_wait_is_announced_turn_by_turn(line: Line) -> None:
    await waiting(line)
    item = the_item(line)
    first = await line.call(f"/voice/wait/{item.id}/1", QueueSid="QU1", QueuePosition="7")
    assert first.names == ["Say", "Say", "Pause", "Redirect"]
    assert (await line.call(f"/voice/wait/{item.id}/1")).text == first.text
    assert first.all("Redirect")[0].text == f"{PUBLIC}/voice/wait/{item.id}/2{RETRIES}"


async def test_a_key_while_waiting_books_a_callback_that_may_be_rung(line: Line) -> None:
    item = await callback_booked(line)
    assert item.form is Form.CALLBACK
    assert json.loads(line.inbox.words[item.contact_ref].body)["number"] == "+19055550177"


async def test_a_key_pressed_twice_is_pressed_once(line: Line) -> None:
    await waiting(line)
    item_id = the_item(line).id
    line.inbox.desk.wait(25 * SECOND)
    await line.call(f"/voice/wait/{item_id}/1")
    first = await line.call(f"/voice/key/{item_id}", Digits="1")
    before = len(line.inbox.stored)
    assert (await line.call(f"/voice/key/{item_id}", Digits="1")).text == first.text
    assert len(line.inbox.stored) == before


@pytest.mark.parametrize(
    ("result", "pause"), [("error", "2"), ("queue-full", "10"), ("system-error", "2")]
)
async def test_a_caller_whom_the_carrier_let_out_waits_on(
    line: Line, result: str, pause: str
) -> None:
    await waiting(line)
    item_id = the_item(line).id
    heard = await line.call(f"/voice/left/{item_id}/1", QueueResult=result)
    assert heard.names[0] == "Pause"
    assert heard.names[-1] == "Enqueue"
    assert heard.all("Pause")[0].attrib["length"] == pause
    assert the_item(line).state is ItemState.QUEUED


@pytest.mark.parametrize(
    "path", ["/voice/left/{}/1", "/voice/wait/{}/1", "/voice/key/{}", "/voice/move/{}"]
)
async def test_a_caller_who_hung_up_while_waiting_is_gone(line: Line, path: str) -> None:
    await waiting(line)
    item_id = the_item(line).id
    heard = await line.call(path.format(item_id), CallStatus="completed", QueueResult="hangup")
    assert heard.verbs == []
    assert the_item(line).state is ItemState.ABANDONED


# --- the end of a call ---------------------------------------------------------------------------


async def test_the_status_of_the_towns_number_ends_the_call(line: Line) -> None:
    await waiting(line)
    assert (await line.call("/voice/status", CallStatus="completed")).status == 204
    assert the_item(line).state is ItemState.ABANDONED
    assert (await line.call("/voice/status", CallStatus="completed")).status == 204


async def test_news_of_a_living_call_changes_nothing(line: Line) -> None:
    await waiting(line)
    before = len(line.inbox.stored)
    assert (await line.call("/voice/status", CallStatus="in-progress")).status == 204
    assert len(line.inbox.stored) == before


async def test_the_status_of_a_call_that_is_none_of_ours_is_an_error_of_the_carrier(
    line: Line,
) -> None:
    heard = await line.call("/voice/status", CallStatus="completed")
    assert (heard.status, heard.text) == (404, "unknown-call\n")


async def test_a_key_that_arrives_with_the_hang_up_is_not_followed(line: Line) -> None:
    first = await line.call()
    heard = await line.call(first.action(), Digits="1", CallStatus="completed")
    assert heard.verbs == []
    assert the_item(line).state is ItemState.ABANDONED
    assert line.inbox.of_kind(c.AdvanceFlow) == []


async def test_a_message_is_kept_though_the_caller_hung_up_while_recording() -> None:
    policy = town()
    night = type(policy.fallbacks["night"])(
        id="night", rules=(rule("leave", "voicemail", queue=next(iter(policy.queues))),)
    )
    line = Line(Desk(town(fallbacks={**policy.fallbacks, "night": night}), now=NIGHT))
    heard = await waiting(line)
    assert "Record" in heard.names
    recorded = {
        "RecordingUrl": "https://api.example.com/RE1",
        "RecordingSid": "RE1",
        "RecordingDuration": "9",
    }
    url = heard.action()
    after = await line.call(url, CallStatus="completed", Digits="hangup", **recorded)
    assert after.verbs == []
    item = the_item(line)
    assert item.form is Form.MESSAGE
    assert item.state is ItemState.DEFERRED
    assert json.loads(line.inbox.words[item.words_ref].body)["sid"] == "RE1"
    assert (await line.call("/voice/status", CallStatus="completed")).status == 204
