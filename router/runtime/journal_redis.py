"""The journal in Redis: a stream, and one script that stores a whole batch or nothing.

Every batch is an entry of the stream whose id is its version, so the order is the server's and a
page is read by version. Residents' words, policies and snapshots lie beside it under the same
prefix. What "stored" is worth is said by the server's persistence: see `redis_server`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TookTooLong

from router.core.model import SECOND, Instant, Span
from router.errors import Conflict, InvariantBroken, OutcomeUnknown, StorageFailed
from router.ports import Batch, Duty, Snapshot, StoredBatch, Words
from router.runtime.redis_address import without_secrets
from router.runtime.redis_link import stored_batch
from router.runtime.redis_scripts import APPEND, ENTER, KEEP_SNAPSHOT, OPENED, RELEASE
from router.runtime.redis_server import connect, room_of, settle
from router.runtime.redis_worries import worries

T = TypeVar("T")

PAGE: Final = 128  # batches read at a time
PART_BYTES: Final = 512 * 1024  # of a snapshot; an append waits for one part at most
PARTS_KEPT_S: Final = 3600  # of a snapshot that was never finished
SNAPSHOTS_KEPT: Final = 2
DIGITS: Final = 19  # of a version in the key of a snapshot

_WORDS: Final = msgspec.msgpack.Decoder(Words)


class RedisJournal:
    """Made by `open`; `close` it in the same event loop.

    An append that is cancelled goes on: `find_batch` and `version` answer after it has ended.
    """

    def __init__(self, url: str, town: str, *, writes: bool, replicas: int = 0) -> None:
        self._keys = {
            name: f"townline:{{{town}}}:{name}"
            for name in (
                "version", "log", "batches", "words", "line", "policies", "count", "newest",
                "snapshots", "settled", "secret", "daemons", "alone", "unfinished",
            )
        }  # fmt: skip
        self._snapshot = f"townline:{{{town}}}:snapshot:"
        self._where = without_secrets(url)
        self._writing = connect(url, retries=0)  # what may have been stored is not sent again
        self._reading = connect(url, retries=2)
        self._who = f"{OPENED}{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._writes = writes
        self._replicas = replicas
        self._turn = asyncio.Lock()
        self._free = 0
        self._closed = False

    @classmethod
    async def open(cls, url: str, town: str, *, replicas: int = 0) -> RedisJournal:
        """Open the town's journal for writing, beside other daemons; there need not be one.

        A batch counts as stored once so many replicas have it.

        Errors: `StorageFailed` when the server cannot be reached or refuses.
        """
        journal = cls(url, town, writes=True, replicas=replicas)
        try:
            await journal._refuse_unfinished()
            await journal._guarded("opening the journal", journal._enter)
            await journal.look_for_room()
        except BaseException:
            await journal.close()
            raise
        return journal

    @classmethod
    async def open_readonly(cls, url: str, town: str) -> RedisJournal:
        """Open an existing journal to read it, beside a running daemon or without one.

        Errors: `StorageFailed` when there is none; later, from every method that would change it.
        """
        journal = cls(url, town, writes=False)
        try:
            await journal._refuse_unfinished()
            if await journal.version() == 0:
                raise StorageFailed(
                    f"{journal._where} holds no journal of {town!r}: check TOWNLINE_JOURNAL"
                    " and TOWNLINE_TOWN"
                )
        except BaseException:
            await journal.close()
            raise
        return journal

    async def append(self, expected_version: int, batch: Batch) -> int:
        """Store the batch right after that version; see `Journal.append`."""
        if batch.count < 1:
            raise InvariantBroken(f"batch {batch.batch_id!r} has no events")
        self._to_write()
        return await self._in_turn(lambda: self._append(expected_version, batch))

    async def _append(self, expected_version: int, batch: Batch) -> int:
        version = expected_version + batch.count
        texts: list[Any] = [
            expected_version, version, batch.batch_id, batch.at, batch.count, batch.events,
            batch.answers, batch.before, len(batch.words),
        ]  # fmt: skip
        for words in batch.words:
            texts += [words.ref, msgspec.msgpack.encode(words)]
        texts.append(len(batch.policies))
        for policy in batch.policies:
            texts += [policy.hash, policy.body]
        names = ("version", "log", "batches", "words", "line", "policies", "count", "newest")
        keys = [self._keys[name] for name in names]
        try:
            ending, told = await _answer(self._writing.eval(APPEND, len(keys), *keys, *texts))
        except ResponseError as error:  # the server says that it did not
            raise self._failed("appending", error) from error
        except (Disconnected, TookTooLong, OSError) as error:
            await self._let_go()
            raise OutcomeUnknown(f"{self._where}: cut off while appending: {error}") from error
        if ending == b"stored":
            try:
                kept = await self._settle(batch.batch_id, told)
            except (RedisError, OSError) as error:  # the server has it, its replicas may not
                raise OutcomeUnknown(f"{self._where}: replicating: {error}") from error
            if kept is None:
                raise OutcomeUnknown(f"{self._where}: another server was promoted while appending")
        if ending == b"known":
            raise InvariantBroken(f"batch {batch.batch_id!r} is stored already at {int(told)}")
        if ending == b"another":
            raise InvariantBroken(
                f"{self._where} ends with batch {told.decode()!r}, not with {batch.before!r}:"
                " batches that were stored are lost; replay it"
            )
        if ending == b"conflict":
            raise Conflict(expected_version, int(told))
        return version

    async def _let_go(self) -> None:
        """Drop the reader's connections: that server may stand still, and answers nobody."""
        with suppress(RedisError, OSError):
            await self._reading.connection_pool.disconnect(inuse_connections=False)

    async def find_batch(self, batch_id: str) -> int | None:
        """Return the version after that batch, or None; waits for a running append to end."""

        async def look() -> bytes | None:  # the server to which the next append goes
            asked = self._writing.hget(self._keys["batches"], batch_id)
            found: bytes | None = await _answer(asked)
            return None if found is None else await self._settle(batch_id, found)

        found = await self._in_turn(lambda: self._guarded("looking up a batch", look))
        return None if found is None else int(found)

    async def _settle(self, batch_id: str, version: bytes) -> bytes | None:
        """Return the version once enough replicas have the batch; None: a promoted one has not."""
        if not self._replicas:
            return version
        return await settle(self._writing, self._keys, self._replicas, batch_id)

    async def version(self) -> int:
        """Return the number of events stored; waits for a running append to end."""
        key = self._keys["version"]
        found = await self._in_turn(
            lambda: self._guarded("reading the version", lambda: self._reading.get(key))
        )
        return 0 if found is None else int(found)

    async def last_instant(self) -> Instant:
        """Return the sequencer time of the newest batch, 0 for the empty journal."""
        rows = await self._guarded(
            "reading the last instant", lambda: self._reading.xrevrange(self._keys["log"], count=1)
        )
        return stored_batch(*rows[0]).at if rows else 0

    async def read(self, after_version: int) -> AsyncIterator[StoredBatch]:
        """Yield the batches after that version, oldest first."""
        while True:
            page = partial(
                self._reading.xrange, self._keys["log"], min=f"{after_version + 1}-0", count=PAGE
            )
            rows = await self._guarded("reading the journal", page)
            for entry, fields in rows:
                yield stored_batch(entry, fields)
            if len(rows) < PAGE and after_version == await self.version():
                return
            if rows:
                after_version = stored_batch(*rows[-1]).version

    async def mentions(self, text: str) -> tuple[int, int] | None:
        """Return the versions around the batches whose events hold the text; None: none does."""
        wanted, before, found = text.encode(), 0, None
        async for stored in self.read(0):
            if wanted in stored.events:
                found = (before if found is None else found[0], stored.version)
            before = stored.version
        return found

    async def policy(self, policy_hash: str) -> bytes | None:
        """Return the stored policy's bytes."""
        asked = partial(self._reading.hget, self._keys["policies"], policy_hash)
        found: bytes | None = await self._guarded("reading a policy", asked)
        return found

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot and the one before it; appends pass between its parts."""
        self._to_write()
        await self._guarded("saving a snapshot", lambda: self._save(snapshot))

    async def _save(self, snapshot: Snapshot) -> None:
        parts = f"{self._snapshot}parts:{id(snapshot):x}:{snapshot.version}"
        await _answer(self._reading.delete(parts))
        for start in range(0, len(snapshot.body), PART_BYTES):
            await _answer(self._writing.append(parts, snapshot.body[start : start + PART_BYTES]))
            if start == 0:
                await _answer(self._writing.expire(parts, PARTS_KEPT_S))
        version = f"{snapshot.version:0{DIGITS}}"
        keep = self._writing.eval(
            KEEP_SNAPSHOT, 2, self._keys["snapshots"], parts, version, SNAPSHOTS_KEPT,
            self._snapshot,
        )  # fmt: skip
        await _answer(keep)
        await self.look_for_room()

    async def snapshots(self) -> list[Snapshot]:
        """Return the kept snapshots, newest first."""
        found: list[Snapshot] = await self._guarded("reading the snapshots", self._snapshots)
        return found

    async def _snapshots(self) -> list[Snapshot]:
        names = await _answer(self._reading.zrange(self._keys["snapshots"], 0, -1))
        found = []
        for name in reversed(names):
            body = await _answer(self._reading.get(self._snapshot + name.decode()))
            if body is not None:  # else a newer one has just taken its place
                found.append(Snapshot(int(name), body))
        return found

    async def waiting(self, limit: int) -> list[Words]:
        """Return the oldest words that history does not have yet."""
        line = partial(self._reading.zrange, self._keys["line"], 0, limit - 1)
        refs = await self._guarded("reading waiting words", line)
        return list((await self.words([ref.decode() for ref in refs])).values())

    async def words(self, refs: list[str]) -> dict[str, Words]:
        """Return those of the asked-for words that are still here."""
        if not refs:
            return {}
        asked = partial(self._reading.hmget, self._keys["words"], refs)
        bodies = await self._guarded("reading words", asked)
        found = [(ref, body) for ref, body in zip(refs, bodies, strict=True) if body is not None]
        return {ref: _WORDS.decode(body) for ref, body in found}

    async def moved(self, refs: list[str]) -> None:
        """Forget words that history has stored."""
        self._to_write()
        if not refs:
            return
        both = self._reading.pipeline(transaction=True)
        both.hdel(self._keys["words"], *refs)
        both.zrem(self._keys["line"], *refs)
        await self._guarded("forgetting words", both.execute)

    def free_bytes(self) -> int:
        """Return what the server may still grow by, as of the last look."""
        return self._free

    async def agree(self, name: str, value: str) -> bool:
        """Keep the value if nobody has; say whether it is the one that is kept."""
        key = self._keys[name]

        async def ask() -> bool:
            await _answer(self._reading.set(key, value, nx=True))
            kept: bytes = await _answer(self._reading.get(key))
            return kept.decode() == value

        agreed: bool = await self._guarded("comparing", ask)
        return agreed

    async def look_for_room(self) -> None:
        """Ask the server what it may still grow by."""
        self._free = await self._guarded("measuring memory", lambda: room_of(self._reading))

    def duties(self) -> list[Duty]:
        """Return what must be done over and over while the daemon runs."""
        return [LookForRoom(self)] if self._writes else []

    async def worries(self) -> list[str]:
        """Return what could lose a stored batch, each with the remedy."""
        found: list[str] = await self._guarded(
            "reading the settings", lambda: worries(self._reading, self._replicas)
        )
        return found

    async def close(self) -> None:
        """Give the connections back; harmless twice."""
        if self._closed:
            return
        self._closed = True
        async with self._turn:  # a running append ends first
            with suppress(RedisError, OSError):  # it is let go by itself
                await self._leave()
            for client in (self._writing, self._reading):
                with suppress(RedisError, OSError):  # behind TLS it says goodbye
                    await client.aclose()

    async def _in_turn(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run it after what was begun before, to its end even if the caller is cancelled."""

        async def run() -> T:
            async with self._turn:
                self._check_open()
                return await work()

        self._check_open()
        return await asyncio.shield(asyncio.ensure_future(run()))

    async def _guarded(self, doing: str, work: Callable[[], Any]) -> Any:
        """Await it; the library types its asynchronous commands as both kinds, hence Any."""
        self._check_open()
        try:
            return await work()
        except (RedisError, OSError) as error:
            raise self._failed(doing, error) from error

    async def _enter(self) -> None:
        """Be counted among the daemons. Errors: `StorageFailed` while somebody has it alone."""
        keys = [self._keys[name] for name in ("alone", "daemons")]
        if not await _answer(self._reading.eval(ENTER, len(keys), *keys, self._who)):
            raise StorageFailed(
                f"{self._where}: the journal is being moved or restored: wait until that is done"
            )

    async def _leave(self) -> None:
        """Be counted no longer, and have nothing alone."""
        if self._writes:
            keys = [self._keys[name] for name in ("alone", "daemons")]
            await _answer(self._reading.eval(RELEASE, len(keys), *keys, self._who))

    async def _refuse_unfinished(self) -> None:
        """Errors: `StorageFailed` while it is being filled from another journal."""
        asked = partial(self._reading.exists, self._keys["unfinished"])
        if await self._guarded("opening the journal", asked):
            raise StorageFailed(
                f"{self._where}: the journal was not filled to its end: run the `townline"
                " migrate-journal` or `townline restore` that began it once more"
            )

    def _to_write(self) -> None:
        if not self._writes:
            raise StorageFailed(f"{self._where} was opened for reading only")

    def _check_open(self) -> None:
        if self._closed:
            raise StorageFailed(f"{self._where} is closed")

    def _failed(self, doing: str, error: Exception) -> StorageFailed:
        return StorageFailed(f"{self._where}: {doing}: {error}")


class LookForRoom:
    """A `Duty`: how much the server may still grow is asked, because nobody tells."""

    name = "journal-room"
    period: Span = 10 * SECOND

    def __init__(self, journal: RedisJournal) -> None:
        self._journal = journal

    async def __call__(self) -> None:
        """Ask."""
        await self._journal.look_for_room()


async def _answer(asked: Any) -> Any:
    """Await a command; the library types its asynchronous commands as both kinds."""
    return await asked
