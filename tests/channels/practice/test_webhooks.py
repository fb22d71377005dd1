"""Signatures, retries, time limits, the fallback, and mishaps on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from xml.sax.saxutils import escape

import httpx
import pytest
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from twilio.request_validator import RequestValidator

from channels.voice.practice.clock import SECOND, VirtualClock
from channels.voice.practice.exchange import Pace
from channels.voice.practice.faults import WebhookFault
from channels.voice.practice.ledger import Ledger, Sent
from channels.voice.practice.overrides import Overrides, overrides_of
from channels.voice.practice.player import APOLOGY
from channels.voice.practice.webhooks import Fetch, Params, Purpose, WebhookFailed, Webhooks
from tests.channels.practice.town import CALLER, HALL, PUBLIC, TOKEN, Town, line_to, twiml


def webhooks(
    handler: Callable[[httpx.Request], httpx.Response],
    reach: tuple[str, str] | None = None,
) -> tuple[Webhooks, Ledger, httpx.AsyncClient]:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    ledger = Ledger()
    clock = VirtualClock()
    return Webhooks(http, clock, ledger, auth_token=TOKEN, reach=reach), ledger, http


@pytest.mark.parametrize(
    "params",
    [
        (),
        (("Digits", ""), ("msg", "Gather End")),
        (("Tag", "b"), ("Tag", "a"), ("Tag", "b")),  # sent twice
        (("SpeechResult", "où est la mairie ? & 100 % = ✓"),),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("url", [f"{PUBLIC}/voice", f"{PUBLIC}:8443/voice?n=1&m=a%20b"])
async def test_the_carriers_own_validator_accepts_the_signature(
    params: Params, method: str, url: str
) -> None:
    seen: list[bool] = []

    def handler(request: httpx.Request) -> httpx.Response:
        form = ImmutableMultiDict(httpx.QueryParams(request.content.decode()).multi_items())
        signature = request.headers["X-Twilio-Signature"]
        seen.append(RequestValidator(TOKEN).validate(str(request.url), form, signature))
        seen.append(not RequestValidator("other").validate(str(request.url), form, signature))
        return httpx.Response(200)

    hooks, _, http = webhooks(handler)
    async with http:
        await hooks.ask("CA1", params, Fetch(url, Purpose.VOICE, method=method))
    assert seen == [True, True]


async def test_the_signature_covers_the_public_address_not_the_one_connected_to() -> None:
    seen: list[tuple[str, bool]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        valid = RequestValidator(TOKEN).validate(
            f"{PUBLIC}/voice", {}, request.headers["X-Twilio-Signature"]
        )
        seen.append((str(request.url), valid))
        return httpx.Response(200)

    hooks, _, http = webhooks(handler, reach=(PUBLIC, "http://127.0.0.1:8400"))
    async with http:
        await hooks.ask("CA1", (), Fetch(f"{PUBLIC}/voice", Purpose.VOICE))
    assert seen == [("http://127.0.0.1:8400/voice", True)]


async def test_a_refused_connection_is_tried_once_more_with_the_same_token() -> None:
    tokens: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        if len(tokens) == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)

    hooks, ledger, http = webhooks(handler)
    clock = hooks._clock
    assert isinstance(clock, VirtualClock)
    async with http, asyncio.TaskGroup() as group:
        group.create_task(hooks.ask("CA1", (), Fetch(f"{PUBLIC}/voice", Purpose.VOICE)))
        await clock.advance(2)
    assert len(tokens) == 2
    assert len(set(tokens)) == 1
    assert [entry.acknowledged for entry in ledger.sent()] == [False, True]


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("", Overrides()),
        ("rc=3&rp=ct,5xx&rt=8000&tt=9000", Overrides(3, frozenset({"ct", "5xx"}), 8, 9)),
        ("rc=5&rp=all", Overrides(5, frozenset({"ct", "rt", "4xx", "5xx"}))),
        ("rc=6&rt=1&rp=never", Overrides(1, frozenset())),
        ("top", Overrides()),
    ],
)
def test_an_address_may_ask_for_more_patience(fragment: str, said: Overrides) -> None:
    assert overrides_of(f"{PUBLIC}/voice#{fragment}") == said


@pytest.mark.parametrize(("fragment", "attempts"), [("", 1), ("rc=2&rp=5xx", 3), ("rc=2", 1)])
async def test_a_server_error_is_retried_when_the_address_asks(
    fragment: str, attempts: int
) -> None:
    redirect = f"<Redirect>/more#{escape(fragment)}</Redirect>"
    town = Town(voice=redirect, more=Response(status_code=503))
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        tokens = {sent.token for sent in line.carrier.ledger.sent("redirect")}
    assert len(town.forms("more")) == attempts
    assert len(tokens) == 1


async def test_something_that_is_no_web_address_is_refused() -> None:
    hooks, _, http = webhooks(lambda request: httpx.Response(200))
    async with http:
        with pytest.raises(WebhookFailed) as caught:
            await hooks.ask("CA1", (), Fetch("file:///etc/passwd", Purpose.VOICE))
    assert caught.value.code == 11100


@pytest.mark.parametrize("status", [500, 503, 404, 302])
async def test_a_failing_page_is_an_application_error_and_the_end(status: int) -> None:
    town = Town(voice=Response(status_code=status))
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == [APOLOGY]
        assert [t.code for t in line.carrier.ledger.troubles(call.sid)] == [11200]
    assert call.status == "completed"


@pytest.mark.parametrize("page", [Response(status_code=500), "<broken", "<Pay/>", "<Leave/>"])
async def test_the_fallback_is_asked_instead(page: str | Response) -> None:
    town = Town(voice=page, fallback="<Say>still here</Say><Redirect>/next</Redirect>", next="")
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["still here"]
    form = town.forms("fallback")[0]
    assert form["ErrorUrl"] == f"{PUBLIC}/voice"
    assert form["ErrorCode"] in ("11200", "12100", "12200", "0")


async def test_a_failing_fallback_is_the_end() -> None:
    town = Town(voice=Response(status_code=500), fallback=Response(status_code=500))
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == [APOLOGY]
    assert len(town.forms("fallback")) == 1


async def test_no_answer_in_fifteen_seconds_is_a_failure() -> None:
    town = Town(fallback="<Say>better late</Say>")
    pages = town.app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/voice":
            await asyncio.Event().wait()
        await pages(scope, receive, send)

    town.app = app
    async with line_to(town, pace=Pace(say_s_per_character=0)) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.seconds == 15
        assert line.carrier.ledger.heard(call.sid) == ["better late"]
    assert "15 s" in line.carrier.ledger.sent("voice")[0].error


async def test_a_repeated_webhook_is_the_same_request_and_its_last_answer_counts() -> None:
    answers = iter(["<Say>first</Say>", "<Say>second</Say>", "<Say>third</Say>"])
    town = Town(voice=lambda form: next(answers))
    async with line_to(town) as line:
        line.carrier.webhook_faults.add(WebhookFault(match="voice", repeat=2))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == ["third"]
    first, second, third = town.forms("voice")
    assert first == second == third
    tokens = {headers["i-twilio-idempotency-token"] for headers in town.headers[:3]}
    assert len(tokens) == 1


async def test_copies_may_be_under_way_together() -> None:
    inside: list[int] = []
    together: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        inside.append(1)
        await asyncio.sleep(0)
        together.append(len(inside))
        await twiml("")(scope, receive, send)
        inside.pop()

    town = Town()
    town.app = app
    async with line_to(town) as line:
        line.carrier.webhook_faults.add(WebhookFault(match="voice", repeat=1, together=True))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
    assert max(together) == 2


async def test_a_held_back_callback_is_overtaken_and_a_dropped_one_never_comes() -> None:
    news = 'statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed"'
    town = Town(voice=f"<Dial timeout='5'><Number {news}>+19055550101</Number></Dial>")
    async with line_to(town) as line:
        line.carrier.webhook_faults.add(
            WebhookFault(match="/leg", delay_s=9), WebhookFault(match="/leg", drop=True)
        )
        line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(20)
        lost = [s for s in line.carrier.ledger.sent("status") if s.status is None]
        assert [(s.param("CallStatus"), s.error) for s in lost] == [
            ("ringing", "dropped on purpose")
        ]
    assert [f["SequenceNumber"] for f in town.forms("leg")] == ["2", "0"]


async def test_a_dropped_document_is_a_failure() -> None:
    town = Town(voice="<Say>x</Say>")
    async with line_to(town) as line:
        line.carrier.webhook_faults.add(WebhookFault(match="voice", drop=True))
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        assert line.carrier.ledger.heard(call.sid) == [APOLOGY]
        assert line.carrier.ledger.troubles(call.sid)[0].code == 11205


async def test_the_ledger_says_what_the_town_acknowledged() -> None:
    town = Town(voice="<Redirect>/more</Redirect>", more=Response(status_code=500))
    async with line_to(town) as line:
        call = line.carrier.call_in(CALLER, HALL)
        await line.clock.run_until(lambda: call.over)
        await line.clock.settle()
        acknowledged = line.carrier.ledger.acknowledged()[call.sid]
        assert [sent.purpose for sent in acknowledged] == ["voice", "status"]
        first = line.carrier.ledger.sent(call_sid=call.sid)[0]
        assert isinstance(first, Sent)
        assert (first.status, first.param("From"), first.param("None")) == (200, CALLER, "")
        assert "Redirect" in first.body


async def test_leaving_hangs_up_and_tells_the_town() -> None:
    town = Town(voice="<Say>x</Say><Pause length='600'/>")
    async with line_to(town) as line:
        line.carrier.call_in(CALLER, HALL)
        await line.clock.advance(10)
    assert town.forms("status")[0]["CallStatus"] == "completed"


async def test_a_closed_carrier_says_so() -> None:
    town = Town(voice="")
    async with line_to(town) as line:
        pass
    with pytest.raises(RuntimeError):
        line.carrier.call_in(CALLER, HALL)


async def test_the_clock_steps_from_sleeper_to_sleeper() -> None:
    clock = VirtualClock(start=0)
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, instant: int) -> None:
        await clock.sleep_until(instant * SECOND)
        woken.append((name, clock.now() // SECOND))

    async with asyncio.TaskGroup() as group:
        for name, instant in (("c", 30), ("a", 10), ("b", 20), ("past", -1)):
            group.create_task(sleeper(name, instant))
        await clock.advance(25)
        assert woken == [("past", 0), ("a", 10), ("b", 20)]
        assert clock.now() == 25 * SECOND
        await clock.run_until(lambda: len(woken) == 4)
        assert clock.now() == 30 * SECOND
    with pytest.raises(TimeoutError, match="nothing is waiting"):
        await clock.run_until(lambda: False)
