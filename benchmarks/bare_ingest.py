"""The ceiling for stored requests: the same server, SQLite with group commit, and nothing else.

    .venv/bin/python -m benchmarks.bare_ingest PORT JOURNAL

Every POST is decoded from JSON and answered 202 once its bytes are in a WAL with synchronous=FULL.
What waits while one commit runs goes into the next.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import uvloop
from starlette.types import Receive, Scope, Send

from router.runtime import http
from router.runtime.settings import Http

DECODER = msgspec.json.Decoder(dict[str, str])


class Store:
    """One thread that commits whatever has come together."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._path = path
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._database: sqlite3.Connection | None = None

    def _open(self) -> None:
        self._database = sqlite3.connect(self._path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, body BLOB)")

    def _commit(self, rows: list[tuple[bytes]]) -> None:
        assert self._database is not None
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT INTO events (body) VALUES (?)", rows)
        self._database.execute("COMMIT")

    async def put(self, body: bytes) -> None:
        """Return once the bytes are on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._open)
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            if batch:
                rows = [(body,) for body, _ in batch]
                await loop.run_in_executor(self._thread, self._commit, rows)
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)


class Application:
    """Raw ASGI: no router, no request object."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = scope["method"] == "POST"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if body:
            await self._store.put(msgspec.msgpack.encode(DECODER.decode(body)))
        status = 202 if body else 200
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def serve(port: int, path: Path) -> None:
    store = Store(path)
    listening = http.listen(Http(port=port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.run())
        await http.server(Application(store)).serve(sockets=[listening])


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
