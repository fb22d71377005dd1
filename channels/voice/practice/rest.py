"""The carrier's REST calls that a switchboard needs, as an application of its own.

What each call does stands in `rest_calls` and `rest_rooms`. Basic authentication with the
account's sid and token; errors carry the carrier's numbers; mishaps come from
`carrier.rest_faults`. Served by `townline line`, or mounted into a test's transport.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import wave
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.voice.practice import rest_calls as calls
from channels.voice.practice import rest_rooms as rooms
from channels.voice.practice.carrier import Carrier
from channels.voice.practice.clock import SECOND
from channels.voice.practice.faults import RestFault
from channels.voice.practice.rest_form import Form, Reply, RestError, Sids, not_found

Action = Callable[[Carrier, Sids, Form, dict[str, str]], Reply]
Endpoint = Callable[[Request], Awaitable[Response]]

ROOT: Final = "/2010-04-01/Accounts/{account}"

ACTIONS: Final[tuple[tuple[str, str, Action], ...]] = (
    ("GET", "/Calls.json", calls.list_calls),
    ("POST", "/Calls.json", calls.create_call),
    ("GET", "/Calls/{call}.json", calls.fetch_call),
    ("POST", "/Calls/{call}.json", calls.update_call),
    ("GET", "/Queues.json", calls.list_queues),
    ("POST", "/Queues.json", calls.create_queue),
    ("GET", "/Queues/{queue}.json", calls.fetch_queue),
    ("POST", "/Queues/{queue}.json", calls.update_queue),
    ("GET", "/Queues/{queue}/Members.json", calls.list_members),
    ("GET", "/Queues/{queue}/Members/{call}.json", calls.fetch_member),
    ("POST", "/Queues/{queue}/Members/{call}.json", calls.update_member),
    ("GET", "/Conferences.json", rooms.list_conferences),
    ("GET", "/Conferences/{conference}.json", rooms.fetch_conference),
    ("POST", "/Conferences/{conference}.json", rooms.update_conference),
    ("GET", "/Conferences/{conference}/Participants.json", rooms.list_participants),
    ("POST", "/Conferences/{conference}/Participants.json", rooms.create_participant),
    ("GET", "/Conferences/{conference}/Participants/{call}.json", rooms.fetch_participant),
    ("POST", "/Conferences/{conference}/Participants/{call}.json", rooms.update_participant),
    ("DELETE", "/Conferences/{conference}/Participants/{call}.json", rooms.delete_participant),
    ("GET", "/Recordings.json", calls.list_recordings),
    ("GET", "/Recordings/{recording}.json", calls.fetch_recording),
    ("DELETE", "/Recordings/{recording}.json", calls.delete_recording),
)


def rest_app(carrier: Carrier) -> Starlette:
    """Return the application that serves the carrier's REST calls."""
    routes = [
        Route(ROOT + path, _endpoint(carrier, action), methods=[method])
        for method, path, action in ACTIONS
    ]
    routes.append(Route(ROOT + "/Recordings/{recording}", _media(carrier), methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_route})


def _endpoint(carrier: Carrier, action: Action) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        fault = carrier.rest_faults.strike(f"{request.method} {request.url.path}")
        if fault is None:
            return await _perform(carrier, action, request)
        refused = fault.hang or fault.status is not None
        if refused and not fault.perform:
            return await _misbehave(carrier, request, fault, Response())
        return await _misbehave(carrier, request, fault, await _perform(carrier, action, request))

    return endpoint


async def _perform(carrier: Carrier, action: Action, request: Request) -> Response:
    try:
        _authenticate(carrier, request)
        fields = (await request.form()).multi_items()
        form = Form(ImmutableMultiDict([(k, v) for k, v in fields if isinstance(v, str)]))
        sids: Sids = {**request.path_params, "path": request.url.path}
        status, body = action(carrier, sids, form, dict(request.query_params))
    except RestError as error:
        return JSONResponse(error.body(), error.status)
    except ValueError as error:
        return JSONResponse(RestError(400, 20001, str(error)).body(), 400)
    return Response(status_code=status) if body is None else JSONResponse(body, status)


async def _misbehave(
    carrier: Carrier, request: Request, fault: RestFault, truth: Response
) -> Response:
    """Answer as the fault has it."""
    if fault.hang:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return Response(status_code=503)  # nobody hears it any more
    if fault.delay_s:
        clock = carrier.exchange.clock
        await clock.sleep_until(clock.now() + round(fault.delay_s * SECOND))
    if fault.status is None:
        return truth
    code = {429: 20429, 500: 20500, 503: 20503}.get(fault.status, fault.status)
    return JSONResponse(RestError(fault.status, code, "failed on purpose").body(), fault.status)


def _media(carrier: Carrier) -> Endpoint:
    async def media(request: Request) -> Response:
        """Serve a recording's sound: silence of the right length."""
        try:
            _authenticate(carrier, request)
            sid = request.path_params["recording"].removesuffix(".wav")
            saved = calls.recording_of(carrier, {"recording": sid})
        except RestError as error:
            return JSONResponse(error.body(), error.status)
        sound = io.BytesIO()
        with wave.open(sound, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(8000)
            writer.writeframes(bytes(2 * 8000 * saved.duration_s))
        return Response(sound.getvalue(), media_type="audio/x-wav")

    return media


def _authenticate(carrier: Carrier, request: Request) -> None:
    subscription = carrier.subscription
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        given = b""
    wanted = f"{subscription.account_sid}:{subscription.auth_token}".encode()
    if scheme.lower() != "basic" or not hmac.compare_digest(given, wanted):
        raise RestError(401, 20003, "Authenticate")
    if request.path_params["account"] != subscription.account_sid:
        raise not_found(f"/Accounts/{request.path_params['account']}")


async def _no_route(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    message = f"The requested resource {request.url.path} was not found"
    return JSONResponse(
        RestError(status, 20404 if status == 404 else 20004, message).body(), status
    )
