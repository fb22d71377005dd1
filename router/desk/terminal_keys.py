"""What somebody types at `townline agent`: single keys at a terminal, whole lines elsewhere.

Both end as command lines. At a terminal a letter that needs nothing more acts at once; any other
begins a line that Enter ends. Where what is typed cannot be shown by redrawing, the terminal itself
shows it and gives whole lines. Knows no commands but which letters act at once.
"""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final, Protocol, TextIO

AT_ONCE: Final = frozenset("aduhrfci?")  # leaving takes Enter: a slip must not end a shift
_ENTER: Final = frozenset("\r\n")
_RUB_OUT: Final = frozenset("\x7f\x08")
_WIPE: Final = frozenset("\x15\x1b")  # Ctrl-U, Escape


class Keys(Protocol):
    """Where command lines come from."""

    @property
    def is_piped(self) -> bool:
        """Say whether the lines were written beforehand: then `accept` waits for an offer."""
        ...

    @property
    def typed(self) -> str:
        """Return the line that is being typed."""
        ...

    async def line(self) -> str | None:
        """Return the next command line; None when nothing will come any more."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Within it lines come; entered inside the event loop."""
        ...


class LineEditor:
    """From single characters to command lines; pure."""

    def __init__(self) -> None:
        self.typed = ""

    def press(self, key: str) -> str | None:
        """Return the line that this key completes."""
        if key in _ENTER:
            done, self.typed = self.typed.strip(), ""
            return done or None
        if key in _RUB_OUT:
            self.typed = self.typed[:-1]
        elif key in _WIPE:
            self.typed = ""
        elif not self.typed and key in AT_ONCE:
            return key
        elif key.isprintable():
            self.typed += key
        return None


class TerminalKeys:
    """Keys pressed at a terminal."""

    is_piped: Final = False

    def __init__(self, stream: TextIO) -> None:
        self._descriptor = stream.fileno()
        self._editor = LineEditor()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    @property
    def typed(self) -> str:
        """Return the line that is being typed."""
        return self._editor.typed

    async def line(self) -> str | None:
        """Return the next command line; None when the terminal is gone."""
        return await self._lines.get()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read key by key without echo meanwhile; Ctrl-C still interrupts."""
        loop = asyncio.get_running_loop()
        before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        loop.add_reader(self._descriptor, self._read)
        try:
            yield
        finally:
            loop.remove_reader(self._descriptor)
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    def _read(self) -> None:
        pressed = os.read(self._descriptor, 1024)
        if not pressed:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._lines.put_nowait(None)
        for key in pressed.decode(errors="ignore"):
            line = self._editor.press(key)
            if line is not None:
                self._lines.put_nowait(line)


class Lines:
    """Whole lines of a pipe, a file or a terminal; read by a thread, since a file is not polled."""

    typed: Final = ""

    def __init__(self, stream: TextIO) -> None:
        self.is_piped = not stream.isatty()
        self._stream = stream
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def line(self) -> str | None:
        """Return the next line that is not empty; None at the end."""
        return await self._lines.get()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Start the thread; at the end of the stream or of the process it ends by itself."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        yield

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody reads any more
            with suppress(OSError):  # the terminal is gone
                for text in filter(None, (text.strip() for text in self._stream)):
                    loop.call_soon_threadsafe(self._lines.put_nowait, text)
            loop.call_soon_threadsafe(self._lines.put_nowait, None)


def keys_of_stdin(*, is_shown: bool) -> TerminalKeys | Lines:
    """Return the keys of this process; `is_shown`: what is typed is shown by whoever reads it."""
    return TerminalKeys(sys.stdin) if is_shown and sys.stdin.isatty() else Lines(sys.stdin)
