"""Blobs, drafts and blocked people in memory."""

from __future__ import annotations

import hashlib

from router.core.records import Message
from router.desk.surroundings import BlockedEntry, KeptMail
from router.ports import EarlierItem, Known


class MemoryBlobs:
    """A `Blobs` port; `stored` is everything there is."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    async def put(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        self.stored[name] = body
        return name

    async def get(self, name: str) -> bytes | None:
        return self.stored.get(name)


class MemoryDrafts:
    """What agents are writing."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    async def save(self, item: str, agent: str, text: str) -> None:
        self.texts[item, agent] = text
        if not text:
            del self.texts[item, agent]

    async def find(self, item: str, agent: str) -> str:
        return self.texts.get((item, agent), "")


class NobodyBlocked:
    """A list of blocked people that stays empty."""

    async def block(self, key: str, until: int | None, reason: str, by: str) -> None:
        pass

    async def unblock(self, key: str, by: str) -> None:
        pass

    async def everyone(self) -> list[BlockedEntry]:
        return []


async def nothing_kept(limit: int) -> list[KeptMail]:
    """No machine has written."""
    return []


class NothingEarlier:
    """A history in which nobody has come before."""

    async def items(self, of: Known, after: str, limit: int) -> tuple[EarlierItem, ...]:
        return ()

    async def item(self, of: Known, item_id: str) -> EarlierItem | None:
        return None

    async def messages(self, conversation: str) -> tuple[Message, ...]:
        return ()
