"""The wires of mail and of the chat's stream, without sockets: they are cut with the daemon.

Each stands in for what would hold a socket and keeps its promises; the intake, the outlet and the
stream above are the real ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp, Message

from channels.mail.intake import Answer, Envelope, Intake, hand_over
from channels.mail.smtp_in import SmtpDoorSettings
from channels.mail.smtp_out import SmtpSenderSettings
from router.errors import ChannelError
from tests.simulation.post import PostOffice

PEER: Final = "198.51.100.1"


class Slot:
    """Where the world's mail servers find the door of the daemon that lives now."""

    def __init__(self) -> None:
        self._door: MailDoor | None = None
        self._under_way: dict[asyncio.Task[Answer], None] = {}

    def open(self, door: MailDoor) -> None:
        """Have this door take mail from now on."""
        self._door = door

    def cut(self) -> None:
        """The daemon is dead; whoever was handing over hears nothing."""
        self._door = None
        for task in list(self._under_way):
            task.cancel()

    async def deliver(self, raw: bytes, mail_from: str, to: str) -> Answer | None:
        """Hand a mail over; None when nobody has said anything."""
        if self._door is None:
            return None
        task = asyncio.get_running_loop().create_task(self._door.take(raw, mail_from, to))
        self._under_way[task] = None
        task.add_done_callback(self._under_way.pop)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            return None


class MailDoor:
    """Stands in for `channels.mail.smtp_in.SmtpDoor`."""

    port: Final = 25

    def __init__(
        self, slot: Slot, intake: Intake, is_ours: Callable[[str], bool], settings: SmtpDoorSettings
    ) -> None:
        self._slot, self._intake, self._is_ours, self._settings = slot, intake, is_ours, settings

    async def start(self) -> None:
        """Listen."""
        self._slot.open(self)

    async def take(self, raw: bytes, mail_from: str, to: str) -> Answer:
        """Take one mail."""
        if not self._is_ours(to):
            return Answer.REFUSED
        envelope = Envelope(mail_from, (to,), self._settings.mailbox, PEER)
        return await hand_over(self._intake, raw, envelope, limit_s=self._settings.store_s)


class WireToPost:
    """Stands in for `channels.mail.smtp_out.SmtpSender`."""

    def __init__(self, post: PostOffice, settings: SmtpSenderSettings) -> None:
        self._post = post
        self._settings = settings

    async def send(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> None:
        """Send one mail. Errors: `ChannelError`."""
        try:
            async with asyncio.timeout(self._settings.effect_s):
                await self._post.take(raw, mail_from, rcpt_to[0])
        except TimeoutError:
            raise ChannelError("no answer", retryable=True, reason="timeout") from None


class StreamToTown:
    """A WebSocket of one client, from its opening to its end on either side."""

    def __init__(self, app: ASGIApp, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._said: asyncio.Queue[Message | None] = asyncio.Queue()  # by the town; None: it is over
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._heard.put_nowait({"type": "websocket.connect"})
        scope: dict[str, Any] = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": parts.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(b"host", parts.netloc.encode())],
            "client": (sender, 40000),
            "server": (parts.netloc, 443),
            "subprotocols": [],
        }
        self.task: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            app(scope, self._heard.get, self._said.put)  # type: ignore[arg-type]
        )
        self.task.add_done_callback(lambda _: self._said.put_nowait(None))

    async def frames(self) -> AsyncIterator[str]:
        """Yield what the town says until it is over. Errors: httpx.ConnectError: not opened."""
        is_open = False
        while (message := await self._said.get()) is not None:
            match message["type"]:
                case "websocket.accept":
                    is_open = True
                case "websocket.send":
                    yield message["text"]
                case "websocket.close" if not is_open:
                    raise httpx.ConnectError("the stream was refused")
                case "websocket.close":
                    return
        if not self.task.cancelled():
            self.task.result()

    def hang_up(self, *, says_so: bool) -> None:
        """End it from the client's side, with a close frame or without."""
        end = {"type": "websocket.disconnect", "code": 1001 if says_so else 1006}
        self._heard.put_nowait({**end, "reason": ""} if says_so else end)
