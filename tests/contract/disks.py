"""Where the journals of the contract are opened: a file, memory, a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from msgspec.structs import replace

from router.ports import (
    Batch,
    StoredBatch,
    StoredPolicy,
    Words,
)
from router.runtime.clock import VirtualClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.journal_redis import RedisJournal
from router.runtime.journal_sqlite import SqliteJournal
from tests.fakes import redis_server

T = TypeVar("T")
AnyJournal = SqliteJournal | MemoryJournal | RedisJournal


class Disk(Protocol):
    """Where journals are opened, one after the other."""

    async def open(self) -> AnyJournal: ...


class SqliteDisk:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sqlite"

    async def open(self) -> SqliteJournal:
        return await SqliteJournal.open(self.path)


class MemoryDisk:
    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()

    async def open(self) -> MemoryJournal:
        return MemoryJournal(self.store, VirtualClock(0))


class RedisDisk:
    url: ClassVar[str] = ""  # of the server of this module's tests
    towns: ClassVar[Iterator[int]] = count()

    def __init__(self, folder: Path) -> None:
        self.town = f"town-{next(self.towns)}"

    async def open(self) -> RedisJournal:
        return await RedisJournal.open(self.url, self.town)


DISKS: dict[str, Callable[[Path], Disk]] = {"sqlite": SqliteDisk, "memory": MemoryDisk}
if redis_server.PROGRAM is not None:
    DISKS["redis"] = RedisDisk


@asynccontextmanager
async def opened(disk: Disk) -> AsyncIterator[AnyJournal]:
    journal = await disk.open()
    try:
        yield journal
    finally:
        await journal.close()


def a_batch(
    name: str, count: int = 1, *, words: tuple[Words, ...] = (), policies: tuple[str, ...] = ()
) -> Batch:
    stored = tuple(StoredPolicy(each, f"body of {each}".encode()) for each in policies)
    return Batch(name, 1000 + count, count, f"events of {name}".encode(), words, stored)


def some_words(ref: str) -> Words:
    return Words(ref, "message", f"the words {ref}".encode())


async def everything(journal: AnyJournal, after: int = 0) -> list[StoredBatch]:
    return [replace(stored, before="") async for stored in journal.read(after)]  # not kept by all
