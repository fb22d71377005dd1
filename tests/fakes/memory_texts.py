"""Blobs, drafts and blocked people in memory."""

from __future__ import annotations

import hashlib

from router.desk.surroundings import BlockedEntry, KeptMail


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
