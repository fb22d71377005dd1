"""What every journal and its readers must know of a journal that has been shortened."""

from __future__ import annotations

from router.errors import InvariantBroken, JournalShortened
from router.ports import Beginning, Journal, StoredBatch


async def begins_at(journal: Journal) -> int:
    """Return the version after which batches are kept; 0: all of them."""
    beginning = await journal.beginning()
    return 0 if beginning is None else beginning.version


async def check_follows(journal: Journal, stored: StoredBatch, after_version: int) -> None:
    """Errors: `JournalShortened` when batches between that version and this batch are gone.

    A hole that nobody made on purpose is for whoever folds the batches to refuse.
    """
    if stored.version - stored.count <= after_version:
        return
    first = await begins_at(journal)
    if after_version < first:
        raise JournalShortened(after_version, first)


def check_kept(beginning: Beginning, stands_at: int) -> None:
    """Errors: `InvariantBroken` when a journal of that version would lose its newest batch."""
    if beginning.version >= stands_at:
        raise InvariantBroken(
            f"a journal of {stands_at} events cannot begin after event {beginning.version}"
        )
