"""One port for everybody: the application under uvicorn, and the practice line's clock header."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from router.errors import SettingsError
from router.runtime.practice import HEADER, NoWayBack, PracticeClock, instant_of
from router.runtime.settings import Http

BACKLOG: Final = 2048
_HEADER: Final = HEADER.encode()  # as ASGI gives it
FINISH_S: Final = 1  # requests under way at the stop get so long

log = structlog.get_logger(__name__)


def listen(http: Http) -> socket.socket:
    """Return the listening socket, so that a port in use is told before anything is opened.

    Raises:
        SettingsError: nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    try:
        return socket.create_server((http.host, http.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {http.host} port {http.port}: {error.strerror or error}; stop what "
            "listens there, or choose another with TOWNLINE_HTTP__PORT and TOWNLINE_HTTP__HOST"
        ) from error


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """Return the application; a mistake of ours is told by a stable code and logged."""
    app = Starlette(
        routes=[*routes, Route("/", _front_door)], exception_handlers={Exception: _our_mistake}
    )
    app.router.redirect_slashes = False  # such a redirect would be built from the Host header
    return app


async def _front_door(_: Request) -> Response:
    """Residents who type the bare address want the forms; relative, so that a prefix survives."""
    return RedirectResponse("forms", status_code=302)


async def _our_mistake(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, code="internal", exc_info=error)
    return JSONResponse({"code": "internal", "message": "a mistake in townline itself"}, 500)


class PracticeTime:
    """Moves the practice clock to the town's local time that a voice webhook asks for."""

    def __init__(self, app: ASGIApp, clock: PracticeClock, zone: str) -> None:
        self._app = app
        self._clock = clock
        self._zone = zone
        self._honoured: set[str] = set()  # a call repeats its wish with every webhook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/voice/"):
            for name, value in scope["headers"]:
                if name == _HEADER:
                    refusal = self._shift(value.decode("latin-1"))
                    if refusal is not None:
                        await refusal(scope, receive, send)
                        return
        await self._app(scope, receive, send)

    def _shift(self, text: str) -> Response | None:
        if text in self._honoured:
            return None
        try:
            self._clock.shift_to(instant_of(text, self._zone), self._zone)
        except ValueError:
            return PlainTextResponse(
                f"{HEADER}: {text!r} is no local time; write 2026-12-26T19:40\n", 400
            )
        except NoWayBack as error:
            log.warning("practice_time_refused", code=error.code, at=text)
            return PlainTextResponse(f"{error.code}: {error}\n", 409)
        self._honoured.add(text)
        log.info("practice_time_moved", at=text)
        return None


class Server(uvicorn.Server):
    """Uvicorn that leaves the signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: the daemon decides when to stop and in which order."""
        yield


def server(app: ASGIApp) -> Server:
    """Return the server; `serve(sockets=[...])` runs until `should_exit` is set."""
    return Server(
        uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=FINISH_S,
        )
    )
