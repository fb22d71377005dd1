"""A thread that runs one errand after another for an event loop, as a journal's writing is.

What an executor of one thread does, for a third of what that costs: no second future beside that of
the event loop, no look at how many threads there are. Errands begin in the order in which they were
asked for, each once, also when nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_Errand = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Errands:
    """One thread; it belongs to whoever made it, who must `end` it."""

    def __init__(self, name: str) -> None:
        self._asked: SimpleQueue[_Errand | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, errand: Callable[[], T]) -> asyncio.Future[T]:
        """Have it run; the future brings what it returns or raises. Not after `end`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put((errand, future))
        return future

    def end(self) -> None:
        """Let the thread end once it has done what it was asked for."""
        self._asked.put(None)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            errand, future = asked
            try:
                result, error = errand(), None
            except BaseException as raised:
                result, error = None, raised
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                future.get_loop().call_soon_threadsafe(_settle, future, result, error)
            del asked, errand, future, result, error  # or they would live until the next one


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():  # cancelled meanwhile
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
