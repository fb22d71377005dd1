"""Says exactly what a test wants said to an SMTP server, octet by octet."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE_S = 10.0


class Talk:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> list[str]:
        """Return one reply, all its lines; [] when the server has hung up."""
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            while not lines or lines[-1][3:4] == "-":
                line = await self.reader.readline()
                if not line:
                    break
                lines.append(line.decode().rstrip("\r\n"))
        return lines

    def write(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def say(self, line: str | bytes) -> str:
        """Send a line, return the (last line of the) reply."""
        octets = line if isinstance(line, bytes) else line.encode()
        self.write(octets + b"\r\n")
        return ((await self.hear()) or [""])[-1]

    async def begin(self, to: str = "info@town.example", sender: str = "ann@home.example") -> None:
        """Say everything before the content of a mail."""
        assert (await self.say("EHLO client.example"))[:3] == "250"
        await self.envelope(to, sender)

    async def envelope(
        self, to: str = "info@town.example", sender: str = "ann@home.example"
    ) -> None:
        assert (await self.say(f"MAIL FROM:<{sender}>"))[:3] == "250"
        assert (await self.say(f"RCPT TO:<{to}>"))[:3] == "250"
        assert (await self.say("DATA"))[:3] == "354"

    async def deliver(self, content: bytes) -> str:
        """Send content as it stands (dots are the caller's business), return the reply."""
        self.write(content + b".\r\n")
        return ((await self.hear()) or [""])[-1]

    async def secure(self, certificate: Path) -> None:
        """Begin TLS once the server is ready for it."""
        context = ssl.create_default_context(cafile=str(certificate))
        await self.writer.start_tls(context, server_hostname="localhost")


@asynccontextmanager
async def talking(port: int) -> AsyncIterator[Talk]:
    """Connect, without hearing the greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def greeted(port: int) -> AsyncIterator[Talk]:
    """Connect and hear the greeting."""
    async with talking(port) as talk:
        assert (await talk.hear())[0][:4] == "220 "
        yield talk
