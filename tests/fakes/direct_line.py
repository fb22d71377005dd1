"""A small Direct Line 3.0 server with the town's own events, for tests of its clients.

Serves in a thread of its own, so that tests can drive a browser; the test plays the town: `say`,
`stand`, `drop`, `refuse`. Keeps everything in memory, also while it is stopped; what it has
acknowledged is in `chats`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

Activity = dict[str, Any]
TOWN = {"id": "town", "name": "Willowmere", "role": "bot"}
STANDING: Activity = {
    "state": "ready",
    "place": None,
    "wait_low_min": None,
    "wait_high_min": None,
    "agent": None,
    "reference": "",
    "opens": None,
    "can": [],
    "upload_max": 0,
    "upload_kinds": [],
}

BEGUN_S = 30.0  # for a page to begin a conversation


@dataclass
class Chat:
    """One conversation: what is stored, what is told, who listens."""

    id: str
    user: str
    locale: str
    stored: list[Activity] = field(default_factory=list)
    events: list[Activity] = field(default_factory=list)  # of the resident; not shown to clients
    standing: Activity = field(default_factory=lambda: dict(STANDING))
    streams: set[asyncio.Queue[Activity | None]] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)  # by clientActivityID

    @property
    def texts(self) -> list[str]:
        """Return what the resident said."""
        return [each["text"] for each in self.stored if each["from"]["id"] == self.user]


@dataclass
class Refusal:
    """How the next requests of a kind are answered."""

    status: int
    code: str = "BadArgument"
    message: str = "refused by the test"
    after_s: int = 0
    times: int = 1
    is_stored: bool = False  # the request does its work, only the answer is lost


class FakeDirectLine:
    """The server; `url` ends in a slash."""

    def __init__(self, pages: list[BaseRoute]) -> None:
        self._pages = pages
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._serial = itertools.count(1)
        self._streams: set[asyncio.Queue[Activity | None]] = set()  # of forgotten chats too
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly installed."""
        self.chats: dict[str, Chat] = {}
        self.tokens: dict[str, str] = {}  # token -> conversation
        self.asked: Counter[str] = Counter()  # kinds of requests
        self.refusals: dict[str, Refusal] = {}  # by kind of request
        self.expires_in = 1800
        self.has_websocket = True

    # --- the test plays the town ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    @property
    def chat(self) -> Chat:
        """Return the conversation begun last; a page that is about to begin one is waited for."""
        until = time.monotonic() + BEGUN_S
        while not self.chats and time.monotonic() < until:
            time.sleep(0.01)
        return list(self.chats.values())[-1]

    def say(self, text: str, name: str = "Ana", **more: Any) -> None:
        """Say something in the conversation begun last."""
        sender = {"id": "town", "name": name, "role": "bot"}
        chat, message = self.chat, {"type": "message", "from": sender, "text": text} | more
        self._run(lambda: self._store(chat, message))

    def stand(self, **changes: Any) -> None:
        """Tell where it stands."""
        chat = self.chat

        def tell() -> None:
            chat.standing |= changes
            self._tell(chat, self._standing(chat))

        self._run(tell)

    def tell(self, **activity: Any) -> None:
        """Tell what is not stored."""
        chat = self.chat
        self._run(lambda: self._tell(chat, {"from": TOWN} | activity))

    def drop(self) -> None:
        """Cut all streams."""

        def cut() -> None:
            for stream in self._streams:
                stream.put_nowait(None)

        self._run(cut)

    def refuse(self, kind: str, refusal: Refusal) -> None:
        """Answer the next requests of this kind (`post`, `stream`, ...) so."""
        self.refusals[kind] = refusal

    def _run(self, work: Callable[[], object]) -> None:
        async def doing() -> None:
            work()

        asyncio.run_coroutine_threadsafe(doing(), self._loop).result(5)

    # --- starting and stopping ---

    def start(self) -> None:
        """Serve, on the same port as before if there was one."""
        sock = socket.create_server(("127.0.0.1", self._port))
        self._port = sock.getsockname()[1]
        routes = [*self._routes(), *self._pages]
        config = uvicorn.Config(
            Starlette(routes=routes),
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, args=(self._server, sock))
        self._thread.start()

    def _serve(self, server: uvicorn.Server, sock: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(server.serve(sockets=[sock]))

    def stop(self) -> None:
        """End all connections and listen no more."""
        assert self._server is not None
        assert self._thread is not None
        self.drop()
        self._server.should_exit = True
        self._thread.join(10)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._loop.close()

    # --- the protocol ---

    def _routes(self) -> list[BaseRoute]:
        base = "/v3/directline"
        one = f"{base}/conversations/{{id}}"
        return [
            Route(f"{base}/tokens/generate", self._generate, methods=["POST"]),
            Route(f"{base}/tokens/refresh", self._refresh, methods=["POST"]),
            Route(f"{base}/conversations", self._begin, methods=["POST"]),
            Route(one, self._resume),
            Route(f"{one}/activities", self._activities, methods=["GET"]),
            Route(f"{one}/activities", self._post, methods=["POST"]),
            Route(f"{one}/upload", self._upload, methods=["POST"]),
            WebSocketRoute(f"{one}/stream", self._stream),
        ]

    def _refused(self, kind: str) -> Response | None:
        """Count the request; return the refusal that a test wants."""
        self.asked[kind] += 1
        refusal = self.refusals.get(kind)
        if refusal is None or refusal.times == 0:
            return None
        refusal.times -= 1
        body = {"error": {"code": refusal.code, "message": refusal.message}}
        headers = {"retry-after": str(refusal.after_s)} if refusal.after_s else {}
        return JSONResponse(body, refusal.status, headers)

    def _token(self, chat: Chat) -> str:
        token = f"token-{next(self._serial)}"
        self.tokens[token] = chat.id
        return token

    def _opened(self, chat: Chat, **more: Any) -> Activity:
        about = {
            "conversationId": chat.id,
            "token": self._token(chat),
            "expires_in": self.expires_in,
        }
        return about | more

    def _chat_of(self, request: Request) -> Chat | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.chats.get(self.tokens.get(token, ""))

    def _stream_url(self, chat: Chat, watermark: str) -> str:
        path = f"v3/directline/conversations/{chat.id}/stream?watermark={watermark}"
        return f"{self.url.replace('http', 'ws', 1)}{path}"

    async def _generate(self, request: Request) -> Response:
        refused = self._refused("generate")
        if refused:
            return refused
        body = await request.json()
        chat = Chat(f"c{next(self._serial)}", body["user"]["id"], body["locale"])
        self.chats[chat.id] = chat
        return JSONResponse(self._opened(chat))

    async def _refresh(self, request: Request) -> Response:
        refused = self._refused("refresh")
        chat = self._chat_of(request)
        return refused or (JSONResponse(self._opened(chat)) if chat else _unknown())

    async def _begin(self, request: Request) -> Response:
        refused = self._refused("begin")
        chat = self._chat_of(request)
        if refused or chat is None:
            return refused or _unknown()
        return JSONResponse(self._opened(chat, streamUrl=self._stream_url(chat, "")), 201)

    async def _resume(self, request: Request) -> Response:
        refused = self._refused("resume")
        chat = self._chat_of(request)
        if refused or chat is None:
            return refused or _unknown()
        mark = request.query_params.get("watermark", "")
        return JSONResponse(self._opened(chat, streamUrl=self._stream_url(chat, mark)))

    async def _activities(self, request: Request) -> Response:
        refused = self._refused("poll")
        chat = self._chat_of(request)
        if refused or chat is None:
            return refused or _unknown()
        return JSONResponse(self._page(chat, request.query_params.get("watermark", "")))

    async def _post(self, request: Request) -> Response:
        activity = await request.json()
        chat = self._chat_of(request)
        if activity["type"] == "typing":
            self.asked["typing"] += 1
            return JSONResponse({"id": "t"}) if chat else _unknown()
        return self._take(chat, activity, "post")

    async def _upload(self, request: Request) -> Response:
        async with request.form() as form:
            told, file = form["activity"], form["file"]
            assert not isinstance(told, str)
            assert not isinstance(file, str)
            activity = json.loads(await told.read())
            size = len(await file.read())
            link = {
                "name": file.filename,
                "contentType": file.content_type,
                "contentUrl": f"files/{size}",
            }
        return self._take(
            self._chat_of(request), activity | {"text": "", "attachments": [link]}, "upload"
        )

    def _take(self, chat: Chat | None, activity: Activity, kind: str) -> Response:
        will_lose = kind in self.refusals and self.refusals[kind].is_stored
        refused = self._refused(kind)
        if refused and not will_lose:
            return refused
        if chat is None:
            return _unknown()
        cid = activity["channelData"]["clientActivityID"]
        if cid not in chat.ids:
            chat.ids[cid] = f"{chat.id}|e{len(chat.events)}"
            if activity["type"] == "message":
                chat.ids[cid] = self._store(chat, activity)
            else:
                chat.events.append(activity)
        return refused or JSONResponse({"id": chat.ids[cid]})

    async def _stream(self, socket: WebSocket) -> None:
        self.asked["stream"] += 1
        chat = self.chats.get(socket.path_params["id"])
        if not self.has_websocket or chat is None:
            await socket.close(1008)
            return
        await socket.accept()
        stream: asyncio.Queue[Activity | None] = asyncio.Queue()
        stream.put_nowait(self._page(chat, socket.query_params.get("watermark", "")))
        chat.streams.add(stream)
        self._streams.add(stream)
        try:
            while (frame := await stream.get()) is not None:
                await socket.send_text("")  # keeps it alive and says nothing
                await socket.send_text(json.dumps(frame))
            await socket.close(1001)
        except WebSocketDisconnect:
            pass
        finally:
            chat.streams.discard(stream)
            self._streams.discard(stream)

    def _page(self, chat: Chat, watermark: str) -> Activity:
        behind = chat.stored[int(watermark or 0) :]
        told = [*behind, self._standing(chat)]
        return {"activities": told, "watermark": str(len(chat.stored))}

    def _standing(self, chat: Chat) -> Activity:
        event = {"type": "event", "name": "townline/standing", "from": TOWN}
        return event | {"id": f"{chat.id}|v{next(self._serial)}", "value": dict(chat.standing)}

    def _store(self, chat: Chat, activity: Activity) -> str:
        number = len(chat.stored) + 1
        identity = f"{chat.id}|{number:07}"
        stamp = "2026-11-24T14:03:00.000Z"
        chat.stored.append(activity | {"id": identity, "timestamp": stamp})
        self._tell(chat, chat.stored[-1], str(number))
        return identity

    def _tell(self, chat: Chat, activity: Activity, watermark: str | None = None) -> None:
        frame: Mapping[str, Any] = {"activities": [activity]}
        if watermark is not None:
            frame = {**frame, "watermark": watermark}
        for stream in chat.streams:
            stream.put_nowait(dict(frame))


@contextmanager
def serving(pages: list[BaseRoute]) -> Iterator[FakeDirectLine]:
    """Serve Direct Line and these pages for as long as the block lasts."""
    server = FakeDirectLine(pages)
    server.start()
    try:
        yield server
    finally:
        server.close()


def _unknown() -> Response:
    return JSONResponse({"error": {"code": "TokenExpired", "message": "unknown token"}}, 403)
