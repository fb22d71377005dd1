"""A desk that measures: signs in over HTTP, works over the WebSocket, times each offer."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.wire import BadAnswer
from router.runtime.practice import PASSWORD

BEAT_S: Final = 3.0
ANSWER_S: Final = 30.0
ACCOUNTS_S: Final = 20.0  # until the daemon has made the agents' accounts


class DeskClient:
    """One agent's desk; run `attend` beside whatever it is told to do."""

    def __init__(self, port: int, agent: str) -> None:
        self.agent = agent
        self.version = 0
        self.offers: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()
        self._port = port
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0

    async def open(self, token: str = "") -> None:
        """Say hello; sign in first, if there is no token yet."""
        token = token or await asyncio.to_thread(self._token)
        self._socket = await connect(
            f"ws://127.0.0.1:{self._port}/desk", compression=None, proxy=None, max_size=None
        )
        await self._socket.send(json.dumps({"type": "hello", "id": "hello", "token": token}))
        welcome = json.loads(await self._socket.recv())
        if welcome["type"] != "welcome":
            raise BadAnswer(f"{welcome}")

    def _token(self) -> str:
        body = json.dumps({"name": self.agent, "password": PASSWORD}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1/sessions",
            body,
            {"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        ends = time.perf_counter() + ACCOUNTS_S
        while True:
            try:
                with opener.open(request, timeout=10) as answer:
                    return str(json.load(answer)["token"])
            except urllib.error.HTTPError:
                if time.perf_counter() > ends:
                    raise
                time.sleep(0.2)

    async def attend(self) -> None:
        """Read what the daemon says, and beat, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            tasks.create_task(self._read())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._send({"type": "beat"})

    async def _read(self) -> None:
        assert self._socket is not None
        async for text in self._socket:
            came = time.perf_counter()
            said = json.loads(text)
            if said["type"] == "offer":
                self.offers.put_nowait((came, said["offer"]))
            waits = self._answers.pop(said.get("id") or "", None)
            if waits is not None and not waits.done():
                waits.set_result(said)

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    async def do(self, kind: str, **fields: Any) -> None:
        """Ask for something and wait until it is stored."""
        answer = await self._ask(kind, fields)
        if answer["type"] != "ok":
            raise BadAnswer(f"{kind} {fields}: {answer}")

    async def may(self, kind: str, **fields: Any) -> bool:
        """Ask for something; say whether it was done."""
        return bool((await self._ask(kind, fields))["type"] == "ok")

    async def _ask(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        name = str(self._count)
        waits = self._answers[name] = asyncio.get_running_loop().create_future()
        await self._send({"type": kind, "id": name, **fields})
        return await asyncio.wait_for(waits, ANSWER_S)

    async def take(self) -> str:
        """Accept the next offer; return its item."""
        _, offer = await asyncio.wait_for(self.offers.get(), ANSWER_S)
        await self.do("accept", offer=offer["offer"])
        return str(offer["item"])

    async def close(self) -> None:
        if self._socket is not None:
            with suppress(Exception):
                await self._socket.close()
