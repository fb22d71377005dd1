"""Residents who chat: Direct Line over HTTP and WebSocket, each with a log of their own.

What they say is sent again under the same id until it is acknowledged. When the stream breaks they
come back with the watermark of what they have; whatever is told them twice is written down.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

import httpx
import websockets

from tests.end_to_end.process import Daemon

BASE: Final = "/v3/directline"
AGAIN_S: Final = 0.1
LATER: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Told:
    """A stored message as the resident got it."""

    number: int
    text: str
    is_own: bool


class ChatResident:
    """One resident in one conversation; run `listen` as a task."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self.name = name
        self.conversation = ""
        self.said: dict[str, set[str]] = {}  # by id of ours: the ids that were acknowledged for it
        self.shown: dict[str, bytes] = {}  # by id of ours: the photo that was sent
        self.told: list[Told] = []
        self.repeated: list[Told] = []  # came again, or out of order
        self.state = ""  # the last standing
        self._daemon = daemon
        self._token = ""
        self._stream_url = ""
        self._watermark = ""

    @property
    def answers(self) -> int:
        """How many messages of the town have come."""
        return sum(not told.is_own for told in self.told)

    def has_more_than(self, answers: int) -> bool:
        """Say whether more than so many messages of the town have come."""
        return self.answers > answers

    async def come(self) -> None:
        """Open a conversation."""
        about = {"user": {"id": f"dl_{self.name}"}, "locale": "en"}
        opened = await self._ask("POST", "/tokens/generate", json=about)
        self._token, self.conversation = opened["token"], opened["conversationId"]
        self._stream_url = (await self._ask("POST", "/conversations"))["streamUrl"]

    async def say(self, text: str) -> None:
        """Send until acknowledged."""
        cid, activity = self._message(text)
        self.said[cid].add((await self._post(activity))["id"])

    async def show(self, text: str) -> None:
        """Send a photo with a text, until acknowledged."""
        cid, activity = self._message(text)
        body = self.shown[cid] = f"photo of {cid}".encode() * 1000
        parts = {
            "activity": (None, json.dumps(activity).encode()),
            "file": ("photo.jpg", body, "image/jpeg"),
        }
        path = f"/conversations/{self.conversation}/upload"
        self.said[cid].add((await self._ask("POST", path, files=parts))["id"])

    def _message(self, text: str) -> tuple[str, dict[str, Any]]:
        cid = f"{self.name}-{len(self.said)}"
        self.said[cid] = set()
        return cid, {"type": "message", "text": text, "channelData": {"clientActivityID": cid}}

    async def leave(self) -> None:
        """End the chat."""
        await self._post({"type": "event", "name": "townline/end"})

    async def listen(self) -> None:
        """Hear what is told until cancelled; come back after a broken stream."""
        while True:
            try:
                if not self._stream_url:
                    self._stream_url = await self._back()
                url, self._stream_url = self._stream_url, ""
                async with websockets.connect(url, compression=None, proxy=None) as socket:
                    async for frame in socket:
                        self._hear(json.loads(frame or "{}"))
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass
            await asyncio.sleep(AGAIN_S)

    async def catch_up(self) -> None:
        """Ask for what is still missing."""
        path = f"/conversations/{self.conversation}/activities"
        self._hear(await self._ask("GET", f"{path}?watermark={self._watermark}"))

    async def _back(self) -> str:
        self._token = (await self._ask("POST", "/tokens/refresh"))["token"]
        path = f"/conversations/{self.conversation}?watermark={self._watermark}"
        return str((await self._ask("GET", path))["streamUrl"])

    def _hear(self, heard: dict[str, Any]) -> None:
        for activity in heard.get("activities", ()):
            number = activity["id"].rpartition("|")[2]
            if number.isdigit():
                is_own = activity["from"]["role"] == "user"
                told = Told(int(number), activity["text"], is_own)
                is_next = not self.told or told.number > self.told[-1].number
                (self.told if is_next else self.repeated).append(told)
            elif activity.get("name") == "townline/standing":
                self.state = activity["value"]["state"]
        self._watermark = heard.get("watermark", self._watermark)

    async def _post(self, activity: dict[str, Any]) -> Any:
        return await self._ask(
            "POST", f"/conversations/{self.conversation}/activities", json=activity
        )

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask until there is an answer."""
        while True:
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            url = f"{self._daemon.url}{BASE}{path}"
            try:
                answer = await self._daemon.http.request(method, url, headers=headers, **more)
            except httpx.TransportError:
                await asyncio.sleep(AGAIN_S)
                continue
            if answer.status_code in (200, 201):
                return answer.json()
            assert answer.status_code in LATER, f"{method} {path}: {answer.text}"
            await asyncio.sleep(AGAIN_S)
