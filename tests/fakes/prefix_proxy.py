"""A reverse proxy as a town may have one: it puts a prefix before the daemon, and can be cut.

As common proxies do unless told otherwise, it asks the daemon under the daemon's own address and
says in `X-Forwarded-Host` how it was asked itself. One request a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

HEAD_BYTES = 64 * 1024


@dataclass
class PrefixProxy:
    """Serves `prefix` on `port`; while it is cut, nothing gets through and nobody is told."""

    target: int
    prefix: str
    port: int = 0
    is_cut: bool = False
    asked: list[str] = field(default_factory=list)  # request lines, as browsers sent them
    _ends: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def cut(self) -> None:
        """Break every connection, and each new one."""
        self.is_cut = True
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        self.is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            line, _, rest = head.decode("latin-1").partition("\r\n")
            self.asked.append(line)
            if not self.is_cut:
                await self._pass_on(line, rest, reader, writer)
        writer.transport.abort() if self.is_cut else writer.close()

    async def _pass_on(
        self, line: str, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, path, version = line.split(" ", 2)
        if not path.startswith(f"{self.prefix}/"):
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return
        ours, theirs = await asyncio.open_connection("127.0.0.1", self.target)
        ends = {writer, theirs}
        self._ends |= ends
        path = path.removeprefix(self.prefix)
        theirs.write(f"{method} {path} {version}\r\n{self._headers(rest)}".encode("latin-1"))
        try:
            async with asyncio.TaskGroup() as tasks:
                there = tasks.create_task(_copy(reader, theirs))
                await _copy(ours, writer)
                there.cancel()
        finally:
            theirs.close()
            self._ends -= ends

    def _headers(self, text: str) -> str:
        lines = []
        for line in text.split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "host":
                lines += [f"Host: 127.0.0.1:{self.target}", f"X-Forwarded-Host:{value}"]
            elif name.lower() == "connection" and "upgrade" not in value.lower():
                lines.append("Connection: close")
            else:
                lines.append(line)
        return "\r\n".join(lines)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while body := await reader.read(HEAD_BYTES):
            writer.write(body)
            await writer.drain()


@asynccontextmanager
async def prefix_proxy(target: int, prefix: str = "/town") -> AsyncIterator[PrefixProxy]:
    """Serve on a free port until left."""
    proxy = PrefixProxy(target, prefix)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
        proxy.cut()
