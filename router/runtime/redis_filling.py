"""A journal in Redis that is filled from another one, and that nobody opens until it is whole.

A key beside it marks it as unfinished. Every page of batches comes in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from router.errors import StorageFailed
from router.ports import Beginning, StoredBatch, StoredPolicy, Words, chained
from router.runtime.redis_alone import RedisAlone
from router.runtime.redis_shortening import put_beginning

WORDS_AT_ONCE: Final = 500


# what a journal holds; the rest is of daemons
HOLDS: Final = ("version", "log", "batches", "words", "policies", "snapshots", "beginning")


class RedisFilling(RedisAlone):
    """A `Filling`. Made by `open`, which begins one or goes on with one that was begun.

    Errors of `open`: `StorageFailed` also when there is a journal already.
    """

    async def _prepare(self) -> None:
        await self._take()
        await self._guarded("beginning the journal", self._begin)

    async def _begin(self) -> None:
        held = [self._keys[name] for name in HOLDS]
        if not await self._reading.exists(self._keys["unfinished"]):
            if await self._reading.exists(*held):
                raise StorageFailed(
                    f"{self._where} holds a journal of this town already: set TOWNLINE_TOWN to"
                    " another name, or name another server or database"
                )
            await self._writing.set(self._keys["unfinished"], "1")

    async def begin_at(self, beginning: Beginning) -> None:
        """Have the journal, which is empty, begin there; its snapshot is saved later."""
        doing = "beginning the journal"
        await self._guarded(doing, partial(put_beginning, self._writing, self._keys, beginning))

    async def fill(self, page: Sequence[StoredBatch], policies: Sequence[StoredPolicy]) -> None:
        """Store these batches after those that are here, and what they adopted, or nothing."""
        together = self._writing.pipeline(transaction=True)
        chain = await self._chain(page[0])
        for batch in page:
            fields: dict[Any, Any] = {
                "b": batch.batch_id,
                "a": batch.at,
                "c": batch.count,
                "e": batch.events,
                "r": batch.answers,
                "h": chain,
            }
            chain = chained(chain, batch.version, batch)
            together.xadd(self._keys["log"], fields, id=f"{batch.version}-0")
            together.hset(self._keys["batches"], batch.batch_id, batch.version)
        for policy in policies:
            together.hset(self._keys["policies"], policy.hash, policy.body)
        together.set(self._keys["version"], page[-1].version)
        together.set(self._keys["chain"], chain)
        await self._guarded("filling the journal", together.execute)

    async def _chain(self, first: StoredBatch) -> str:
        """Return the hash of the history before that batch, which not every journal keeps."""
        key = self._keys["chain"]
        found = await self._guarded("filling the journal", lambda: self._writing.get(key))
        return first.before if found is None else found.decode()

    async def put_words(self, words: Sequence[Words]) -> None:
        """Let these words wait, in their order, and no others."""
        spool = [self._keys[name] for name in ("words", "line", "count")]
        await self._guarded("filling the journal", lambda: self._writing.delete(*spool))
        for start in range(0, len(words), WORDS_AT_ONCE):
            together = self._writing.pipeline(transaction=True)
            part = words[start : start + WORDS_AT_ONCE]
            for number, each in enumerate(part, start + 1):
                together.hset(self._keys["words"], each.ref, msgspec.msgpack.encode(each))
                together.zadd(self._keys["line"], {each.ref: number})
            together.set(self._keys["count"], start + len(part))
            await self._guarded("filling the journal", together.execute)

    async def finish(self) -> None:
        """Let everybody open it."""
        mark = self._keys["unfinished"]
        await self._guarded("finishing the journal", lambda: self._writing.delete(mark))
