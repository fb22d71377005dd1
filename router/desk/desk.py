"""One connected desk: what it shows, and what still has to be told to it.

The queue to the client is bounded. A client that does not read is cut off instead of slowing the
engine down; it loses nothing, because the next welcome is complete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

import msgspec

from router.core.model import AgentId
from router.desk.messages import Notice, ServerMessage
from router.desk.pictures import Picture
from router.desk.pushes import Outgoing, plain

QUEUE_MAX: Final = 256  # messages
FAREWELL_S: Final = 2.0  # for all connections together, when the daemon stops


class Goodbye(msgspec.Struct, frozen=True):
    """Why a connection ends; the numbers are WebSocket close codes."""

    code: int
    reason: str


SIGNED_OUT: Final = Goodbye(4000, "signed-out")
TAKEN_OVER: Final = Goodbye(4001, "taken-over")
LEASE_LOST: Final = Goodbye(4002, "lease-lost")
NOT_SIGNED_IN: Final = Goodbye(4003, "not-signed-in")
HELLO_LATE: Final = Goodbye(4004, "hello-late")
MALFORMED: Final = Goodbye(4005, "malformed")
TOO_LARGE: Final = Goodbye(1009, "too-large")
RESTART: Final = Goodbye(1012, "restart")
TOO_SLOW: Final = Goodbye(1013, "too-slow")
GONE: Final = Goodbye(1001, "gone")  # the client has left; nobody is told

FAREWELLS: Final = {
    SIGNED_OUT: "You are signed out.",
    TAKEN_OVER: "Another desk has signed in under your name and took over.",
    LEASE_LOST: "This desk was silent for too long; sign in again.",
    NOT_SIGNED_IN: "Your session has ended; sign in again.",
    RESTART: "The town's line restarts; connect again in a moment. Nothing is lost.",
}


class Leaving(Protocol):
    """A connection that can be told to go."""

    ended: asyncio.Event

    def leave(self, goodbye: Goodbye) -> None:
        """Tell the client why, then close."""
        ...

    def cut(self, goodbye: Goodbye) -> None:
        """Close without telling anything more."""
        ...


async def dismiss(all_of_them: Sequence[Leaving]) -> None:
    """Tell them that the daemon restarts; let go of those that do not close in time."""
    for each in all_of_them:
        each.leave(RESTART)
    try:
        async with asyncio.timeout(FAREWELL_S):
            for each in all_of_them:
                await each.ended.wait()
    except TimeoutError:
        for each in all_of_them:
            each.cut(RESTART)


class Desk:
    """See the module's text."""

    def __init__(self, desk_id: str, agent: AgentId, token: str, language: str = "") -> None:
        self.id = desk_id
        self.agent = agent
        self.token = token
        self.language = language  # of the choices it shows; "": the town's first
        self.shown: Picture | None = None  # what the client knows; None before the welcome
        self.newest: Picture | None = None  # what became true before the welcome
        self.ended = asyncio.Event()
        self.goodbye = GONE
        self._is_leaving = False
        self._owes_answer = False
        self._due: Goodbye | None = None  # to leave for, once the answer is given
        self._queue: asyncio.Queue[Outgoing | Goodbye] = asyncio.Queue(QUEUE_MAX)

    async def next(self) -> Outgoing | Goodbye:
        """Return what is to be told next, as soon as there is something."""
        return await self._queue.get()

    def push(self, outgoing: Outgoing) -> None:
        """Have it told after everything before it; a desk that is too slow is cut off."""
        if not self._is_leaving:
            self._put(outgoing)

    def say(self, message: ServerMessage) -> None:
        """Push a message without words."""
        self.push(plain(message))

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Within it an answer is owed: the desk does not leave before it is given."""
        self._owes_answer = True
        try:
            yield
        finally:
            self._owes_answer = False
            if self._due is not None:
                self.leave(self._due)

    def leave(self, goodbye: Goodbye) -> None:
        """Tell the client why, then close; what was pushed before still arrives."""
        if self._owes_answer:
            self._due = self._due or goodbye
            return
        if self._is_leaving:
            return
        self._is_leaving = True
        self._put(plain(Notice(notice=goodbye.reason, message=FAREWELLS[goodbye])))
        self._put(goodbye)

    def cut(self, goodbye: Goodbye) -> None:
        """Close without telling anything more."""
        self._is_leaving = True
        if not self.ended.is_set():
            self.goodbye = goodbye
            self.ended.set()

    def _put(self, outgoing: Outgoing | Goodbye) -> None:
        try:
            self._queue.put_nowait(outgoing)
        except asyncio.QueueFull:
            self.cut(TOO_SLOW)
