"""Mail as the contract suite meets it: its arrivals come by SMTP, told in the words of HTTP."""

from __future__ import annotations

from typing import Final

import aiosmtplib
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from channels.mail.adapter import MailChannel, MailSettings
from router.core.commands_text import PastThread
from router.errors import TownlineError
from router.ports import Inbox, Words
from router.runtime.clock import VirtualClock
from router.runtime.ids import SeededIds
from tests.contract.channel_cases import NAME, Case, Sent
from tests.core.town import OPEN
from tests.fakes.memory_texts import MemoryBlobs

PATH: Final = "/smtp"
US: Final = "info@town.test"
SIZE_MAX: Final = 50_000
AS_HTTP: Final = {250: 200, 451: 503, 552: 413}  # everything else is the sender's mistake


class MailBehindHttp(MailChannel):
    """Delivers what is posted through the SMTP door of a twin on the same inbox."""

    def __init__(self, inbox: Inbox, seed: int) -> None:
        self._of = inbox
        self._seed = seed
        settings = MailSettings(
            secret=b"secret", smtp_host="127.0.0.1", smtp_port=0, size_bytes_max=SIZE_MAX
        )
        super().__init__(
            inbox, SeededIds(seed), VirtualClock(OPEN), MemoryBlobs(), settings, no_words, no_past
        )

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._deliver, methods=["POST"])]

    async def _deliver(self, request: Request) -> Response:
        raw, to = await request.body(), request.headers.get("x-to", US)
        self._seed += 100
        twin = MailBehindHttp(self._of, self._seed)
        try:
            await twin.start()
        except TownlineError as error:
            return Response(error.code, 503)
        try:
            code, text = await _by_smtp(twin.smtp_port, raw, to)
        finally:
            await twin.stop()
        return Response(text, AS_HTTP.get(code, 400))


async def _by_smtp(port: int, raw: bytes, to: str) -> tuple[int, str]:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False) as client:
        try:
            _, text = await client.sendmail("robin@home.test", [to], raw)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return error.recipients[0].code, "refused"
        except aiosmtplib.SMTPResponseException as error:
            return error.code, error.message
    return 250, text


async def no_words(_: list[str]) -> dict[str, Words]:
    return {}


async def no_past(_: tuple[str, ...], __: tuple[str, ...]) -> PastThread | None:
    return None


def letter(n: int, filling: str = "") -> Sent:
    head = f"From: {NAME} <robin@home.test>\r\nTo: {US}\r\nMessage-ID: <{n}@home.test>\r\n"
    return Sent(PATH, f"{head}Subject: A hole\r\n\r\nA deep hole {n}\r\n{filling}".encode())


MAIL = Case(
    id="mail",
    make=MailBehindHttp,
    arrival=letter,
    is_acknowledged=lambda r: r.is_success,
    answer=lambda r: r.text,
    words=(NAME, "deep hole", "robin@home.test"),
    bad=(
        Sent(PATH, letter(1).content, {"x-to": "somebody@elsewhere.test"}),
        Sent(PATH, letter(1).content, {"x-to": "nobody@town.test"}),
    ),
    forged=(),
    oversized=letter(1, "x" * 70 + "\r\n" * 60_000),
)
