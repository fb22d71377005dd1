"""What one daemon does for the whole town: effects, and the duties that need doing once.

The daemon that decides does it, until another one decides. Two that do it at once, because one of
them has not heard yet, do no harm: duties are harmless twice, and every effect states its worst
repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from router.core.model import SECOND
from router.errors import StorageError
from router.ports import Clock, Duty, Inbox
from router.runtime.company import Company
from router.runtime.duties import keep_doing
from router.runtime.effects import EffectRunner

# Every other duty is done by each daemon: it looks after its own connections, or after itself.
ONCE: Final = frozenset(
    {
        "snapshots", "history-feeder", "report-feeder", "word-retention", "blob-sweep", "imap",
        "journal-shortening",
    }
)  # fmt: skip
TRY_AGAIN: Final = SECOND

log = structlog.get_logger(__name__)


def done_once(duty: Duty) -> bool:
    """Say whether one daemon of the town is enough for the duty."""
    return duty.name in ONCE


class TownWork:
    """A task of the daemon (`run`)."""

    def __init__(
        self,
        company: Company,
        inbox: Inbox,
        effects: EffectRunner,
        duties: Sequence[Duty],
        clock: Clock,
    ) -> None:
        """`duties`: those that are `done_once`."""
        self._company = company
        self._inbox = inbox
        self._effects = effects
        self._duties = duties
        self._clock = clock

    async def run(self) -> None:
        """Work whenever this daemon decides; until cancelled."""
        while True:
            if not self._company.decides:
                self._effects.pause()
                await self._company.until(decides=True)
            await self._begin()
            async with asyncio.TaskGroup() as tasks:
                doing = [tasks.create_task(keep_doing(duty, self._clock)) for duty in self._duties]
                await self._company.until(decides=False)
                for task in doing:
                    task.cancel()

    async def _begin(self) -> None:
        while True:
            try:
                return await self._inbox.read(self._effects.begin)
            except StorageError as error:
                log.warning("effects_wait_for_storage", code=error.code)
                await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
