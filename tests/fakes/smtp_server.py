"""A mail server that does what a test wants done wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Taken:
    """What came in, and how to answer: the reply by command; "" hangs up, None says nothing."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.is_tls: list[bool] = []
        self.replies: dict[str, str | None] = {}
        self.port = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._reply(server, "MAIL")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self._reply(server, f"RCPT {address}" if address in self._named() else "RCPT")
        if reply[:1] == "2":
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = await self._reply(server, "DATA")
        if reply[:1] == "2":
            self.mails.append(envelope)
            self.is_tls.append(session.ssl is not None)
        return reply

    def _named(self) -> set[str]:
        return {name.partition(" ")[2] for name in self.replies}

    async def _reply(self, server: SMTP, command: str) -> str:
        reply = self.replies.get(command, "250 OK")
        if reply is None:
            await asyncio.Event().wait()
        if reply == "":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            await asyncio.Event().wait()
        assert reply
        return reply

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return await self._reply(server, "QUIT")


class WithoutEsmtp(SMTP):
    """Knows nothing but HELO and what was there in 1982."""

    async def smtp_EHLO(self, hostname: str) -> None:
        await self.push("502 what?")


def only_known(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    known = LoginPassword(b"town", "pässword".encode())
    return AuthResult(success=data == known, handled=False)


@asynccontextmanager
async def smtp_server(
    tls: ssl.SSLContext | None = None, kind: type[SMTP] = SMTP, **wishes: Any
) -> AsyncIterator[Taken]:
    taken = Taken()

    def receive() -> SMTP:
        loop = asyncio.get_running_loop()
        return kind(taken, hostname="mail.town.test", tls_context=tls, loop=loop, **wishes)

    server = await asyncio.get_running_loop().create_server(receive, "127.0.0.1", 0)
    taken.port = server.sockets[0].getsockname()[1]
    try:
        yield taken
    finally:
        server.close()
        await asyncio.sleep(0)
