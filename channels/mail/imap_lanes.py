"""Hand mails over side by side, and those that belong together one after the other.

Side by side, what stores them can share one write to the disk between several. But a letter and
what its sender wrote a minute later, or an answer to it, must come in that order, or the second
finds no conversation to join.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

WIDTH: Final = 16  # mails under way at once
HEADER_OCTETS_MAX: Final = 65_536  # looked at; who writes more header stands for himself
HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
TYING: Final = re.compile(
    rb"^(?:from|message-id|in-reply-to|references)[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
NAME: Final = re.compile(rb"[^\s<>()\",;:]+@[^\s<>()\",;:]+")


def ties(raw: bytes) -> frozenset[bytes]:
    """Return what a mail may have in common with one it belongs to: its sender, Message-IDs."""
    end = HEADER_END.search(raw, 0, HEADER_OCTETS_MAX)
    header = raw[: end.start() if end is not None else HEADER_OCTETS_MAX]
    lines = TYING.findall(header)
    return frozenset(name.lower() for line in lines for name in NAME.findall(line))


async def hand_over_in_lanes(
    mails: Iterator[tuple[int, bytes]],
    hand_over: Callable[[int, bytes], Awaitable[None]],
    is_alone: Callable[[], bool],
) -> None:
    """Call `hand_over(uid, raw)` for each; a mail waits for those before it that it is tied to.

    At most `WIDTH` are under way, one only while `is_alone()`; `mails` is asked for the next once
    there is room for it, and so may end early. Errors: those of `hand_over`.
    """
    last: dict[bytes, asyncio.Event] = {}

    async def after(waited: set[asyncio.Event], done: asyncio.Event, uid: int, raw: bytes) -> None:
        for event in waited:
            await event.wait()
        await hand_over(uid, raw)
        done.set()

    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        for uid, raw in mails:
            done, names = asyncio.Event(), ties(raw)
            waited = {last[name] for name in names if name in last}
            last |= dict.fromkeys(names, done)
            running.add(tasks.create_task(after(waited, done, uid, raw)))
            while len(running) >= (1 if is_alone() else WIDTH):
                _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
