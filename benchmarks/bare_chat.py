"""The ceiling for chats: the same requests and frames on the same server, and nothing decided.

    .venv/bin/python -m benchmarks.bare_chat PORT JOURNAL

Starlette and uvicorn as the daemon uses them. A POST is decoded from JSON, stored with group commit
(`bare_ingest.Store`), told to the WebSocket of its conversation, and answered 200. No tokens are
checked, nothing is remembered of a conversation but its socket.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.bare_ingest import Store
from benchmarks.chat_client import BASE
from router.runtime import http
from router.runtime.settings import Http

DECODER = msgspec.json.Decoder(dict[str, Any])


class Chats:
    """Every conversation's socket."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers = count(1)
        self._sockets: dict[str, WebSocket] = {}

    def routes(self) -> list[BaseRoute]:
        """Return what the daemon has under the same names."""
        one = f"{BASE}/conversations/{{conversation}}"
        return [
            Route("/readyz", self._ready),
            Route(f"{BASE}/tokens/generate", self._generate, methods=["POST"]),
            Route(f"{BASE}/conversations", self._begin, methods=["POST"]),
            Route(f"{one}/activities", self._post, methods=["POST"]),
            WebSocketRoute(f"{one}/stream", self._stream),
        ]

    async def _ready(self, _: Request) -> Response:
        return Response()

    async def _generate(self, _: Request) -> Response:
        name = f"c{next(self._numbers)}"
        return _json({"conversationId": name, "token": name})

    async def _begin(self, request: Request) -> Response:
        name = request.headers["authorization"].removeprefix("Bearer ")
        url = f"ws://127.0.0.1{BASE}/conversations/{name}/stream?watermark="
        return _json({"conversationId": name, "token": name, "streamUrl": url})

    async def _post(self, request: Request) -> Response:
        activity = DECODER.decode(await request.body())
        await self._store.put(msgspec.msgpack.encode(activity))
        number = next(self._numbers)
        name = request.path_params["conversation"]
        socket = self._sockets.get(name)
        if socket is not None:
            activity["id"] = f"{name}|{number:07}"
            frame = {"activities": [activity], "watermark": str(number)}
            await socket.send_text(msgspec.json.encode(frame).decode())
        return _json({"id": f"{name}|{number:07}"})

    async def _stream(self, socket: WebSocket) -> None:
        name = socket.path_params["conversation"]
        self._sockets[name] = socket
        await socket.accept()
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            del self._sockets[name]


def _json(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


async def serve(port: int, path: Path) -> None:
    store = Store(path)
    listening = http.listen(Http(port=port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.run())
        app = http.application(Chats(store).routes())
        await http.server(app).serve(sockets=[listening])


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
