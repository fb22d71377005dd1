"""A town made of scripted pages: path -> TwiML, or a function from the form to TwiML.

Every request must carry a signature that the carrier's own validator accepts; what came is kept.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from twilio.request_validator import RequestValidator

from channels.voice.practice.carrier import Carrier, Subscription
from channels.voice.practice.clock import SECOND, VirtualClock
from channels.voice.practice.exchange import Pace

Form = ImmutableMultiDict[str, str]
Page = str | Response | Callable[[Form], "str | Response"]

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "practice-token"
PUBLIC = "https://town.example.org"
CALLER, HALL, ANN, BEN = "+19055550199", "+19055550100", "+19055550101", "+19055550102"


def twiml(body: str) -> Response:
    return Response(f"<Response>{body}</Response>", media_type="text/xml")


class Town:
    def __init__(self, **pages: Page) -> None:
        self.pages = pages
        self.public: str | None = PUBLIC  # None: whatever address the request names
        self.got: list[tuple[str, Form]] = []
        self.headers: list[dict[str, str]] = []
        self.app: ASGIApp = Starlette(
            routes=[Route("/{page:path}", self._answer, methods=["GET", "POST"])]
        )

    def forms(self, page: str) -> list[Form]:
        return [form for path, form in self.got if path == page]

    async def _answer(self, request: Request) -> Response:
        page = request.path_params["page"]
        fields = [(k, str(v)) for k, v in (await request.form()).multi_items()]
        form: Form = ImmutableMultiDict(fields)
        public = self.public or f"{request.url.scheme}://{request.url.netloc}"
        url = public + request.url.path
        if request.url.query:
            url += "?" + request.url.query
        signature = request.headers["X-Twilio-Signature"]
        if not RequestValidator(TOKEN).validate(url, form, signature):
            return Response("bad signature", 403)
        if request.method == "GET":
            form = ImmutableMultiDict(request.query_params.multi_items())
        self.got.append((page, form))
        self.headers.append(dict(request.headers))
        answer = self.pages.get(page, "")
        if callable(answer) and not isinstance(answer, Response):
            answer = answer(form)
        return answer if isinstance(answer, Response) else twiml(answer)


class Line:
    """A carrier on virtual time, connected to a town."""

    def __init__(self, carrier: Carrier, clock: VirtualClock, town: Town) -> None:
        self.carrier = carrier
        self.clock = clock
        self.town = town
        self.started_at = clock.now()

    @property
    def seconds(self) -> float:
        return (self.clock.now() - self.started_at) / SECOND


@asynccontextmanager
async def line_to(town: Town, *, pace: Pace | None = None) -> AsyncIterator[Line]:
    clock = VirtualClock()
    subscription = Subscription(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        voice_url=f"{PUBLIC}/voice",
        fallback_url=f"{PUBLIC}/fallback" if "fallback" in town.pages else "",
        status_url=f"{PUBLIC}/status",
        rest_url="http://127.0.0.1:9",
    )
    transport = httpx.ASGITransport(town.app)
    async with httpx.AsyncClient(transport=transport, timeout=None) as http:
        async with Carrier(subscription, http=http, clock=clock, pace=pace) as carrier:
            yield Line(carrier, clock, town)


class Quiet(uvicorn.Server):
    """A server that leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve the application on a free port; the address is what the block gets."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        server = Quiet(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[sock]))
            try:
                yield f"http://127.0.0.1:{sock.getsockname()[1]}"
            finally:
                server.should_exit = True


def shared(name: str) -> Path:
    repository = Path(__file__).resolve().parents[3]
    return Path(os.environ.get("TOWNLINE_SHARED", repository / ".." / "shared")) / name
