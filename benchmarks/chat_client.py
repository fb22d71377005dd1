"""A resident's program that measures: Direct Line 3.0 by bytes made beforehand, and its stream.

Reads of a WebSocket only what servers send here: whole text frames, pings, a close. It runs on the
client's core; what it costs is not counted as the server's.
"""

from __future__ import annotations

import asyncio
import struct
import time
from itertools import count
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec

from benchmarks.wire import BadAnswer, Line, post

BASE: Final = "/v3/directline"
ANSWER_S: Final = 30.0
KEY: Final = "dG93bmxpbmV0b3dubGluZQ=="  # any 16 bytes in base 64
TEXT: Final = (
    "The bin in front of our house has not been emptied for two weeks, and the one of our "
    "neighbours neither. When will somebody come?"
)
_NO_MASK: Final = bytes(4)  # clients mask; with zeros nothing changes
_CLOSE: Final = b"\x88\x82\0\0\0\0\x03\xe8"  # 1000: normal


class ChannelData(msgspec.Struct, frozen=True):
    """What a client hangs on its activity."""

    clientActivityID: str = ""  # as clients write it


class Activity(msgspec.Struct, frozen=True, rename={"channel_data": "channelData"}):
    """What matters of an activity that comes."""

    type: str = ""
    channel_data: ChannelData = ChannelData()


class Frame(msgspec.Struct, frozen=True):
    """What a stream tells at once."""

    activities: list[Activity] = []


class Opened(msgspec.Struct, frozen=True):
    """An answer about a conversation."""

    conversationId: str  # as the service writes it
    token: str
    streamUrl: str = ""


_FRAMES: Final = msgspec.json.Decoder(Frame)
_OPENED: Final = msgspec.json.Decoder(Opened)


class Stream(asyncio.Protocol):
    """One WebSocket; whoever waits for an id is told when it came."""

    def __init__(self, path: str) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.awaited: dict[str, asyncio.Future[float]] = {}
        self._path = path
        self._transport: asyncio.WriteTransport | None = None
        self._seen = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is no subclass
        head = (
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._transport.write(head.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        lost = BadAnswer(f"stream lost: {exc}")
        if not self.opened.done():
            self.opened.set_exception(lost)
        for waits in self.awaited.values():
            if not waits.done():
                waits.set_exception(lost)

    def data_received(self, data: bytes) -> None:
        came = time.perf_counter()
        self._seen += data
        if not self._is_open:
            head, found, rest = self._seen.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(BadAnswer(f"no stream: {head[:100]!r}"))
                return
            self._is_open, self._seen = True, rest
            self.opened.set_result(None)
        while (frame := self._frame()) is not None:
            self._take(*frame, came)

    def _frame(self) -> tuple[int, bytes] | None:
        """Return the kind and the content of the next frame, once it is whole."""
        seen = self._seen
        if len(seen) < 2:
            return None
        length, begins = seen[1], 2
        if length > 125:
            form, begins = ("!H", 4) if length == 126 else ("!Q", 10)
            if len(seen) < begins:
                return None
            (length,) = struct.unpack_from(form, seen, 2)
        if len(seen) < begins + length:
            return None
        self._seen = seen[begins + length :]
        return seen[0] & 15, seen[begins : begins + length]

    def _take(self, kind: int, content: bytes, came: float) -> None:
        if kind == 8:
            raise BadAnswer(f"the server hangs up: {content!r}")
        if kind == 9 and self._transport is not None:
            pong = bytes((0x8A, 0x80 | len(content))) + _NO_MASK + content
            self._transport.write(pong)
        if kind != 1 or not content:
            return
        for activity in _FRAMES.decode(content).activities:
            waits = self.awaited.pop(activity.channel_data.clientActivityID, None)
            if waits is not None and not waits.done():
                waits.set_result(came)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.write(_CLOSE)
            self._transport.close()


class Resident:
    """One chat, written through a connection that others may use before and after."""

    def __init__(self, port: int, line: Line) -> None:
        self._port = port
        self._line = line
        self._numbers = count()
        self._said = ("", b"", b"")  # path, request before and after the number of an activity
        self._token = ""
        self._stream: Stream | None = None

    async def open(self) -> None:
        """Get a token, begin a conversation, open its stream."""
        first = await self._ask(f"{BASE}/tokens/generate", b"")
        self._token = first.token
        opened = await self._ask(f"{BASE}/conversations", b"")
        url = urlsplit(opened.streamUrl)
        loop = asyncio.get_running_loop()
        _, self._stream = await loop.create_connection(
            lambda: Stream(f"{url.path}?{url.query}"), "127.0.0.1", self._port
        )
        await asyncio.wait_for(self._stream.opened, ANSWER_S)
        path = f"{BASE}/conversations/{opened.conversationId}/activities"
        activity = {
            "type": "message",
            "text": TEXT,
            "from": {"id": "dl_resident"},
            "channelData": {"clientActivityID": "00000000"},
        }
        before, after = self._request(path, msgspec.json.encode(activity)).split(b"00000000")
        self._said = (path, before, after)

    async def _ask(self, path: str, body: bytes) -> Opened:
        status, answer = await self._line.ask(self._request(path, body))
        if status not in (200, 201):
            raise BadAnswer(f"{path}: {status}: {answer[:200]!r}")
        return _OPENED.decode(answer)

    def _request(self, path: str, body: bytes) -> bytes:
        headers = (f"Authorization: Bearer {self._token}",) if self._token else ()
        return post(path, body, "application/json", *headers)

    async def say(self) -> float:
        """Say something; return the seconds until the stream told it, answered 200 besides."""
        assert self._stream is not None
        name = f"{next(self._numbers):08}"
        waits = asyncio.get_running_loop().create_future()
        self._stream.awaited[name] = waits
        _, before, after = self._said
        sent = time.perf_counter()
        status, answer = await self._line.ask(before + name.encode() + after)
        if status != 200:
            raise BadAnswer(f"{status}: {answer[:200]!r}")
        came: float = await asyncio.wait_for(waits, ANSWER_S)
        return came - sent

    async def leave(self) -> None:
        """End the chat and hang up."""
        body = msgspec.json.encode({"type": "endOfConversation"})
        status, answer = await self._line.ask(self._request(self._said[0], body))
        if status != 200:
            raise BadAnswer(f"leaving: {status}: {answer[:200]!r}")
        self.hang_up()

    def hang_up(self) -> None:
        """Close the stream; the chat goes on."""
        if self._stream is not None:
            self._stream.close()
