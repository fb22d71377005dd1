"""Serving the carrier's REST calls on a port of this machine, beside a phone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from channels.voice.practice.carrier import Carrier
from channels.voice.practice.rest import rest_app
from router.errors import SettingsError


@contextmanager
def listening(port: int | None) -> Iterator[socket.socket | None]:
    """Take a port of 127.0.0.1, 0 for any; None takes none.

    Errors: `SettingsError` when it is taken.
    """
    if port is None:
        yield None
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"the practice line cannot listen on 127.0.0.1 port {port}: "
                f"{error.strerror or error}; stop what listens there, or choose another port with "
                "TOWNLINE_PRACTICE_LINE_PORT, for the daemon and for this command"
            ) from error
        sock.listen()  # whoever connects before the server runs waits instead of being refused
        yield sock


class _Server(uvicorn.Server):
    """A server that leaves Ctrl-C to the phone, which first hangs up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(carrier: Carrier, sock: socket.socket | None) -> AsyncIterator[None]:
    """Serve the carrier's REST calls for as long as the block lasts."""
    if sock is None:
        yield
        return
    config = uvicorn.Config(
        rest_app(carrier), log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[sock]))
        try:
            yield
        finally:
            server.should_exit = True


def address(sock: socket.socket | None) -> str:
    """Return the web address of the port."""
    if sock is None:
        return "http://127.0.0.1"
    port: int = sock.getsockname()[1]
    return f"http://127.0.0.1:{port}"
