"""The wires of HTTP, without sockets: to the town, and from it to the carrier."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import httpx
from starlette.types import ASGIApp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from tests.simulation.wires_text import StreamToTown


class DoorToTown(httpx.AsyncBaseTransport):
    """Carries requests to the daemon that lives now; none answers while it is down.

    A request under way when the daemon dies is cut off, as by a process that is killed.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._under_way: dict[asyncio.Task[Any], None] = {}

    def open(self, app: ASGIApp) -> None:
        """Have this application answer from now on."""
        self._app = app

    def cut(self) -> None:
        """The daemon is dead."""
        self._app = None
        for task in list(self._under_way):
            task.cancel()

    def stream(self, url: str, sender: str) -> StreamToTown:
        """Open a WebSocket. Errors: httpx.ConnectError."""
        if self._app is None:
            raise httpx.ConnectError("nobody listens")
        stream = StreamToTown(self._app, url, sender)
        self._under_way[stream.task] = None
        stream.task.add_done_callback(self._under_way.pop)
        return stream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request. Errors: httpx.ConnectError, httpx.ReadError."""
        if self._app is None:
            raise httpx.ConnectError("nobody listens")
        address = (request.headers.get("x-from", "192.0.2.1"), 40000)
        inside = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=address)
        task = asyncio.get_running_loop().create_task(inside.handle_async_request(request))
        self._under_way[task] = None
        task.add_done_callback(self._under_way.pop)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():  # whoever asked waits no longer; the town does not know
                raise
            raise httpx.ReadError("the daemon died") from None


class WireToCarrier(AsyncHttpClient):  # type: ignore[misc]
    """Stands in for the client's own HTTP: the library and the outlet above it are the real ones.

    Keeps the promises of `channels.voice.carrier_client.TimedHttpClient`.
    """

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        super().__init__(logging.getLogger(__name__), True, None)
        self._app = app
        self._timeout_s = timeout_s

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request. Errors: TimeoutError, aiohttp.ClientError."""
        transport = httpx.ASGITransport(self._app)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                httpx.AsyncClient(transport=transport, timeout=None) as http,
            ):
                answer = await http.request(
                    method, url, params=params, data=data, headers=headers, auth=auth
                )
        except httpx.HTTPError as error:
            raise aiohttp.ClientConnectionError(str(error)) from None
        return Response(answer.status_code, answer.text, dict(answer.headers))

    async def close(self) -> None:
        """Hold nothing."""
