"""What a person types at the phone: lines from a terminal, a pipe or a file.

A thread reads, because a terminal, a pipe and a file have no other way of waiting in common; it
reads the descriptor itself, so that leaving the program never waits for another line.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Protocol


class Keys(Protocol):
    """The keyboard of the phone."""

    @property
    def typed(self) -> bool:
        """Whether a person types now; otherwise lines were prepared and wait for their turn."""
        ...

    async def read(self) -> str | None:
        """Return the next line without its end, None after the last."""
        ...


class DescriptorKeys:
    """Lines of a file descriptor; 0 is standard input. Start it inside a running loop."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._pump, name="keys", daemon=True).start()

    @property
    def typed(self) -> bool:
        """Whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)

    async def read(self) -> str | None:
        """Return the next line without its end, None after the last."""
        line = await self._lines.get()
        if line is None:
            self._lines.put_nowait(None)  # whoever asks again learns the same
        return line

    def _pump(self) -> None:
        rest = b""
        while chunk := self._chunk():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hand_over(line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._hand_over(rest.decode(errors="replace"))
        self._hand_over(None)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, 4096)
        except OSError:  # closed: the same as the end
            return b""

    def _hand_over(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop has closed: nobody wants lines any more
            return
