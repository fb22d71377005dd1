"""Finds residents' words for what is shown, without ever holding a desk up for long.

When the words cannot be read now (history is down), the view goes out without them: an agent who
knows the queue and the wait is better off than one who knows nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog

from router.desk.surroundings import FindWords
from router.errors import TownlineError
from router.ports import Words

PATIENCE_S: Final = 1.0

log = structlog.get_logger(__name__)


class WordLookup:
    """See the module's text."""

    def __init__(self, find: FindWords) -> None:
        self._find = find

    async def find(self, refs: Iterable[str]) -> dict[str, Words]:
        """Return the words that were found in time."""
        wanted = list(dict.fromkeys(ref for ref in refs if ref))
        if not wanted:
            return {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._find(wanted)
        except (TownlineError, TimeoutError) as error:
            log.warning("desk_words_not_found", count=len(wanted), why=type(error).__name__)
            return {}
