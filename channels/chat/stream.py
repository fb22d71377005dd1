"""One WebSocket of one client: what was missed since its watermark, then what is stored, as it is.

Nothing waits in a queue: a room always shows the newest stored state, and the stream works out
what its client lacks when the client is ready for more. A slow client therefore costs no memory and
loses nothing. Frames are activity sets; an empty frame keeps the connection alive.

Source: Direct Line 3.0, "Receive activities from the bot", WebSocket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels.chat import activities as a
from channels.chat.rooms import Room, Rooms
from router.core.model import SECOND, Span
from router.errors import TownlineError
from router.ports import Clock, Words

FindWords = Callable[[list[str]], Awaitable[dict[str, Words]]]  # raises StorageError

PATIENCE_S: Final = 2.0  # for words, and for a close that a slow client holds up
AGAIN: Final[Span] = SECOND  # between two attempts to find words
BEATS_KEPT: Final = 4  # what was sent so many beats ago has surely arrived
RESTART: Final = 1012  # close codes, RFC 6455 and IANA
TOO_MANY: Final = 1013
_KEEP_ALIVE: Final = b""

log = structlog.get_logger(__name__)


class Stream:
    """See the module's text."""

    def __init__(
        self,
        socket: WebSocket,
        room: Room,
        viewer: a.Viewer,
        watermark: int | None,
        find: FindWords,
        clock: Clock,
    ) -> None:
        self._socket = socket
        self._room = room
        self._viewer = viewer
        self._find = find
        self._clock = clock
        self._sent = watermark or 0
        self._is_greeted = watermark is not None
        self._news = -1  # of the standing that the client knows
        self._state = room.standing.state if watermark is not None and room.is_new else None
        self._typing = room.typing
        self._owes_beat = False
        self._beats: deque[int] = deque([watermark or 0], BEATS_KEPT)
        self._is_stuck = False
        self._tasks: asyncio.TaskGroup | None = None
        self._writer: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._code = 0  # with which we close; 0: the client is gone
        self._has_all = False  # the client said goodbye, so it had everything before

    async def serve(self, rooms: Rooms) -> None:
        """Talk until one side has enough; the socket is accepted already."""
        rooms.join(self._room, self)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                reader = tasks.create_task(self._read())
                self.wake()
                try:
                    await self._over.wait()
                finally:  # also when the server gives us up
                    self._over.set()
                    reader.cancel()
                    if self._writer is not None:
                        self._writer.cancel()
        finally:
            self._tasks = None
            rooms.part(self._room, self, None if self._has_all else self._beats[0])
        if self._code:
            await self._close()

    def wake(self) -> None:
        """There may be something to tell."""
        if self._tasks is not None and self._writer is None and not self._over.is_set():
            self._writer = self._tasks.create_task(self._write())

    def beat(self) -> None:
        """Have an empty frame sent; a client that has read nothing since the last beat is cut."""
        if self._writer is not None and self._is_stuck:
            self.end(TOO_MANY)
            return
        self._is_stuck = self._writer is not None
        self._owes_beat = True
        self._beats.append(self._sent)
        self.wake()

    def end(self, code: int) -> None:
        """Close the connection with this code."""
        if not self._over.is_set():
            self._code = code
            self._over.set()

    async def _read(self) -> None:
        """Clients send nothing but empty frames, to see whether the line is alive."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self._has_all = "reason" in message  # of a close frame; a cut line gives none
                self._over.set()
                return

    async def _write(self) -> None:
        try:
            while (frame := await self._next()) is not None:
                await self._send(frame)
                self._is_stuck = False
                if self._is_greeted:
                    self._room.told(self._sent)
        except WebSocketDisconnect:
            self._over.set()
        finally:
            self._writer = None

    async def _send(self, frame: bytes) -> None:
        """Raises WebSocketDisconnect."""
        try:
            await self._socket.send_text(frame.decode())
        except RuntimeError as error:  # it was closed meanwhile
            raise WebSocketDisconnect(1006) from error

    async def _next(self) -> bytes | None:
        """Return the next frame; None when the client has everything."""
        if self._owes_beat:
            self._owes_beat = False
            return _KEEP_ALIVE
        room = self._room
        page = a.page_after(room.row, self._sent)
        if page.messages or not self._is_greeted:
            return await self._told(page)
        self._sent = page.last
        found = self._standing()
        if room.typing != self._typing:
            self._typing = room.typing
            now = self._clock.now()
            found.append(a.of_typing(self._viewer, room.typing_name, room.typing, now))
        return a.activity_set(found, self._sent) if found else None

    async def _told(self, page: a.Page) -> bytes:
        words = await self._words([message.ref for message in page.messages if message.ref])
        told = [] if self._is_greeted else a.greetings(self._viewer, self._room.standing)
        told += [a.of_message(self._viewer, message, words) for message in page.messages]
        self._is_greeted = True
        self._sent = page.last
        return a.activity_set(told, page.last)

    def _standing(self) -> list[a.Activity]:
        room = self._room
        if room.news == self._news:
            return []
        self._news = room.news
        now = self._clock.now()
        found = [a.of_standing(self._viewer, room.standing, room.news, now)]
        if self._viewer.grant.plain and room.standing.state is not self._state:
            sentence = a.of_standing_in_words(self._viewer, room.standing, room.since, now)
            found += [sentence] if sentence is not None else []
        self._state = room.standing.state
        return found

    async def _words(self, refs: list[str]) -> dict[str, Words]:
        """Find them however long it takes: a message is never told without its text."""
        while refs:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return await self._find(refs)
            except (TownlineError, TimeoutError) as error:
                log.warning("chat_words_not_found", count=len(refs), why=type(error).__name__)
            await self._clock.sleep_until(self._clock.now() + AGAIN)
        return {}

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._socket.close(self._code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("chat_stream_not_closed_in_time", code=self._code)
