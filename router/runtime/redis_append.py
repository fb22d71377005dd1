"""One append to the journal in Redis: what the script is told, and what its answer means."""

from __future__ import annotations

from typing import Any, Final

from router.errors import Conflict, HistoryForked, InvariantBroken, StorageFailed
from router.ports import Batch, chained
from router.runtime.redis_spool import as_arguments

STOP_FIRST: Final = "stop every daemon and wait until that is done"
APPEND_KEYS: Final = (
    "words", "line", "count", "version", "log", "batches", "policies", "chain", "alone",
)  # fmt: skip


def append_arguments(expected_version: int, batch: Batch) -> list[Any]:
    """Return what `redis_scripts.APPEND` is told beside the keys."""
    version = expected_version + batch.count
    chain = chained(batch.before, version, batch)
    policies = [text for each in batch.policies for text in (each.hash, each.body)]
    return [
        expected_version, version, batch.batch_id, batch.at, batch.count, batch.events,
        batch.answers, batch.before, chain, len(batch.words), *as_arguments(batch.words),
        len(batch.policies), *policies,
    ]  # fmt: skip


def check_stored(
    where: str, expected_version: int, batch: Batch, ending: bytes, told: bytes
) -> None:
    """Errors: what `Journal.append` raises, when the script has not stored the batch."""
    if ending == b"conflict":
        raise Conflict(expected_version, int(told))
    if ending == b"another":
        raise HistoryForked(
            f"{where} has gone on with another history after version {expected_version}:"
            " batches that were stored are lost; start again"
        )
    if ending == b"known":
        raise InvariantBroken(f"batch {batch.batch_id!r} is stored already at {int(told)}")
    if ending == b"alone":
        raise StorageFailed(f"{where}: {told.decode()} moves the journal: {STOP_FIRST}")
