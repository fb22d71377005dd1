"""One thread for a library that blocks, and the bridge to the event loop.

Calls run one after another in the order in which they were asked for, so the library is never
entered twice. The thread is a daemon: one that hangs in a name lookup does not keep the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class BlockingThread:
    """Runs from the start until `end`."""

    def __init__(self, name: str) -> None:
        self._wanted: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        Thread(target=self._work, name=name, daemon=True).start()

    async def call(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises; when cancelled, it still ends."""
        return await asyncio.wrap_future(self.post(work))

    def post(self, work: Callable[[], T]) -> Future[T]:
        """Have it done after what was asked for before; nobody need wait for it."""
        done: Future[T] = Future()
        self._wanted.put((work, done))
        return done

    def end(self) -> None:
        """End after what was asked for before."""
        self._wanted.put(None)

    def _work(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            work, done = wanted
            if not done.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)
            del work, done, wanted  # a mail is not kept until the next call
