"""A town with a chat, its engine behind it and residents' programs in front; virtual time.

`ChatTown` survives a restart of the channel: the engine, its words and its files stay.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.chat.adapter import ChatChannel
from channels.chat.entrance import ChatSettings
from router.core import commands as c
from router.core import commands_text as t
from router.core.model import AgentId, AgentStatus, ItemId, MessageKind
from router.core.policy import Policy
from router.errors import StorageFailed
from router.ports import Said, Words
from router.runtime.ids import SeededIds
from tests.core.text_town import chat_policy, writing_town
from tests.desk.instant_inbox import InstantInbox

URL = "https://chat.town.test"
SITE = "https://www.town.test"
BASE = "/v3/directline"
CLIENT = ("203.0.113.7", 4000)


def chatty_town(*, town: dict[str, object] | None = None, **changes: object) -> Policy:
    """The writing town whose chat has a site and takes files; `changes` are of the chat."""
    chat = chat_policy(upload_bytes_max=100_000, upload_kinds=("image/*", "application/pdf"))
    door = msgspec.structs.replace(chat.doors["site"], origins=(SITE,))
    changed = msgspec.structs.replace(chat, doors={"site": door})
    return writing_town(chat=msgspec.structs.replace(changed, **changes), **(town or {}))


class MemoryBlobs:
    """`Blobs` in memory; `trouble` makes keeping fail."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.trouble = False

    async def put(self, body: bytes) -> str:
        if self.trouble:
            raise StorageFailed("the disk is full")
        name = hashlib.sha256(body).hexdigest()
        self.bodies[name] = body
        return name

    async def get(self, name: str) -> bytes | None:
        return self.bodies.get(name)

    async def drop(self, name: str) -> None:
        self.bodies.pop(name, None)


@dataclass
class Chat:
    """A resident's conversation, by plain requests."""

    http: httpx.AsyncClient
    id: str
    token: str
    said: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | self.headers | more.pop("headers", {})
        url = f"{BASE}/conversations/{self.id}{path}"
        return await self.http.request(method, url, headers=headers, **more)

    async def post(self, **activity: Any) -> httpx.Response:
        return await self.ask("POST", "/activities", json=activity)

    async def say(self, text: str, cid: str = "", **more: Any) -> str:
        """Say something; return the activity's id."""
        self.said += 1
        data = {"clientActivityID": cid or f"cid-{self.said}"}
        answer = await self.post(type="message", text=text, channelData=data, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def tell(self, event: str, /, **value: Any) -> httpx.Response:
        """Send one of the town's own events."""
        return await self.post(type="event", name=f"townline/{event}", value=value)

    async def poll(self, watermark: str = "") -> dict[str, Any]:
        answer = await self.ask("GET", f"/activities?watermark={watermark}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def texts(self, watermark: str = "0") -> list[str]:
        """Return what is shown, in order."""
        found = (await self.poll(watermark))["activities"]
        return [each["text"] for each in found if each["type"] == "message"]

    async def standing(self) -> dict[str, Any]:
        found = (await self.poll("0"))["activities"]
        return dict(next(e["value"] for e in found if e.get("name") == "townline/standing"))


class ChatTown:
    """See the module's text."""

    def __init__(self, policy: Policy | None = None, url: str = URL) -> None:
        self.inbox = InstantInbox(policy or chatty_town())
        self.blobs = MemoryBlobs()
        self.typed: list[str] = []
        self.blocked: set[str] = set()
        self.words_trouble = False
        self.url = url
        self.channel = self._channel(1)

    def _channel(self, seed: int) -> ChatChannel:
        return ChatChannel(
            self.inbox,
            SeededIds(seed),
            self.inbox.clock,
            ChatSettings(secret=b"secret", public_url=self.url, body_max=100_000),
            publisher=self.inbox.publisher,
            words=self.find_words,
            blobs=self.blobs,
            typing=self.typed.append,
            blocked=lambda name: name in self.blocked,
        )

    async def find_words(self, refs: list[str]) -> dict[str, Words]:
        if self.words_trouble:
            raise StorageFailed("history is down")
        return await self.inbox.find_words(refs)

    def restart(self) -> None:
        """Another channel over what is stored, as after a restart."""
        self.channel = self._channel(2)

    @property
    def state(self) -> Any:
        return self.inbox.engine.state

    def http(self, **headers: str) -> httpx.AsyncClient:
        app = Starlette(routes=self.channel.routes())
        transport = httpx.ASGITransport(app, client=CLIENT)
        return httpx.AsyncClient(transport=transport, base_url=self.url, headers=headers)

    async def open(self, http: httpx.AsyncClient, **body: Any) -> Chat:
        """A resident opens the chat."""
        answer = await http.post(f"{BASE}/tokens/generate", json=body)
        assert answer.status_code == 200, answer.text
        return Chat(http, answer.json()["conversationId"], answer.json()["token"])

    # --- people inside ---------------------------------------------------------------------------

    async def do(self, command: c.Command, words: tuple[Words, ...] = ()) -> None:
        await self.inbox.submit(command, lambda _: None, words=words)

    async def sign_in(self, *names: str) -> None:
        for name in names:
            await self.do(c.SignIn(AgentId(name), f"desk-{name}"))
            await self.do(c.SetStatus(AgentId(name), AgentStatus.AVAILABLE))

    async def accept(self, name: str) -> ItemId:
        """The agent takes what is offered."""
        offer = self.state.agents[AgentId(name)].offer
        item: ItemId = self.state.offers[offer].item
        await self.do(c.AcceptOffer(offer, AgentId(name)))
        return item

    async def reply(self, item: ItemId, name: str, text: str, **more: Any) -> None:
        ref = f"w-{item}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        words = Words(ref, "said", msgspec.json.encode(Said(text)))
        await self.do(t.SendReply(item, AgentId(name), ref, ref, **more), (words,))

    async def note(self, item: ItemId, name: str, text: str) -> None:
        words = Words(f"n-{item}", "said", msgspec.json.encode(Said(text)))
        await self.do(t.AddNote(item, AgentId(name), f"n-{item}", f"n-{item}"), (words,))

    def kinds(self, conversation: str) -> list[tuple[str, MessageKind]]:
        row = self.state.conversations[conversation]
        return [(message.by, message.kind) for message in row.messages]

    async def pass_time(self, span: int) -> None:
        """Let time pass for everybody; agents' desks stay alive."""
        clock, engine = self.inbox.clock, self.inbox.engine
        end = clock.now() + span
        while (due := engine.next_wakeup()) is not None and due <= end:
            await clock.advance_to(max(due, clock.now()))
            await self.do(c.PassTime())
            desks = tuple((each.id, each.desk) for each in self.state.agents.values())
            await self.do(c.RenewLeases(desks))
        await clock.advance_to(end)


# --- over a real socket --------------------------------------------------------------------------


@asynccontextmanager
async def serving(town: ChatTown, port: int) -> AsyncIterator[None]:
    """Serve the town's channel on a port of this machine, which the town's address must name."""

    async def present(scope: Scope, receive: Receive, send: Send) -> None:
        await Starlette(routes=town.channel.routes())(scope, receive, send)

    async with serve_app(present, port):
        try:
            yield
        finally:
            await town.channel.stop()


@asynccontextmanager
async def serve_app(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """Serve on a port of this machine."""
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listening:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listening]))
            while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
                await asyncio.sleep(0.001)
            try:
                yield
            finally:
                server.should_exit = True


class Listener:
    """A stream's far side; remembers what it was told."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.told: list[dict[str, Any]] = []
        self.watermark = ""

    async def next(self) -> list[dict[str, Any]]:
        """Return the activities of the next frame; [] for an empty one."""
        async with asyncio.timeout(5):
            frame = str(await self.connection.recv())
        if not frame:
            return []
        found = json.loads(frame)
        self.watermark = found.get("watermark", self.watermark)
        self.told += found["activities"]
        return list(found["activities"])

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next activity of that type with these fields; others are remembered."""
        while True:
            for each in await self.next():
                if each["type"] == kind and fields.items() <= each.items():
                    return each

    async def standing(self, state: str) -> dict[str, Any]:
        """Return the next standing of this state."""
        while True:
            told = await self.until("event", name="townline/standing")
            if told["value"]["state"] == state:
                return dict(told["value"])

    async def close_code(self) -> int:
        """Read to the end; return the close code."""
        try:
            while True:
                await self.next()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006

    @property
    def texts(self) -> list[str]:
        """Return what stored messages say, in order."""
        return [e["text"] for e in self.told if e["id"].rpartition("|")[2].isdigit()]


@asynccontextmanager
async def listening(url: str, **options: Any) -> AsyncIterator[Listener]:
    async with websockets.connect(url, compression=None, **options) as connection:
        yield Listener(connection)
