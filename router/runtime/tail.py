"""The last batches, as long as a server that takes another one's place may not have them.

Who has stored a batch holds all of it; who has followed it holds its events, and of the residents'
words those that it took itself. So every daemon can give a batch back, and whoever has words adds
them to it. Every daemon also holds the commands that it took and has acknowledged, wherever they
were decided, so that it can have them decided once more if their batch is lost for good.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from router.core.commands import Command
from router.core.model import MINUTE, SECOND, Instant, Span
from router.errors import Conflict, HistoryForked, StorageError, StorageFailed
from router.ports import Batch, Clock, Journal, StoredBatch, StoredPolicy, Words
from router.runtime.metrics import Metrics
from router.runtime.sender import AnySender

BYTES_MAX: Final = 16 * 1024 * 1024
LAG_MAX: Final[Span] = MINUTE  # by which a replica that is promoted may be behind
OTHERS_FIRST: Final[Span] = SECOND  # after a cut: they may hold what the server has lost

log = structlog.get_logger(__name__)

Taken = tuple[Command, tuple[Words, ...]]  # a command as its sender gave it


class Kept(NamedTuple):
    """A batch, and what this daemon has to do with it."""

    after: int  # the version that it follows
    batch: Batch
    taken: tuple[Taken, ...]  # by this daemon, done in the batch, acknowledged

    @property
    def size(self) -> int:
        """Return about how many bytes of residents and events it holds."""
        batch = self.batch
        words = (word for _, words in self.taken for word in words)
        return len(batch.events) + sum(len(word.body) for word in (*batch.words, *words))


class Tail:
    """The last batches of the history that this daemon follows, about 16 MB of them."""

    def __init__(self, clock: Clock, metrics: Metrics, bytes_max: int = BYTES_MAX) -> None:
        self._clock, self._metrics = clock, metrics
        self._lost_since: Instant | None = None  # the journal is behind this daemon
        self._unsure_since: Instant | None = None  # of the words: another server may have come
        self.tried: Batch | None = None  # by this daemon; how that ended is not known yet
        self._kept: deque[Kept] = deque()
        self._by_version: dict[int, Kept] = {}
        self._bytes, self._bytes_max = 0, bytes_max

    def __iter__(self) -> Iterator[Kept]:
        """Return them, oldest first."""
        return iter(self._kept)

    @property
    def is_unsure(self) -> bool:
        """Say whether words may be missing in the journal that this daemon has."""
        return self._unsure_since is not None

    def add_followed(self, kept: Kept) -> None:
        """Keep one that was read; it may be ours, lost, and given back without its words."""
        if self.tried is not None and self.tried.batch_id == kept.batch.batch_id:
            kept = kept._replace(batch=self.tried)
            self.doubt(self._clock.now())
        self.add(kept)

    def add(self, kept: Kept) -> None:
        """Keep the newest one, and let the oldest go."""
        self._kept.append(kept)
        self._by_version[kept.after] = kept
        self._bytes += kept.size
        while self._bytes > self._bytes_max and len(self._kept) > 1:
            oldest = self._kept.popleft()
            del self._by_version[oldest.after]
            self._bytes -= oldest.size

    async def put_back(self, journal: Journal, version: int) -> None:
        """Give the journal back what it has lost of everything up to that version.

        Errors: `HistoryForked` when nobody kept it, or the journal has gone on with something else;
        `StorageError`: to be tried again.
        """
        while (stands_at := await journal.version()) < version:
            if self._lost_since is None:
                self._lost_since = self._clock.now()
                log.error("journal_has_lost", stands_at=stands_at, version=version)
            kept = self._by_version.get(stands_at)
            if kept is None and self._clock.now() < self._lost_since + OTHERS_FIRST:
                raise StorageFailed("the journal has lost batches that another daemon may have")
            if kept is None:
                raise HistoryForked(
                    f"the journal stands at {stands_at}, this daemon at {version}, and what is"
                    " between was not kept: start again"
                )
            with suppress(Conflict):  # somebody else was quicker
                await journal.append(stands_at, kept.batch)
                self._metrics.given_back.inc()
        self._lost_since = None
        await self._add_words(journal)

    def doubt(self, since: Instant) -> None:
        """Hear that the server was not there since then: what came before may be lost."""
        before = self._unsure_since
        self._unsure_since = since if before is None else min(before, since)

    async def _add_words(self, journal: Journal) -> None:
        """See that the last batches have their words, whoever has given them back."""
        since, self._unsure_since = self._unsure_since, None
        if since is None:
            return
        try:
            for each in [each for each in self._kept if each.batch.at >= since - LAG_MAX]:
                if each.batch.words:
                    await journal.bring_words(each.batch.batch_id, each.batch.words)
        except StorageError:
            self.doubt(since)
            raise


def taken_of(senders: Iterable[AnySender]) -> tuple[Taken, ...]:
    """Return the commands of those who wait here and are told that they are done."""
    return tuple((each.command, each.words) for each in senders if each.is_done)


def batch_of(
    stored: StoredBatch, policies: tuple[StoredPolicy, ...], taken: tuple[Taken, ...]
) -> Batch:
    """Return the batch as its writer had it, with what else is known of it."""
    return Batch(
        batch_id=stored.batch_id,
        at=stored.at,
        count=stored.count,
        events=stored.events,
        words=tuple(each for _, words in taken for each in words),
        policies=policies,
        answers=stored.answers,
        before=stored.before,
    )
