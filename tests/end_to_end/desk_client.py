"""An agent at a desk: the `/desk` WebSocket over a real connection, with a ledger of its own.

The desk is driven by what it shows: whenever a message comes it looks at the offer and the items
in hand and does the next thing. After a broken connection it starts again from the welcome.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from dataclasses import dataclass
from typing import Any, Final

import httpx
import websockets

from tests.end_to_end.process import Daemon

PASSWORD: Final = "practice"
AGAIN_S: Final = 0.1
BEAT_S: Final = 3.0
ANSWER_S: Final = 30.0
THEN: Final = ("stay", "wait", "close")  # what follows an answer, by its key


@dataclass(frozen=True)
class Click:
    """Something the agent did, and what the daemon said: "ok", a code, or "" for nothing."""

    what: str
    target: str
    answer: str


@dataclass
class Reply:
    """An answer to a resident; sent again under its key until it is clear what became of it."""

    item: str
    key: str
    text: str
    then: str
    answer: str = ""  # "ok", a code, or "" while nobody has answered


@dataclass(kw_only=True)
class Habits:
    """What an agent does without being told."""

    accepts: bool = True
    talks_s: float | None = 0.2  # how long a call is handled; None: until told to finish
    gives_back_s: float | None = None  # after so long without a talk; None: waits for it
    closes: bool = True
    answers: bool = False  # mails and chats, before closing them
    lingers_s: float = 0.3  # with a mail or chat after the answer
    code: str = "answered"


class AgentDesk:
    """One agent; `run` it as a task."""

    def __init__(self, daemon: Daemon, name: str, habits: Habits | None = None) -> None:
        self.name = name
        self.habits = habits or Habits()
        self.clicks: list[Click] = []
        self.replies: dict[str, Reply] = {}  # by key
        self.notices: list[str] = []
        self.offer: dict[str, Any] | None = None
        self.items: dict[str, dict[str, Any]] = {}
        self.closed_with: list[int] = []  # codes of ended connections
        self.is_connected = False
        self._daemon = daemon
        self._token = ""
        self._client = secrets.token_hex(8)
        self._attempt = 0
        self._status = ""
        self._socket: websockets.ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._asked = 0
        self._news = asyncio.Event()
        self._tried: set[tuple[str, str]] = set()
        self._since: dict[tuple[str, str], float] = {}  # by item: talking, or not yet

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
            self._attempt += 1
            hello = {"token": self._token, "client": self._client, "attempt": self._attempt}
            await socket.send(json.dumps({"type": "hello", "id": "hello", **hello}))
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
                    self._let_go(item["item"])
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

    async def reply(self, item: str, key: str, text: str, then: str = "stay") -> str:
        """Answer the resident; a repeat of the key asks for the same again."""
        reply = self.replies.setdefault(key, Reply(item, key, text, then))
        code = self.habits.code if reply.then == "close" else ""
        reply.answer = await self.click(
            "reply", key, item=item, key=key, text=reply.text, then=reply.then, code=code
        )
        return reply.answer

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
        for reply in list(self.replies.values()):
            if not reply.answer and self._is_new("reply", reply.key):
                await self.reply(reply.item, reply.key, reply.text)
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
            what, after_s = "finish", habits.talks_s
            if len(connected) < 2:
                what, after_s = "return", habits.gives_back_s
            since = self._since.setdefault((what, name), now)
            if after_s is not None and now - since >= after_s and self._is_new(what, name):
                reason = {"reason": "my telephone is silent"} if what == "return" else {}
                await self.click(what, name, item=name, **reason)
        elif habits.answers and item["form"] in ("mail", "chat"):
            await self._correspond(item, now)
        elif habits.closes and state in ("handling", "wrap_up") and self._is_new("close", name):
            await self.click("close", name, item=name, code=habits.code)

    async def _correspond(self, item: dict[str, Any], now: float) -> None:
        """Answer what the resident wrote last; close when nothing comes for a while."""
        name, text = item["item"], item["text"]
        last = max((m["number"] for m in text["messages"] if m["by"] == "resident"), default=0)
        key = f"{name}-{last}"
        is_owed = text["unanswered_since"] is not None and not text["resident_left"]
        if item["state"] == "handling" and is_owed and self._is_new("reply", key):
            then = THEN[zlib.crc32(key.encode()) % len(THEN)]
            await self.reply(name, key, f"Answer of {self.name} to {key}.", then)
            self._since["close", name] = asyncio.get_running_loop().time()
            return
        since = self._since.setdefault(("close", name), now)
        if now - since >= self.habits.lingers_s and self._is_new("close", name):
            await self.click("close", name, item=name, code=self.habits.code)

    def _let_go(self, item: str) -> None:
        """Forget an item that is with somebody else; it begins anew when it comes again."""
        self.items.pop(item, None)
        self._tried = {each for each in self._tried if each[1] != item}
        self._since = {each: at for each, at in self._since.items() if each[1] != item}

    def _is_new(self, what: str, target: str) -> bool:
        """Say so once per connection: what was refused is not asked again and again."""
        if (what, target) in self._tried:
            return False
        self._tried.add((what, target))
        return True
