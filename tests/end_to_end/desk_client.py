"""An agent at a desk: the `/desk` WebSocket over a real connection, with a ledger of its own.

The desk is driven by what it shows: whenever a message comes it looks at the offer and the items
in hand and does the next thing. After a broken connection it starts again from the welcome.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

import httpx
import websockets

from tests.end_to_end.process import Daemon

PASSWORD: Final = "practice"
AGAIN_S: Final = 0.1
BEAT_S: Final = 3.0
ANSWER_S: Final = 10.0


@dataclass(frozen=True)
class Click:
    """Something the agent did, and what the daemon said: "ok", a code, or "" for nothing."""

    what: str
    target: str
    answer: str


@dataclass(kw_only=True)
class Habits:
    """What an agent does without being told."""

    accepts: bool = True
    talks_s: float | None = 0.2  # how long a call is handled; None: until told to finish
    closes: bool = True
    code: str = "answered"


class AgentDesk:
    """One agent; `run` it as a task."""

    def __init__(self, daemon: Daemon, name: str, habits: Habits | None = None) -> None:
        self.name = name
        self.habits = habits or Habits()
        self.clicks: list[Click] = []
        self.notices: list[str] = []
        self.offer: dict[str, Any] | None = None
        self.items: dict[str, dict[str, Any]] = {}
        self.closed_with: list[int] = []  # codes of ended connections
        self.is_connected = False
        self._daemon = daemon
        self._token = ""
        self._status = ""
        self._socket: websockets.ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._asked = 0
        self._news = asyncio.Event()
        self._tried: set[tuple[str, str]] = set()
        self._talking: dict[str, float] = {}  # since when, by item

    # --- the connection --------------------------------------------------------------------------

    async def run(self) -> None:
        """Be at the desk until cancelled."""
        while True:
            try:
                await self._attend()
            except (OSError, TimeoutError, httpx.TransportError, websockets.WebSocketException):
                await asyncio.sleep(AGAIN_S)

    async def _attend(self) -> None:
        if not self._token:
            self._token = await self._session()
        address = self._daemon.url.replace("http", "ws", 1) + "/desk"
        async with websockets.connect(address, compression=None, proxy=None) as socket:
            self._socket = socket
            await socket.send(json.dumps({"type": "hello", "id": "hello", "token": self._token}))
            async with asyncio.TaskGroup() as tasks:
                own = [tasks.create_task(self._beat()), tasks.create_task(self._work())]
                try:
                    async for text in socket:
                        self._heard(json.loads(text))
                except websockets.ConnectionClosed:
                    pass
                finally:
                    self._cut(socket.close_code)
                    for task in own:
                        task.cancel()
        await asyncio.sleep(AGAIN_S)

    async def _session(self) -> str:
        body = {"name": self.name, "password": PASSWORD}
        answer = await self._daemon.http.post(f"{self._daemon.url}/api/v1/sessions", json=body)
        if answer.status_code != 201:
            raise OSError(f"{answer.status_code}: {answer.text}")
        return str(answer.json()["token"])

    def _cut(self, code: int | None) -> None:
        self.is_connected = False
        self._socket = None
        self.closed_with.append(code or 0)
        if code == 4003:
            self._token = ""
        for future in self._answers.values():
            if not future.done():
                future.set_result("")
        self._answers.clear()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self.click("beat")

    def _heard(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ok" | "refused" if message["id"] in self._answers:
                code = "ok" if message["type"] == "ok" else message["code"]
                future = self._answers.pop(message["id"])
                if not future.done():
                    future.set_result(code)
            case "welcome":
                self.is_connected = True
                self.offer = message["offer"]
                self.items = {item["item"]: item for item in message["items"]}
                self._status = message["agent"]["status"]
                self._tried.clear()
            case "offer":
                self.offer = message["offer"]
            case "offer_ended":
                if self.offer is not None and self.offer["offer"] == message["offer"]:
                    self.offer = None
            case "item":
                item = message["item"]
                if message["yours"]:
                    self.items[item["item"]] = item
                else:
                    self.items.pop(item["item"], None)
            case "agent":
                self._status = message["agent"]["status"]
            case "notice":
                self.notices.append(message["notice"])
        self._news.set()

    # --- what the agent does ---------------------------------------------------------------------

    async def click(self, what: str, target: str = "", **fields: Any) -> str:
        """Ask for something; return "ok", the code of the refusal, or "" when nobody answered."""
        socket = self._socket
        answer = ""
        if socket is not None:
            self._asked += 1
            name = f"{self.name}-{self._asked}"
            future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._answers[name] = future
            try:
                await socket.send(json.dumps({"type": what, "id": name, **fields}))
                async with asyncio.timeout(ANSWER_S):
                    answer = await future
            except (websockets.ConnectionClosed, TimeoutError):
                answer = ""
            finally:
                self._answers.pop(name, None)
        if what != "beat":
            self.clicks.append(Click(what, target, answer))
        return answer

    def acknowledged(self, what: str) -> list[str]:
        """Return the targets for which this was done and stored."""
        return [each.target for each in self.clicks if each.what == what and each.answer == "ok"]

    async def _work(self) -> None:
        while True:
            self._news.clear()
            try:
                async with asyncio.timeout(AGAIN_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            if self.is_connected:
                await self._next_thing()

    async def _next_thing(self) -> None:
        if self._status != "available":
            await self.click("status", "available", status="available")
            return
        offer = self.offer
        if self.habits.accepts and offer is not None and self._is_new("accept", offer["offer"]):
            await self.click("seen", offer["offer"], offer=offer["offer"])
            await self.click("accept", offer["offer"], offer=offer["offer"])
        for item in list(self.items.values()):
            await self._handle(item)

    async def _handle(self, item: dict[str, Any]) -> None:
        name, state, habits = item["item"], item["state"], self.habits
        now = asyncio.get_running_loop().time()
        if state == "handling" and item["form"] in ("call", "callback"):
            connected = [leg["of"] for leg in item["legs"] if leg["state"] == "connected"]
            if len(connected) < 2 or habits.talks_s is None:
                return
            since = self._talking.setdefault(name, now)
            if now - since >= habits.talks_s and self._is_new("finish", name):
                await self.click("finish", name, item=name)
        elif habits.closes and state in ("handling", "wrap_up") and self._is_new("close", name):
            await self.click("close", name, item=name, code=habits.code)

    def _is_new(self, what: str, target: str) -> bool:
        """Say so once per connection: what was refused is not asked again and again."""
        if (what, target) in self._tried:
            return False
        self._tried.add((what, target))
        return True
