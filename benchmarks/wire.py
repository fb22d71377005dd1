"""The smallest HTTP client that measures: bytes made beforehand go out, whole answers come back.

One request at a time per connection, kept alive. It runs under uvloop on a core of its own, so
that what it costs is not counted as the server's.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Final, cast

LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
SERVER_CORE: Final = 0
CLIENT_CORE: Final = 1


class BadAnswer(Exception):
    """The server said something else than was expected, so the figures would mean nothing."""


class Line(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._waits: asyncio.Future[tuple[int, bytes]] | None = None
        self._seen = b""
        self._head = 0
        self._whole = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_exception(BadAnswer(f"connection lost: {exc}"))

    def data_received(self, data: bytes) -> None:
        self._seen = self._seen + data if self._seen else data
        if not self._whole:
            head = self._seen.find(b"\r\n\r\n")
            if head < 0:
                return
            length = LENGTH.search(self._seen, 0, head)
            self._head = head + 4
            self._whole = self._head + (int(length[1]) if length is not None else 0)
        if len(self._seen) >= self._whole and self._waits is not None:
            answer = (int(self._seen[9:12]), self._seen[self._head : self._whole])
            self._seen, self._whole = b"", 0
            self._waits.set_result(answer)

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send the request; return status and body of the answer."""
        if self._transport is None:
            raise BadAnswer("not connected")
        self._waits = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waits

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass
class Lines:
    """Connections to one server, handed out and taken back."""

    port: int
    free: list[Line] = field(default_factory=list)
    _sources: count[int] = field(default_factory=lambda: count(2))

    async def take(self) -> Line:
        """Return an idle connection, or a new one from its own loopback address."""
        if self.free:
            return self.free.pop()
        source = next(self._sources)
        local = (f"127.0.{source // 250}.{source % 250 + 1}", 0)
        _, line = await asyncio.get_running_loop().create_connection(
            Line, "127.0.0.1", self.port, local_addr=local
        )
        return line

    def close(self) -> None:
        for line in self.free:
            line.close()
        self.free.clear()


def post(path: str, body: bytes, kind: str, *headers: str) -> bytes:
    """Return a request as bytes."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def stay_on(core: int) -> None:
    """Keep this process on one core, where there are several."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def percentile(values: list[float], share: float) -> float:
    """Return the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: list[float]) -> float:
    """Return the middle value."""
    return percentile(values, 0.5)
