"""A wire to a real server that can be cut at any command and at any octet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    BEFORE = "before"  # the n-th line of the client never reaches the server
    AFTER = "after"  # the server obeys the n-th line, and its answer is lost
    OCTET = "octet"  # n octets of the server reach the client


@dataclass
class CuttingProxy:
    """Cuts the first connection as asked, later ones never."""

    target: int
    where: Where | None = None
    number: int = 0
    port: int = 0
    connections: int = 0
    lines: int = 0  # of the client, on the first connection
    octets: int = 0  # of the server, on the first connection
    was_cut: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        is_first = self.connections == 1
        ours, theirs = await asyncio.open_connection("127.0.0.1", self.target)
        ends = (writer, theirs)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._there(reader, theirs, is_first, ends))
                tasks.create_task(self._back(ours, writer, is_first, ends))
        finally:
            for end in ends:
                end.close()

    async def _there(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_first: bool,
        ends: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        while line := await _read(reader.readline()):
            self.lines += is_first
            if is_first and self.where is Where.BEFORE and self.lines == self.number:
                return self._cut(ends)
            writer.write(line)
        writer.close()

    async def _back(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_first: bool,
        ends: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        while octets := await _read(reader.read(65_536)):
            if is_first and self.where is Where.AFTER and self.lines >= self.number:
                return self._cut(ends)
            left = self.number - self.octets
            self.octets += len(octets) * is_first
            if is_first and self.where is Where.OCTET and len(octets) >= left:
                writer.write(octets[:left])
                return self._cut(ends)
            writer.write(octets)
        writer.close()

    def _cut(self, ends: tuple[asyncio.StreamWriter, ...]) -> None:
        self.was_cut = True
        for end in ends:
            end.close()


async def _read(reading: asyncio.Future[bytes] | object) -> bytes:
    try:
        return await reading  # type: ignore[misc, no-any-return]
    except OSError:
        return b""


@asynccontextmanager
async def cutting_proxy(
    target: int, where: Where | None = None, number: int = 0
) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(target, where, number)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
