"""From one journal to another: every batch as it is, words that wait, policies, snapshots.

A copy that was cut off goes on where it ended. What two
journals hold is compared by what can be read from them, and by the state to which they lead.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec

from router.core.events import PolicyAdopted
from router.core.model import Instant
from router.core.upcast import decode_events
from router.errors import StorageFailed
from router.ports import Beginning, StoredBatch, StoredPolicy, Words
from router.runtime.journals import Filling, OpenJournal
from router.runtime.recovery import recover

PAGE_BYTES: Final = 1024 * 1024
PAGE_BATCHES: Final = 1_000
WORDS_MAX: Final = 1_000_000  # read at once: history has not been reached for months if it is more

Progress = Callable[[str, int, int], None]  # what is done; how much of it, of how much

_ADOPTED: Final = str(PolicyAdopted.__struct_config__.tag).encode()
_ENCODER: Final = msgspec.msgpack.Encoder()


class Contents(msgspec.Struct, frozen=True):
    """What a journal holds; equal journals, equal contents, whatever they are kept in."""

    version: int  # events
    batches: int
    last_instant: Instant
    policies: int
    words: int  # that history does not have yet
    digest: str  # hex SHA-256 of all of these
    state: str  # hash of the state to which they lead
    begins_at: int = 0  # event after which batches are kept


async def contents(journal: OpenJournal, progress: Progress) -> Contents:
    """Read everything. Errors: `StorageFailed`, `InvariantBroken`: it cannot be read or folded."""
    whole, hashes = hashlib.sha256(), set[str]()
    batches, version, at, ends = 0, 0, 0, await journal.version()
    beginning = await journal.beginning()
    if beginning is not None:
        whole.update(_ENCODER.encode((beginning, await _first_snapshot(journal, beginning))))
        hashes |= {name for _, name in beginning.adopted}
    first = 0 if beginning is None else beginning.version
    async for batch in journal.read(first):
        whole.update(_ENCODER.encode(_kept(batch)))
        hashes |= _adopted(batch)
        batches, version, at = batches + 1, batch.version, batch.at
        progress("checking", version, ends)
    for policy in await _policies(journal, sorted(hashes)):
        whole.update(_ENCODER.encode(policy))
    words = await journal.waiting(WORDS_MAX)
    whole.update(_ENCODER.encode(words))
    state = await recover(journal)
    return Contents(
        version=version,
        batches=batches,
        last_instant=at,
        policies=len(hashes),
        words=len(words),
        digest=whole.hexdigest(),
        state=state.hash(),
        begins_at=first,
    )


async def copy_journal(
    source: OpenJournal,
    target: Filling,
    *,
    version: int,
    words: Sequence[Words],
    progress: Progress,
) -> None:
    """Copy the batches up to the version, with what they need; go on where a copy was cut off.

    Shape: `words` are those that wait at that version; the target is not finished.
    Errors: `StorageFailed`, also when what the target has is of another journal.
    """
    begun, before = await _begin(source, target)
    async for page in _pages(source, begun, version):
        hashes = sorted({name for batch in page for name in _adopted(batch)} | before)
        before = set()
        await target.fill(page, await _policies(source, hashes))
        progress("copying", page[-1].version, version)
    await target.put_words(words)
    for snapshot in reversed(await source.snapshots()):
        if snapshot.version <= version:
            await target.save_snapshot(snapshot)


async def _begin(source: OpenJournal, target: Filling) -> tuple[int, set[str]]:
    """Return the version after which to go on, and the policies that were adopted before it.

    Errors: `StorageFailed` when what the target has is of another journal.
    """
    beginning, theirs = await source.beginning(), await target.beginning()
    begun = await target.version()
    if begun and theirs == beginning and await _holds_the_same(source, target, begun):
        return begun, set()
    if begun or theirs not in (None, beginning):
        raise StorageFailed(
            f"the target holds the first {begun} events of another journal, which was not moved to"
            " its end: name an empty target, or remove what it holds"
        )
    if beginning is None:
        return 0, set()
    await target.begin_at(beginning)
    return beginning.version, {name for _, name in beginning.adopted}


async def _holds_the_same(source: OpenJournal, target: Filling, begun: int) -> bool:
    """Say whether the newest batch of the target stands in the source as well."""
    async for ours in target.read(begun - 1):
        async for theirs in source.read(begun - 1):
            return _kept(theirs) == _kept(ours)
    return False


async def _pages(source: OpenJournal, after: int, version: int) -> AsyncIterator[list[StoredBatch]]:
    page: list[StoredBatch] = []
    size = 0
    async for batch in source.read(after):
        if batch.version > version:
            break
        page.append(batch)
        size += len(batch.events)
        if size >= PAGE_BYTES or len(page) >= PAGE_BATCHES:
            yield page
            page, size = [], 0
    if page:
        yield page


async def _first_snapshot(journal: OpenJournal, beginning: Beginning) -> bytes:
    for snapshot in await journal.snapshots():
        if snapshot.version == beginning.version:
            return snapshot.body
    raise StorageFailed(
        f"the snapshot of event {beginning.version}, with which the journal begins, is not there:"
        " if a daemon has shortened the journal meanwhile, begin again; else restore a backup"
    )


def _adopted(batch: StoredBatch) -> set[str]:
    """Return the hashes of the policies that the batch adopts."""
    if _ADOPTED not in batch.events:
        return set()
    return {str(e.policy) for e in decode_events(batch.events) if isinstance(e, PolicyAdopted)}


async def _policies(journal: OpenJournal, hashes: Sequence[str]) -> list[StoredPolicy]:
    found = []
    for name in hashes:
        body = await journal.policy(name)
        if body is None or hashlib.sha256(body).hexdigest() != name:
            raise StorageFailed(
                f"policy {name} was adopted and is not stored as it was: the journal is damaged,"
                " restore a backup"
            )
        found.append(StoredPolicy(name, body))
    return found


def _kept(batch: StoredBatch) -> tuple[int, str, Instant, int, bytes]:
    """Return what every kind of journal keeps of a batch: answers are for daemons that run."""
    return batch.version, batch.batch_id, batch.at, batch.count, batch.events
