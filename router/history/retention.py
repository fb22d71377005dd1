"""The duty that empties words once the town's policy has kept them long enough.

Words about an item that is not ended stay, however old: somebody is working with them. What was
emptied leaves its row; figures and stories of the items stay.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection, select

from router.core.model import HOUR, Instant, Span
from router.core.policy import Policy
from router.history import words
from router.history.database import Database
from router.history.tables import contacts, items, mentions, messages
from router.ports import Clock

_log = structlog.get_logger(__name__)

_REFS_AT_ONCE: Final = 20_000  # looked for at once, so that memory stays bounded


class WordRetention:
    """A `Duty`. `policy` gives the rules in force. Errors: `StorageFailed`."""

    name = "word-retention"
    period: Span = HOUR

    def __init__(self, database: Database, clock: Clock, policy: Callable[[], Policy]) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy

    async def __call__(self) -> None:
        """Empty what is older than the policy keeps."""
        now = self._clock.now()
        for kind, kept in self._policy().retention.words.items():
            count = 0
            while refs := await self._database.read(partial(_older, kind=kind, cutoff=now - kept)):
                for part in words.parts_of(refs):  # short transactions: the feed passes in between
                    await self._database.write(partial(words.empty, refs=part, now=now))
                count += len(refs)
            if count:
                _log.info("history_words_expired", kind=kind, count=count)


def _older(connection: Connection, *, kind: str, cutoff: Instant) -> list[str]:
    """Return the next words of this kind that may go."""
    table = contacts if kind == words.CONTACT else messages
    needed = (
        select(mentions.c.ref)
        .join(items, items.c.id == mentions.c.item)
        .where(mentions.c.ref == table.c.ref, items.c.ended_at.is_(None))
    )
    query = select(table.c.ref).where(
        table.c.kind == kind,
        table.c.redacted_at.is_(None),
        table.c.stored_at < cutoff,
        ~needed.exists(),
    )
    return list(connection.execute(query.limit(_REFS_AT_ONCE)).scalars())
