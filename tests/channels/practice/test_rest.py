"""The REST calls, made by the carrier's own client libraries and judged by its own description."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from functools import partial
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from channels.voice.practice.faults import RestFault
from channels.voice.practice.handset import Behaviour, Handset, hangs_up_after, presses, says
from channels.voice.practice.rest import ACTIONS, rest_app
from channels.voice.practice.webhooks import Inline
from tests.channels.practice.office import NEWS, office
from tests.channels.practice.town import (
    ACCOUNT,
    ANN,
    CALLER,
    HALL,
    PUBLIC,
    TOKEN,
    Town,
    line_to,
)
from tests.channels.practice.twilio_spec import SPEC

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the carrier's description is not here")


async def test_ringing_an_agent_who_presses_one() -> None:
    town = Town(agent='<Gather numDigits="1" action="/ok"><Say>press 1</Say></Gather>', ok="")
    async with office(town) as desk:
        desk.line.carrier.register(ANN, Handset(script=presses("1")))
        made = await desk.do(
            lambda: desk.client.calls.create(
                to=ANN,
                from_=HALL,
                url=f"{PUBLIC}/agent",
                status_callback=f"{PUBLIC}/leg",
                status_callback_event=NEWS,
                timeout=20,
                machine_detection="Enable",
            )
        )
        assert made.status in ("queued", "ringing")
        call = desk.line.carrier.exchange.calls[made.sid]
        await desk.line.clock.run_until(lambda: call.over)
        await desk.line.clock.settle()
        shown = await desk.do(lambda: desk.client.calls(made.sid).fetch())
        assert (shown.status, shown.direction, shown.to) == ("completed", "outbound-api", ANN)
        assert shown.duration == str(call.duration_s)
        listed = await desk.do(lambda: desk.client.calls.list(to=ANN, limit=5))
        assert [one.sid for one in listed] == [made.sid]
    statuses = ["initiated", "ringing", "in-progress", "completed"]
    assert [form["CallStatus"] for form in town.forms("leg")] == statuses
    form = town.forms("agent")[0]
    assert (form["AnsweredBy"], form["CallStatus"]) == ("human", "in-progress")
    assert town.forms("ok")[0]["Digits"] == "1"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (Behaviour.BUSY, "busy"),
        (Behaviour.REJECTS, "busy"),
        (Behaviour.FAILS, "failed"),
        (Behaviour.NO_ANSWER, "no-answer"),
    ],
)
async def test_a_leg_nobody_takes(behaviour: Behaviour, status: str) -> None:
    town = Town()
    async with line_to(town) as line:
        line.carrier.register(ANN, Handset(behaviour))
        app = rest_app(line.carrier)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), auth=(ACCOUNT, TOKEN), base_url="http://rest.test"
        ) as http:
            form = {
                "To": ANN,
                "From": HALL,
                "Url": f"{PUBLIC}/agent",
                "Timeout": "20",
                "StatusCallback": f"{PUBLIC}/leg",
            }
            path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
            made = (await http.post(f"{path}.json", data=form)).json()
            await line.clock.advance(30)
            shown = (await http.get(f"{path}/{made['sid']}.json")).json()
    assert shown["status"] == status
    assert [form["CallStatus"] for form in town.forms("leg")] == [status]
    assert town.forms("agent") == []


@pytest.mark.parametrize("mode", ["Enable", "DetectMessageEnd"])
@pytest.mark.parametrize("asynchronous", [True, False])
async def test_an_answering_machine_is_found_out(mode: str, asynchronous: bool) -> None:
    found = {"Enable": "machine_start", "DetectMessageEnd": "machine_end_beep"}[mode]
    town = Town(agent="<Pause length='30'/>")
    async with office(town) as desk:
        desk.line.carrier.register(ANN, Handset(Behaviour.MACHINE))
        made = await desk.do(
            lambda: desk.client.calls.create(
                to=ANN,
                from_=HALL,
                url=f"{PUBLIC}/agent",
                machine_detection=mode,
                async_amd=str(asynchronous).lower(),
                async_amd_status_callback=f"{PUBLIC}/amd",
            )
        )
        await desk.line.clock.advance(20)
        shown = await desk.do(lambda: desk.client.calls(made.sid).fetch())
        assert shown.answered_by == found
    told = town.forms("amd" if asynchronous else "agent")[0]
    assert told["AnsweredBy"] == found
    assert ("AnsweredBy" in town.forms("agent")[0]) != asynchronous


async def test_changing_a_call() -> None:
    town = Town(
        voice="<Say>x</Say><Pause length='600'/>", other="<Say>other</Say><Pause length='600'/>"
    )
    async with office(town) as desk:
        calls = desk.client.calls
        call = desk.line.carrier.call_in(CALLER, HALL)
        await desk.line.clock.advance(1)
        await desk.do(lambda: calls(call.sid).update(url=f"{PUBLIC}/other", method="POST"))
        await desk.line.clock.advance(1)
        twiml = "<Response><Say>inline</Say><Pause length='600'/></Response>"
        await desk.do(lambda: calls(call.sid).update(twiml=twiml))
        await desk.line.clock.advance(1)
        assert desk.line.carrier.ledger.heard(call.sid) == ["x", "other", "inline"]
        refused = await desk.refused(lambda: calls(call.sid).update(status="canceled"))
        assert refused == (400, 21220)  # only a call that still rings can be taken back
        ended = await desk.do(lambda: calls(call.sid).update(status="completed"))
        assert ended.status == "completed"
        for change in ({"url": f"{PUBLIC}/other"}, {"twiml": twiml}, {"status": "completed"}):
            update = partial(calls(call.sid).update, **change)
            assert await desk.refused(update) == (400, 21220)
        unknown = "CA" + "f" * 32
        assert await desk.refused(lambda: calls(unknown).fetch()) == (404, 20404)
        assert await desk.refused(lambda: calls(unknown).update(status="completed")) == (404, 20404)


async def test_taking_a_ringing_leg_back() -> None:
    async with office(Town()) as desk:
        made = await desk.do(
            lambda: desk.client.calls.create(to=ANN, from_=HALL, url=f"{PUBLIC}/agent")
        )
        await desk.line.clock.advance(1)
        change = {"url": f"{PUBLIC}/other"}
        refused = await desk.refused(lambda: desk.client.calls(made.sid).update(**change))
        assert refused == (400, 21220)  # not answered yet
        taken = await desk.do(lambda: desk.client.calls(made.sid).update(status="canceled"))
        assert taken.status == "canceled"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"To": ""}, 21201),
        ({"To": "town hall"}, 21211),
        ({"From": ""}, 21213),
        ({"From": "12"}, 21212),
        ({"Url": ""}, 21205),
        ({"Url": "ftp://x.test"}, 21205),
        ({"Timeout": "long"}, 20001),
        ({"Method": "FETCH"}, 20001),
        ({"MachineDetection": "Guess"}, 20001),
        ({"StatusCallback": "http://x.test", "StatusCallbackEvent": "sneezed"}, 21626),
    ],
)
async def test_a_wrong_call_is_refused_with_the_carriers_number(
    wrong: dict[str, str], code: int
) -> None:
    async with line_to(Town()) as line:
        transport = httpx.ASGITransport(rest_app(line.carrier))
        async with httpx.AsyncClient(transport=transport, auth=(ACCOUNT, TOKEN)) as http:
            form = {"To": ANN, "From": HALL, "Url": f"{PUBLIC}/agent"} | wrong
            url = f"http://rest.test/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
            answer = await http.post(url, data=form)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert line.carrier.exchange.calls == {}


async def test_who_may_call() -> None:
    async with office(Town()) as desk:
        for client in (desk.signed_in("wrong"), desk.signed_in(TOKEN, "AC" + "f" * 32)):
            refused = await desk.refused(client.calls("CA" + "f" * 32).fetch)
            assert refused == (401, 20003)
        async with httpx.AsyncClient() as http:
            url = f"{desk.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json"
            bad: list[dict[str, str]] = [{}, {"Authorization": "Basic !"}, {"Authorization": "x"}]
            pair = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
            bad.append({"Authorization": f"Bearer {pair}"})
            for headers in bad:
                assert (await http.get(url, headers=headers)).status_code == 401
            lost = await http.get(f"{desk.url}/2010-04-01/Nothing.json")
            assert (lost.status_code, lost.json()["code"]) == (404, 20404)
            wrong = await http.put(url)
            assert (wrong.status_code, wrong.json()["code"]) == (405, 20004)
            other = url.replace(ACCOUNT, "AC" + "f" * 32)
            foreign = await http.get(other, auth=(ACCOUNT, TOKEN))
            assert (foreign.status_code, foreign.json()["code"]) == (404, 20404)


async def test_queues_and_those_who_wait() -> None:
    town = Town(
        voice='<Enqueue waitUrl="/wait" action="/left">town</Enqueue>',
        wait="<Pause length='60'/>",
        join="<Say>joined</Say>",
    )
    async with office(town) as desk:
        queues = desk.client.queues
        made = await desk.do(lambda: queues.create(friendly_name="town", max_size=5))
        assert await desk.refused(lambda: queues.create(friendly_name="town")) == (400, 22003)
        call = desk.line.carrier.call_in(CALLER, HALL)
        await desk.line.clock.advance(4)
        (listed,) = await desk.do(lambda: queues.list(limit=5))
        assert (listed.friendly_name, listed.current_size, listed.max_size) == ("town", 1, 5)
        (member,) = await desk.do(lambda: queues(made.sid).members.list(limit=5))
        assert (member.call_sid, member.position, member.wait_time) == (call.sid, 1, 4)
        front = await desk.do(lambda: queues(made.sid).members("Front").fetch())
        assert front.call_sid == call.sid
        join = f"{PUBLIC}/join"
        await desk.do(lambda: queues(made.sid).members(call.sid).update(url=join, method="POST"))
        await desk.line.clock.run_until(lambda: call.over)
        assert desk.line.carrier.ledger.heard(call.sid) == ["joined"]
        gone = await desk.refused(lambda: queues(made.sid).members(call.sid).update(url=join))
        assert gone == (404, 20404)  # the caller has left: whoever asked must be told
        assert await desk.refused(lambda: queues("QU" + "f" * 32).fetch()) == (404, 20404)
        changed = await desk.do(lambda: queues(made.sid).update(max_size=7))
        assert (changed.max_size, changed.friendly_name) == (7, "town")
        shown = await desk.do(lambda: queues(made.sid).fetch())
        assert shown.average_wait_time == 4
    assert town.forms("left")[0]["QueueResult"] == "redirected"


async def test_recordings_can_be_fetched_heard_and_forgotten() -> None:
    town = Town(voice="<Record action='/saved'/>", saved="<Hangup/>")
    async with office(town) as desk:
        call = desk.line.carrier.call_out(HALL, ANN, _inline("<Record action='http://x.test/'/>"))
        desk.line.carrier.register(ANN, Handset())
        call.script = says("hello", seconds=3)
        await desk.line.clock.run_until(lambda: call.over)
        recordings = desk.client.recordings
        (saved,) = await desk.do(lambda: recordings.list(call_sid=call.sid, limit=3))
        assert (saved.duration, saved.source) == ("3", "RecordVerb")
        fetched = await desk.do(lambda: recordings(saved.sid).fetch())
        assert fetched.status == "completed"
        async with httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as http:
            path = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{saved.sid}"
            for end in ("", ".wav"):
                sound = await http.get(desk.url + path + end)
                assert sound.content[:4] == b"RIFF"
                assert len(sound.content) == 44 + 3 * 16_000
            desk.judge.mistakes.clear()  # the sound itself is not in the description
            assert await desk.do(lambda: recordings(saved.sid).delete())
            assert (await http.get(desk.url + path)).status_code == 404
        assert await desk.refused(lambda: recordings(saved.sid).fetch()) == (404, 20404)


def _inline(body: str) -> Inline:
    return Inline(f"<Response>{body}</Response>")


async def test_odd_requests_get_an_error_not_a_crash() -> None:
    async with line_to(Town()) as line:
        transport = httpx.ASGITransport(rest_app(line.carrier))
        root = f"http://rest.test/2010-04-01/Accounts/{ACCOUNT}"
        queue = line.carrier.exchange.new_queue("q")
        room = line.carrier.exchange.new_conference("r")
        async with httpx.AsyncClient(transport=transport, auth=(ACCOUNT, TOKEN)) as http:
            cases = [
                await http.get(f"{root}/Queues.json?PageSize=many"),
                await http.post(f"{root}/Queues.json", data={"FriendlyName": ""}),
                await http.post(f"{root}/Queues/{queue.sid}.json", data={"MaxSize": "-1"}),
                await http.post(f"{root}/Queues/{queue.sid}/Members/Front.json"),
                await http.post(f"{root}/Conferences/{room.sid}.json", data={"Status": "paused"}),
            ]
            assert [case.status_code for case in cases] == [400] * 5
            room.end("conference-ended-via-api")
            late = {"To": ANN, "From": HALL}
            gone = await http.post(f"{root}/Conferences/{room.sid}/Participants.json", data=late)
            assert gone.status_code == 404


async def test_long_lists_come_in_pages() -> None:
    async with office(Town()) as desk:
        for number in range(7):
            desk.line.carrier.exchange.new_queue(f"q{number}")
        queues = await desk.do(lambda: desk.client.queues.list(page_size=3))
        assert [queue.friendly_name for queue in queues] == [f"q{n}" for n in range(7)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_asynchronous_client() -> None:
    async with office(Town()) as desk:
        desk.line.carrier.register(ANN, Handset(script=hangs_up_after(5)))
        http = AsyncTwilioHttpClient()
        async with http.session:
            client: Any = Client(ACCOUNT, TOKEN, http_client=http)
            client.api.base_url = desk.url
            made = await client.calls.create_async(
                to=ANN, from_=HALL, twiml="<Response><Pause length='60'/></Response>"
            )
            await desk.line.clock.advance(20)
            shown = await client.calls(made.sid).fetch_async()
            assert shown.status == "completed"
            with pytest.raises(TwilioRestException) as caught:
                await client.calls(made.sid).update_async(status="completed")
            assert caught.value.code == 21220


async def test_mishaps_on_purpose() -> None:
    async with office(Town()) as desk:
        faults = desk.line.carrier.rest_faults

        def ring() -> Any:
            return desk.client.calls.create(to=ANN, from_=HALL, url=f"{PUBLIC}/agent")

        faults.add(RestFault(match="POST /2010-04-01", status=429))
        assert await desk.refused(ring) == (429, 20429)
        faults.add(RestFault(match="/Calls.json", status=500))
        assert await desk.refused(ring) == (500, 20500)
        assert desk.line.carrier.exchange.calls == {}
        faults.add(RestFault(match="/Calls.json", status=500, perform=True))
        assert await desk.refused(ring) == (500, 20500)
        assert len(desk.line.carrier.exchange.calls) == 1  # done, though the caller was told no
        assert (await desk.do(ring)).sid  # all mishaps are used up
        faults.add(RestFault(match="Calls", delay_s=5))
        slow = asyncio.ensure_future(asyncio.to_thread(ring))
        await asyncio.sleep(0.05)
        assert not slow.done()
        await desk.line.clock.advance(5)
        assert (await slow).sid
        faults.add(RestFault(match="Calls", hang=True))
        async with httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as http:
            url = f"{desk.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
            with pytest.raises(httpx.ReadTimeout):
                await http.get(url, timeout=0.05)


def test_every_call_of_ours_is_in_the_carriers_description() -> None:
    paths = json.loads(SPEC.read_bytes())["paths"]
    known = {
        (method.upper(), _shape(path))
        for path, operations in paths.items()
        for method in operations
    }
    prefix = "/2010-04-01/Accounts/{account}"
    assert {(method, _shape(prefix + path)) for method, path, _ in ACTIONS} <= known


def _shape(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)
