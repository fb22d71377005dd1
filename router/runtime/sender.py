"""Those who wait for the sequencer: senders of commands, and readers of the stored state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from router.core.commands import Command
from router.core.state import State
from router.ports import Words
from router.runtime.answers import Answer

T = TypeVar("T")


class AnySender(Protocol):
    """A command, and somebody who waits for what it comes to, here or at another daemon."""

    command: Command
    words: tuple[Words, ...]
    id: str  # under which daemons speak of it; "" for what never left this one

    @property
    def is_gone(self) -> bool: ...
    @property
    def is_done(self) -> bool: ...
    def compute(self, state: State) -> None: ...
    def refuse(self, error: Exception) -> None: ...
    def answer(self) -> Answer: ...
    def release(self) -> None: ...
    def fail(self, error: Exception) -> None: ...


class Sender(Generic[T]):
    """A command, and the one who waits for its reply."""

    __slots__ = ("_answer", "_error", "_future", "command", "id", "reply", "words")

    def __init__(
        self,
        command: Command,
        reply: Callable[[State], T],
        words: tuple[Words, ...],
        future: asyncio.Future[T],
    ) -> None:
        self.command = command
        self.reply = reply
        self.words = words
        self.id = ""
        self._future = future
        self._answer: T
        self._error: Exception | None = None

    @property
    def is_gone(self) -> bool:
        """Say whether nobody waits any more: told already, or hung up."""
        return self._future.done()

    @property
    def is_done(self) -> bool:
        """Say whether this daemon has taken the command, and it was not refused."""
        return self._error is None

    def compute(self, state: State) -> None:
        """Work out the reply as of now; a reply that fails is the sender's own error."""
        self._error = None
        try:
            self._answer = self.reply(state)
        except Exception as error:
            self._error = error

    def refuse(self, error: Exception) -> None:
        """Make this the answer."""
        self._error = error

    def answer(self) -> Answer:
        """Return what tells the daemon it was forwarded to that it is decided."""
        return Answer(self.id, 0)

    def release(self) -> None:
        """Hand over the answer that was worked out."""
        if self._future.done():
            return
        if self._error is not None:
            self._future.set_exception(self._error)
        else:
            self._future.set_result(self._answer)

    def fail(self, error: Exception) -> None:
        """Hand over this error instead."""
        if not self._future.done():
            self._future.set_exception(error)


class Reader(Generic[T]):
    """A view of the state, and the one who waits for it."""

    __slots__ = ("_future", "_view")

    def __init__(self, view: Callable[[State], T], future: asyncio.Future[T]) -> None:
        self._view = view
        self._future = future

    def serve(self, state: State) -> None:
        """Hand over the view of a state that is stored."""
        if self._future.done():
            return
        try:
            self._future.set_result(self._view(state))
        except Exception as error:
            self._future.set_exception(error)

    def fail(self, error: Exception) -> None:
        """Hand over this error instead."""
        if not self._future.done():
            self._future.set_exception(error)


AnyReader = Reader[Any]  # what the view is, only the reader knows
