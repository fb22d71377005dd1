"""Text frames in and out of one connection, with the limits on what a client may send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from router.desk.desk import (
    GONE,
    HELLO_LATE,
    MALFORMED,
    NOT_SIGNED_IN,
    TOO_LARGE,
    Goodbye,
)
from router.desk.message_types import ClientMessage
from router.desk.messages import MESSAGE_BYTES_MAX, Refused, encode, id_in
from router.errors import TownlineError

HELLO_S: Final = 5.0  # a connection whose first message has not come by then is closed
STRIKES_MAX: Final = 3  # messages that nobody understands
CLOSE_S: Final = 2.0  # for a close that a slow client holds up

M = TypeVar("M", bound=ClientMessage)
F = TypeVar("F", bound=ClientMessage)
A = TypeVar("A")

log = structlog.get_logger(__name__)


class Ended(Exception):
    """The connection is over."""

    def __init__(self, goodbye: Goodbye) -> None:
        super().__init__(goodbye.reason)
        self.goodbye = goodbye


class Talk(Generic[M]):
    """See the module's text; `decode` raises `msgspec.DecodeError`."""

    def __init__(self, socket: WebSocket, decode: Callable[[str], M]) -> None:
        self._socket = socket
        self._decode = decode
        self._strikes = 0

    async def begin(self, kind: type[F], admit: Callable[[F], Awaitable[A]]) -> tuple[F, A] | None:
        """Return the first message and whom it admits; None: nobody, and the connection is closed.

        `admit` says who it is or raises why they may not. Errors: `WebSocketDisconnect`.
        """
        try:
            async with asyncio.timeout(HELLO_S):
                said = await self._first(kind)
                try:
                    return said, await admit(said)
                except TownlineError as error:
                    await self.refuse(said.id, error)
                    raise Ended(NOT_SIGNED_IN) from error
        except TimeoutError:
            await self.close(HELLO_LATE)
        except Ended as end:
            await self.close(end.goodbye)
        return None

    async def _first(self, kind: type[F]) -> F:
        while True:
            try:
                said = await self.next()
            except WebSocketDisconnect:
                raise Ended(GONE) from None
            if isinstance(said, kind):
                return said
            if not isinstance(said, Refused):
                tag = kind.__struct_config__.tag
                said = self._strike(said.id, "not-signed-in", f"say {tag} first")
            await self.send(encode(said))

    async def next(self) -> M | Refused:
        """Return the next message, or the refusal of one that is none.

        Errors: `Ended` at the third strike or when a message is too large; `WebSocketDisconnect`.
        """
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1006))
        text = message.get("text")
        if text is None:
            return self._strike("", "malformed", "send text frames, not binary ones")
        if len(text) > MESSAGE_BYTES_MAX or len(text.encode()) > MESSAGE_BYTES_MAX:
            raise Ended(TOO_LARGE)
        try:
            return self._decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            return self._strike(id_in(text), "malformed", f"not a desk message: {error}")

    def _strike(self, message_id: str, code: str, message: str) -> Refused:
        self._strikes += 1
        if self._strikes >= STRIKES_MAX:
            raise Ended(MALFORMED)
        return Refused(id=message_id, code=code, message=message)

    async def send(self, text: str) -> None:
        """Send once the client reads. Errors: `WebSocketDisconnect`."""
        await self._socket.send_text(text)

    async def refuse(self, message_id: str, error: TownlineError) -> None:
        """Send a refusal, if the client still listens."""
        refused = Refused(id=message_id, code=error.code, message=str(error))
        try:
            await self.send(encode(refused))
        except WebSocketDisconnect:
            log.debug("desk_gone_before_refusal", code=error.code)

    async def close(self, goodbye: Goodbye) -> None:
        """Close; a client that does not read is dropped."""
        if goodbye is GONE:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(goodbye.code, goodbye.reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("desk_not_closed_in_time", why=goodbye.reason)
