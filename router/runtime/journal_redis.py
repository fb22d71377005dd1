"""The journal in Redis: a stream, and one script that stores a whole batch or nothing.

Every batch is an entry of the stream whose id is its version, so the order is the server's and a
page is read by version. Residents' words, policies and snapshots lie beside it under the same
prefix. What "stored" is worth is said by the server's persistence: see `redis_server`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self, TypeVar

from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TookTooLong

from router.core.model import SECOND, Instant, Span
from router.errors import Conflict, InvariantBroken, OutcomeUnknown, StorageFailed
from router.ports import Batch, Beginning, Duty, Snapshot, StoredBatch, Words
from router.runtime.beginnings import begins_at, check_follows, check_kept
from router.runtime.redis_address import without_secrets
from router.runtime.redis_append import APPEND_KEYS, STOP_FIRST, append_arguments, check_stored
from router.runtime.redis_link import stored_batch
from router.runtime.redis_scripts import APPEND, ENTER, OPENED, RELEASE
from router.runtime.redis_server import answer, connect, room_of, settle
from router.runtime.redis_shortening import begin_later, beginning_in, forget
from router.runtime.redis_snapshots import keep, send, snapshots_in
from router.runtime.redis_spool import bring, forget_words, waiting_in, words_in
from router.runtime.redis_worries import worries

T = TypeVar("T")

PAGE: Final = 128  # batches read at a time
OPENING_MS: Final = 60_000  # for which who opens it counts as a daemon, however long it reads


class RedisJournal:
    """Made by `open`; `close` it in the same event loop.

    An append that is cancelled goes on: `find_batch` and `version` answer after it has ended.
    """

    def __init__(self, url: str, town: str, *, writes: bool, replicas: int = 0) -> None:
        self._keys = {
            name: f"townline:{{{town}}}:{name}"
            for name in (
                "version", "log", "batches", "words", "line", "policies", "count", "chain",
                "snapshots", "settled", "secret", "daemons", "alone", "unfinished", "beginning",
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
    async def open(cls, url: str, town: str, *, replicas: int = 0) -> Self:
        """Open the town's journal for writing, beside other daemons; there need not be one.

        A batch counts as stored once so many replicas have it.

        Errors: `StorageFailed` when the server cannot be reached or refuses.
        """
        journal = cls(url, town, writes=True, replicas=replicas)
        try:
            await journal._prepare()
        except BaseException:
            await journal.close()
            raise
        return journal

    async def _prepare(self) -> None:
        await self._refuse_unfinished()
        await self._guarded("opening the journal", self._enter)
        await self.look_for_room()

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
        keys = [self._keys[name] for name in APPEND_KEYS]
        texts = append_arguments(expected_version, batch)
        try:
            ending, told = await answer(self._writing.eval(APPEND, len(keys), *keys, *texts))
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
        check_stored(self._where, expected_version, batch, ending, told)
        return expected_version + batch.count

    async def bring_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """See `Journal.bring_words`."""
        self._to_write()
        work = partial(bring, self._reading, self._keys, batch_id, words)
        await self._guarded("bringing words", work)

    async def _let_go(self) -> None:
        """Drop the reader's connections: that server may stand still, and answers nobody."""
        with suppress(RedisError, OSError):
            await self._reading.connection_pool.disconnect(inuse_connections=False)

    async def find_batch(self, batch_id: str) -> int | None:
        """Return the version after that batch, or None; waits for a running append to end."""

        async def look() -> bytes | None:  # the server to which the next append goes
            asked = self._writing.hget(self._keys["batches"], batch_id)
            found: bytes | None = await answer(asked)
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
                stored = stored_batch(entry, fields)
                await check_follows(self, stored, after_version)
                yield stored
                after_version = stored.version
            if len(rows) < PAGE and after_version == await self.version():
                return

    async def mentions(self, text: str) -> tuple[int, int] | None:
        """Return the versions around the batches whose events hold the text; None: none does."""
        wanted, found = text.encode(), None
        async for stored in self.read(await begins_at(self)):
            if wanted in stored.events:
                before = stored.version - stored.count if found is None else found[0]
                found = (before, stored.version)
        return found

    async def beginning(self) -> Beginning | None:
        """Return where the journal begins; None: with the first event."""
        asked = partial(beginning_in, self._reading, self._keys)
        found: Beginning | None = await self._guarded("reading the beginning", asked)
        return found

    async def shorten(self, begins_at: int, beginning: Beginning, state: bytes) -> None:
        """Have the journal begin there; see `Journal.shorten`."""
        self._to_write()
        check_kept(beginning, await self.version())
        work = partial(self._shorten, begins_at, beginning, state)
        await self._guarded("shortening the journal", work)

    async def _shorten(self, begins_at: int, beginning: Beginning, state: bytes) -> None:
        snapshot = Snapshot(beginning.version, state)
        parts = await send(self._writing, self._snapshot, self._who, snapshot)
        here = await begin_later(
            self._writing, self._keys, self._snapshot, parts, begins_at, beginning
        )
        if here != beginning.version:
            raise Conflict(begins_at, here)
        await forget(self._reading, self._keys, here)

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
        parts = await send(self._writing, self._snapshot, self._who, snapshot)
        await keep(self._writing, self._keys, self._snapshot, parts, snapshot.version)
        await self.look_for_room()

    async def snapshots(self) -> list[Snapshot]:
        """Return the kept snapshots, newest first."""
        found: list[Snapshot] = await self._guarded(
            "reading the snapshots",
            partial(snapshots_in, self._reading, self._keys, self._snapshot),
        )
        return found

    async def waiting(self, limit: int) -> list[Words]:
        """Return the oldest words that history does not have yet."""
        work = partial(waiting_in, self._reading, self._keys, limit)
        found: list[Words] = await self._guarded("reading waiting words", work)
        return found

    async def words(self, refs: list[str]) -> dict[str, Words]:
        """Return those of the asked-for words that are still here."""
        work = partial(words_in, self._reading, self._keys, refs)
        found: dict[str, Words] = await self._guarded("reading words", work)
        return found

    async def moved(self, refs: list[str]) -> None:
        """Forget words that history has stored."""
        self._to_write()
        if refs:
            work = partial(forget_words, self._reading, self._keys, refs)
            await self._guarded("forgetting words", work)

    def free_bytes(self) -> int:
        """Return what the server may still grow by, as of the last look."""
        return self._free

    async def agree(self, name: str, value: str) -> bool:
        """Keep the value if nobody has; say whether it is the one that is kept."""
        key = self._keys[name]

        async def ask() -> bool:
            await answer(self._reading.set(key, value, nx=True))
            kept: bytes = await answer(self._reading.get(key))
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
        if not await answer(self._reading.eval(ENTER, len(keys), *keys, self._who, OPENING_MS)):
            raise StorageFailed(f"{self._where}: the journal is moved or restored: {STOP_FIRST}")

    async def _leave(self) -> None:
        """Be counted no longer, and have nothing alone."""
        if self._writes:
            keys = [self._keys[name] for name in ("alone", "daemons")]
            await answer(self._reading.eval(RELEASE, len(keys), *keys, self._who))

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
