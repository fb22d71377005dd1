"""What keeps connections alive and true: empty frames, places that others have moved; duties."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from channels.chat.rooms import Rooms
from router.core.model import SECOND, Span

BEAT_EVERY_S: Final = 15  # proxies give up connections that are silent for a minute


class KeepAlive:
    """Sends every stream an empty frame each 15 seconds, a fifteenth of them each second."""

    name = "chat-keep-alive"
    period: Span = SECOND

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._turn = 0

    async def __call__(self) -> None:
        """Take the next turn."""
        self._turn = (self._turn + 1) % BEAT_EVERY_S
        for room in self._rooms.all():
            if crc32(room.conversation.encode()) % BEAT_EVERY_S == self._turn:
                for listener in list(room.listeners):
                    listener.beat()


class Refresh:
    """Tells residents in line when others have changed their place or wait."""

    name = "chat-refresh"
    period: Span = 2 * SECOND

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def __call__(self) -> None:
        """Look, if anything was stored since."""
        await self._rooms.refresh()
