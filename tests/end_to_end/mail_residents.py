"""Residents who write mail, and the mail server of the world: SMTP over real connections.

A mail is given to the town again, octet by octet as it was, until the town says that it is stored,
as mail servers do. What the town sends comes to the world, which keeps every copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.policy import default
from typing import Final

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.end_to_end.process import Daemon
from tests.fakes.mail_servers import Mailbox

TOWN_ADDRESS: Final = "info@willowmere.example.org"
DATE: Final = "Tue, 24 Nov 2026 10:00:00 -0500"
AGAIN_S: Final = 0.1
ANSWER_S: Final = 30.0


@dataclass
class Letter:
    """A mail to the town."""

    message_id: str
    sender: str
    raw: bytes
    first: Letter | None  # of the same correspondence; None: this is it
    rule: str  # of the shipped town, that it meets; "" none
    sent: int = 0  # begun to be handed over
    is_taken: bool = False  # the town has said 250


@dataclass(frozen=True)
class Delivered:
    """A copy of a mail of the town."""

    message_id: str
    to: str
    raw: bytes

    @property
    def text(self) -> str:
        """What it says, quotations included."""
        body = parsed(self.raw).get_body(("plain",))
        return str(body.get_content()) if body is not None else ""


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


class World:
    """The mail server of everybody whom the town writes to; takes everything."""

    def __init__(self) -> None:
        self.copies: list[Delivered] = []
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.content
        assert isinstance(raw, bytes)
        message_id = str(parsed(raw)["Message-ID"])
        self.copies.append(Delivered(message_id, envelope.rcpt_tos[0], raw))
        return "250 OK"

    def to(self, address: str) -> list[Delivered]:
        """Return what came for somebody."""
        return [copy for copy in self.copies if copy.to == address]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    made, loop = World(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(made, hostname="mail.example.com", loop=loop), "127.0.0.1", 0
    )
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


class Letters:
    """Everything that residents have written by mail."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.all: list[Letter] = []

    async def send(
        self,
        sender: str,
        subject: str,
        text: str,
        *,
        answers: Delivered | None = None,
        first: Letter | None = None,
        to: str = TOWN_ADDRESS,
        rule: str = "",
        through: Mailbox | None = None,
    ) -> Letter:
        """Send until it is taken; `answers` is the town's mail that is replied to.

        `through`: a mailbox from which the town fetches, instead of the town's own port.
        """
        mail = EmailMessage()
        message_id = f"<letter-{len(self.all)}@example.com>"
        mail["Message-ID"] = message_id
        mail["Date"], mail["From"], mail["To"], mail["Subject"] = DATE, sender, to, subject
        if answers is not None:
            mail["In-Reply-To"] = mail["References"] = answers.message_id
        mail.set_content(text)
        letter = Letter(message_id, sender, mail.as_bytes(policy=WIRE), first, rule)
        self.all.append(letter)
        if through is not None:
            letter.sent += 1
            await asyncio.to_thread(through.deliver, letter.raw)
            letter.is_taken = True
        while not letter.is_taken:
            letter.is_taken = await self._offer(letter, to)
            if not letter.is_taken:
                await asyncio.sleep(AGAIN_S)
        return letter

    async def _offer(self, letter: Letter, to: str) -> bool:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1",
            port=self._daemon.smtp_port,
            start_tls=False,
            local_hostname="mail.example.com",
            timeout=ANSWER_S,
        )
        code = 250
        try:
            await client.connect()
            letter.sent += 1
            await client.sendmail(letter.sender, [to], letter.raw)
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = error.recipients[0].code
        except aiosmtplib.SMTPResponseException as error:
            code = error.code
        except (aiosmtplib.SMTPException, OSError):
            code = 0
        finally:
            client.close()
        assert code < 500, f"{letter.message_id} was refused with {code}"
        return code == 250
