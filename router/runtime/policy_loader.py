"""From the policy folder, or what was published, to the policy in force: only what checks.

A folder with mistakes never stops a running daemon: the policy in force stays, and why the other
one was refused is logged, counted and shown in the status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from router.core.commands import AdoptPolicy
from router.core.model import HOUR, SECOND, Instant, Span
from router.core.policy import Policy
from router.core.state import State
from router.errors import PolicyError, TownlineError
from router.ports import Clock
from router.runtime.company import Company
from router.runtime.metrics import Metrics
from router.runtime.sequencer import Sequencer

if TYPE_CHECKING:
    from router.policy.load import Loaded

SHOWN_AT_MOST: Final = 50  # complaints kept for the status; `townline check` lists all
COMPARE_TIMES: Final = 10  # a second apart: the one that decides may be reading the same edit
REFRESH_EVERY: Final[Span] = 6 * HOUR  # holidays are computed some way ahead of the date


Source = Callable[[], Path]  # the folder whose policy is to be in force; raises PolicyError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an edited policy was not adopted."""

    at: Instant
    complaints: tuple[str, ...]


log = structlog.get_logger(__name__)


def date_of(instant: Instant) -> date:
    """Return the date, UTC: near enough to say which years' holidays are needed."""
    return datetime.fromtimestamp(instant / SECOND, UTC).date()


class PolicyKeeper:
    """Loads, proposes, remembers; a `Duty` so that computed holidays never run out."""

    name = "policy-refresh"
    period: Span = REFRESH_EVERY

    def __init__(
        self,
        source: Source,
        sequencer: Sequencer,
        clock: Clock,
        metrics: Metrics,
        company: Company,
    ) -> None:
        """Of several daemons the one that decides adopts; the others compare and tell."""
        self.refusal: Refusal | None = None  # since the last adoption
        self.adopted_at: Instant | None = None  # by this daemon
        self._source = source
        self._sequencer = sequencer
        self._clock = clock
        self._metrics = metrics
        self._company = company
        self._one_at_a_time = asyncio.Lock()

    async def first(self) -> None:
        """Return with a policy in force: the journal's, or at the very first start the source's.

        With a policy from the journal the town is served at once; the source is looked at by the
        duty a moment later.

        Raises:
            PolicyError: there is none yet, and the source's has mistakes, or nothing is published.
        """
        if await self._sequencer.read(lambda state: state.policy_hash):
            return
        loaded = await self._load()
        if loaded.errors:
            raise PolicyError("\n".join(str(each) for each in loaded.complaints))
        await self._adopt(loaded)

    async def reload(self) -> bool:
        """Adopt the source's policy if it checks; say whether it is in force now."""
        async with self._one_at_a_time:
            try:
                loaded = await self._load()
            except PolicyError as error:
                self._refuse((str(error),))
                return False
            if loaded.errors:
                self._refuse(tuple(str(each) for each in loaded.errors))
                return False
            if not self._company.decides:
                return await self._compare(loaded)
            try:
                await self._adopt(loaded)
            except TownlineError as error:
                log.warning("policy_not_adopted", code=error.code, why=str(error))
                return False
            return True

    async def __call__(self) -> None:
        """Load again: another date may need another year's holidays."""
        await self.reload()

    async def _compare(self, loaded: Loaded) -> bool:
        """Leave it to the daemon that decides, and say so if that one reads something else."""
        for _ in range(COMPARE_TIMES):
            if await self._sequencer.read(lambda state: state.policy_hash) == loaded.hash:
                self.refusal = None
                return True
            await self._clock.sleep_until(self._clock.now() + SECOND)
        self._refuse(
            (
                "this daemon's folder holds another policy than the one in force, which the daemon"
                " that decides has read: give all daemons of the town the same folder",
            )
        )
        return False

    async def _load(self) -> Loaded:
        return await asyncio.to_thread(_load, self._source, date_of(self._clock.now()))

    async def _adopt(self, loaded: Loaded) -> None:
        for complaint in loaded.complaints:
            log.warning("policy_warning", complaint=str(complaint))
        self.refusal = None
        if await self._sequencer.read(lambda state: state.policy_hash) == loaded.hash:
            return
        name = self._sequencer.know_policy(loaded.body)
        policy = await self._sequencer.submit(AdoptPolicy(name), _policy)
        self.adopted_at = self._clock.now()
        self._metrics.policy_reloads.labels("adopted").inc()
        log.info("policy_adopted", policy=name[:12], queues=len(policy.queues))

    def _refuse(self, complaints: tuple[str, ...]) -> None:
        self.refusal = Refusal(self._clock.now(), complaints[:SHOWN_AT_MOST])
        self._metrics.policy_reloads.labels("refused").inc()
        log.error("policy_refused", mistakes=len(complaints), complaints=complaints[:SHOWN_AT_MOST])


def _load(source: Source, today: date) -> Loaded:
    from router.policy.load import load  # heavy (calendars); a second start does not wait for it

    return load(source(), today=today)


def _policy(state: State) -> Policy:
    return state.policy
