"""Daemons of one simulated town: started, stopped for a while, killed, started again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from router.core.commands import AdoptPolicy, Command
from router.core.effects import Effect
from router.core.engine import Engine
from router.core.model import SECOND, Instant
from router.core.policy import Policy, encode
from router.core.state import State
from router.errors import HistoryForked, StorageError, StorageFailed, StorageUnavailable
from router.ports import Batch, Outlet, Words
from router.runtime.effects import EffectRunner
from router.runtime.ids import SeededIds
from router.runtime.journal_faults import FaultPlan
from router.runtime.journal_memory import MemoryJournal
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import replay
from router.runtime.resubmission import Acknowledged, Resubmission, acknowledged
from router.runtime.sequencer import Sequencer
from router.runtime.sharing import Sharing
from router.runtime.snapshot import encode_snapshot
from router.runtime.town_work import TownWork
from tests.storms.network import Network, StormyLink
from tests.storms.stalling import StallingClock, Stalls
from tests.storms.watching import Follower, StormWatch

T = TypeVar("T")
START_AGAIN: Final = SECOND  # after a start that met a server that cannot be reached


class Journal(MemoryJournal):
    """One daemon's way to the journal."""

    def __init__(
        self, name: str, network: Network, clock: StallingClock, faults: FaultPlan, stalls: Stalls
    ) -> None:
        super().__init__(network.store, clock, faults)
        self._name, self._network, self._stalls = name, network, stalls

    async def append(self, expected_version: int, batch: Batch) -> int:
        """See `MemoryJournal.append`."""
        try:
            return await super().append(expected_version, batch)
        finally:
            self._network.tell_stored()

    async def _turn(self) -> None:
        await super()._turn()
        await self._stalls.pass_by()
        if self._network.is_cut(self._name):
            raise StorageFailed(f"{self._name} cannot reach the journal")


class Daemon:
    """One of them, life after life."""

    def __init__(
        self,
        number: int,
        network: Network,
        faults: FaultPlan,
        watch: StormWatch,
        outlets: Mapping[type[Effect], Outlet],
        policy: Policy,
        start: Instant,
    ) -> None:
        self.number, self.lives = number, 0
        self.stalls = Stalls()
        self.clock = StallingClock(start, self.stalls)
        self.sequencer: Sequencer | None = None
        self._network, self._faults, self._watch = network, faults, watch
        self._outlets, self._policy = outlets, policy
        self._sharing: Sharing | None = None
        self._journal: Journal | None = None
        self._link: StormyLink | None = None
        self._follower: Follower | None = None
        self._life: asyncio.Task[None] | None = None
        self._left_behind: list[Acknowledged] = []
        self.forks = 0

    @property
    def is_up(self) -> bool:
        """Say whether residents and agents reach it."""
        return self.sequencer is not None and not self.stalls.is_stopped

    @property
    def name(self) -> str:
        """Return the name of the present life."""
        return f"daemon-{self.number}-{self.lives}"

    @property
    def shown(self) -> int:
        """Return the version up to which it has published."""
        return 0 if self._follower is None else self._follower.shown

    @property
    def decides(self) -> bool:
        """Say whether it believes to."""
        return self._sharing is not None and self._sharing.decides

    async def submit(
        self, command: Command, reply: Callable[[State], T], words: tuple[Words, ...] = ()
    ) -> T:
        """Have it decided. Errors: `StorageUnavailable` when it is down."""
        await self.stalls.pass_by()
        if self.sequencer is None:
            raise StorageUnavailable(f"{self.name} is down")
        return await self.sequencer.submit(command, reply, words=words)

    async def read(self, view: Callable[[State], T]) -> T:
        """Look at its state. Errors: as of `submit`."""
        if self.sequencer is None or self.stalls.is_stopped:
            raise StorageUnavailable(f"{self.name} is down")
        return await self.sequencer.read(view)

    async def adopt(self, policy: Policy) -> None:
        """Bring another policy. Errors: as of `submit`."""
        if self.sequencer is None:
            raise StorageUnavailable(f"{self.name} is down")
        name = self.sequencer.know_policy(encode(policy))
        await self.sequencer.submit(AdoptPolicy(name), _nothing)

    async def snapshot(self) -> None:
        """Keep a snapshot of what is stored. Errors: `StorageError`."""
        if self.sequencer is not None and self._journal is not None:
            sequencer = self.sequencer
            frozen, chain = await sequencer.read(lambda state: (state.freeze(), sequencer.chain))
            await self._journal.save_snapshot(encode_snapshot(frozen, "simulation", chain))

    # --- lives -----------------------------------------------------------------------------------

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin a life."""
        self.lives += 1
        self._life = tasks.create_task(self._live())

    async def kill(self) -> None:
        """End the life at whatever point it has come to. Errors: what it has died of before."""
        life, self._life = self._life, None
        self.sequencer = self._sharing = self._journal = None
        if self._link is not None:
            self._link.leave()
        if life is not None:
            life.cancel()
            await asyncio.wait([life])
            if not life.cancelled() and (error := life.exception()) is not None:
                raise error
        self.stalls.go_on()

    async def _live(self) -> None:
        """Live until killed; who finds the journal gone another way starts again at once."""
        while True:
            try:
                await self._serve()
            except* HistoryForked:
                self.sequencer = None
                if self._sharing is not None and self._sharing.tail is not None:
                    self._left_behind += acknowledged(self._sharing.tail)
                self.forks += 1
                self.lives += 1

    async def _serve(self) -> None:
        journal = Journal(self.name, self._network, self.clock, self._faults, self.stalls)
        while True:
            try:
                recovered = await replay(journal)
                break
            except StorageError:
                await self.clock.sleep_until(self.clock.now() + START_AGAIN)
        state = recovered.state
        self._watch.compare(state)
        metrics, publisher = Metrics(), Publisher()
        self._link = StormyLink(self.name, self._network, self.stalls)
        sharing = self._sharing = Sharing(self._link, self.clock, metrics)
        ids = SeededIds(self.number * 1000 + self.lives)
        sequencer = Sequencer(
            Engine(state),
            journal,
            self.clock,
            ids,
            publisher,
            metrics,
            company=sharing,
            chain=recovered.chain,
        )
        effects = EffectRunner(sequencer, self.clock, self._outlets)
        self._follower = Follower(self._watch, self.name, state.version)
        publisher.subscribe(self._follower)
        publisher.subscribe(effects.follow)
        work = TownWork(sharing, sequencer, effects, (), self.clock)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sequencer.run())
            await self._have_policy(sequencer)
            tasks.create_task(effects.run())
            tasks.create_task(work.run())
            tasks.create_task(self._submit_again(journal, sequencer))
            self._journal, self.sequencer = journal, sequencer

    async def _submit_again(self, journal: Journal, sequencer: Sequencer) -> None:
        if self._left_behind:
            await Resubmission(Path(), journal, sequencer, self.clock).submit(self._left_behind)
            self._left_behind = []

    async def _have_policy(self, sequencer: Sequencer) -> None:
        while True:
            try:
                if not await sequencer.read(lambda state: state.policy_hash):
                    name = sequencer.know_policy(encode(self._policy))
                    await sequencer.submit(AdoptPolicy(name), _nothing)
            except StorageError:
                await self.clock.sleep_until(self.clock.now() + START_AGAIN)
            else:
                return


def _nothing(_: State) -> None:
    """Nobody waits."""
