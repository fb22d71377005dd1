"""The terminal's connection to `/desk`: signs in, reconnects, asks and waits for answers.

Knows the protocol and nothing of what is shown or typed.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

import httpx
import msgspec
import websockets

from router.desk import messages as m
from router.desk.api_people import SessionView
from router.desk.views import ErrorView
from router.desk.views_text import InboxView

BACK_OFF_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
ANSWER_S: Final = 10.0
HELLO: Final = "hello"  # the id of that message

_decoder: Final[msgspec.json.Decoder[m.AnyServerMessage]] = msgspec.json.Decoder(m.AnyServerMessage)


class SignInRefused(Exception):
    """The daemon does not let this person in; the message says why."""


class NotConnected(Exception):
    """There is no connection, or it broke before the answer came: ask again after the welcome."""


class Link:
    """One desk's connection."""

    def __init__(self, base_url: str, name: str, password: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._name = name
        self._password = password
        self._token = ""
        self._client = secrets.token_hex(16)
        self._attempt = 0
        self._socket: websockets.ClientConnection | None = None
        self._asked = 0
        self._answers: dict[str, asyncio.Future[m.Ok | m.Refused]] = {}

    @property
    def is_connected(self) -> bool:
        """Say whether the desk is welcomed."""
        return self._socket is not None

    async def sign_in(self) -> None:
        """Get a session. Errors: `SignInRefused`, `NotConnected`."""
        body = {"name": self._name, "password": self._password}
        answer = await self._call("POST", "/sessions", body)
        if answer.status_code >= 500:
            raise NotConnected(f"{self._base_url} answers {answer.status_code}")
        if answer.status_code != 201:
            raise SignInRefused(_error(answer.content).message)
        session = msgspec.json.decode(answer.content, type=SessionView)
        if session.account.must_change:
            raise SignInRefused("change your password first: townline password NAME")
        self._token = session.token

    async def messages(self) -> AsyncIterator[m.AnyServerMessage]:
        """Connect once, say hello, and yield what the daemon says until the connection ends.

        Errors: `NotConnected`, `SignInRefused`, `websockets.ConnectionClosed` with the code.
        """
        if not self._token:
            await self.sign_in()
        address = self._base_url.replace("http", "ws", 1) + "/desk"
        try:
            socket = await websockets.connect(address, compression=None)
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise NotConnected(f"{address} does not answer: {error}") from error
        try:
            self._attempt += 1
            hello = m.Hello(id=HELLO, token=self._token, client=self._client, attempt=self._attempt)
            await socket.send(m.encode(hello))
            async for text in socket:
                for message in self._heard(text):
                    if isinstance(message, m.Welcome):
                        self._socket = socket
                    yield message
            await socket.recv()  # over: raises with the close code
        finally:
            self._socket = None
            for future in self._answers.values():
                future.cancel()
            self._answers.clear()
            await socket.close()

    async def inbox(self) -> tuple[InboxView, ...]:
        """Return what was written and waits. Errors: `NotConnected`."""
        answer = await self._call("GET", "/inbox")
        if answer.status_code != 200:
            raise NotConnected(_error(answer.content).message)
        return msgspec.json.decode(answer.content, type=tuple[InboxView, ...])

    async def post(self, path: str, body: Mapping[str, object]) -> m.Ok | m.Refused:
        """Ask by the HTTP API and return the answer. Errors: `NotConnected`."""
        answer = await self._call("POST", path, body)
        if answer.status_code == 200:
            return m.Ok(id=path)
        error = _error(answer.content)
        return m.Refused(id=path, code=error.code, message=error.message)

    async def _call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        """Return the answer of the HTTP API, to what is below `/api/v1`. Errors: `NotConnected`."""
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"/api/v1{path}"
        try:
            async with httpx.AsyncClient(base_url=self._base_url, timeout=ANSWER_S) as http:
                return await http.request(method, url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotConnected(f"{self._base_url} does not answer: {error}") from error

    def forget_session(self) -> None:
        """The next connection signs in afresh."""
        self._token = ""

    def _heard(self, text: str | bytes) -> Iterator[m.AnyServerMessage]:
        try:
            message = _decoder.decode(text)
        except msgspec.ValidationError:
            return  # of a newer daemon: what is not known is not needed
        if isinstance(message, m.Ok | m.Refused):
            future = self._answers.pop(message.id, None)
            if future is not None and not future.done():
                future.set_result(message)
                return
        yield message

    async def ask(self, message: m.Action | m.Beat) -> m.Ok | m.Refused:
        """Send and return the answer. Errors: `NotConnected`."""
        socket = self._socket
        if socket is None:
            raise NotConnected("not connected")
        self._asked += 1
        name = f"t{self._asked}"
        future: asyncio.Future[m.Ok | m.Refused] = asyncio.get_running_loop().create_future()
        self._answers[name] = future
        try:
            await socket.send(m.encode(msgspec.structs.replace(message, id=name)))
            async with asyncio.timeout(ANSWER_S):
                await asyncio.wait((future,))
        except (websockets.ConnectionClosed, TimeoutError) as error:
            raise NotConnected("the connection broke before the answer") from error
        finally:
            self._answers.pop(name, None)
        if future.cancelled():
            raise NotConnected("the connection broke before the answer")
        return future.result()


def back_off() -> Iterator[float]:
    """Yield how long to wait before each next try, in seconds; the last one for ever."""
    for pause in BACK_OFF_S:
        yield pause * random.uniform(0.5, 1.0)
    while True:
        yield BACK_OFF_S[-1] * random.uniform(0.5, 1.0)


def _error(body: bytes) -> ErrorView:
    """Return what was refused; without a code when something else than a daemon answers."""
    try:
        return msgspec.json.decode(body, type=ErrorView)
    except msgspec.DecodeError:
        return ErrorView(code="", message="this is not a Townline daemon")
