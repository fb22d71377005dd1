"""One seeded storm: several daemons, residents, agents; everything goes wrong, then it clears up.

A seed decides everything: time is virtual, and no socket, thread or disk is used. The engine, the
sequencers, their link's other side, the codecs of events, commands and answers, and the runners of
effects are the real ones; journal, network and outside are twins that fail to order.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import structlog

from router.core import commands as c
from router.core.commands_lead import SetSkills
from router.core.effects import AnyEffect, Effect
from router.core.model import ENDED, SECOND, AgentId, ItemState, Tempo
from router.errors import StorageError, StorageUnavailable
from router.ports import Outlet
from router.runtime.journal_faults import NO_FAULT, AppendFault, Ending, Faults, FaultShares
from tests.core.town_variants import TOWNS
from tests.simulation.ledgers import Broken
from tests.simulation.virtual_loop import LoopClock, VirtualLoop
from tests.storms.daemons import Daemon
from tests.storms.network import Network, Wind
from tests.storms.people import Agents, Outside, Residents, Town
from tests.storms.server import Server
from tests.storms.supervisor import Supervisor
from tests.storms.watching import StormWatch

ZONE: Final = ZoneInfo("America/Toronto")
BEGINNINGS: Final = (
    (2026, 11, 24, 10, 0, 0),
    (2026, 11, 24, 7, 59, 20),  # opens
    (2026, 11, 24, 17, 59, 0),  # closes
    (2026, 11, 1, 0, 59, 30),  # clocks go back an hour after it
    (2027, 3, 14, 1, 59, 0),  # clocks go on
    (2026, 12, 31, 23, 59, 30),
)
ACTIVE_S: Final = 75
LAG_S: Final = 5  # by which a replica is behind at most
SETTLES_S: Final = 20  # after a fail-over: everybody has noticed what is lost
CALM_S: Final = 1500  # at most, until everything that was begun has ended
SKILLS: Final = sorted(TOWNS[0].skills)
EFFECTS: Final[tuple[type[Effect], ...]] = get_args(AnyEffect)
LONGEST: Final = 3 * SECOND  # of a slow append
NOISE: Final = frozenset({"storage_trouble", "town_link_cut", "effect_failed", "journal_has_lost"})

Logs = list[MutableMapping[str, Any]]


class StormFailed(AssertionError):
    """Says how to see it again."""


@dataclass(frozen=True)
class Result:
    """What a storm came to."""

    journal: str  # hash over all stored events
    events: int
    batches: int
    daemons: int
    lives: int
    calls: int
    forms: int
    listened: int  # times that a supervisor was in a talk
    effects: int
    repeated: int  # effects that were performed more than once
    lost: int  # batches that a promoted server had not got
    forks: int  # daemons that found the journal gone another way


class Disk:
    """A `FaultPlan` that can clear up."""

    def __init__(self, seed: str, rng: random.Random) -> None:
        worst = rng.choice([0.0, 0.01, 0.05, 0.15])
        shares = FaultShares(
            conflict=0.0, refused=worst, unknown=worst, slow=worst, torn_snapshot=0.3
        )
        number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big")
        self._faults = Faults(number, shares, foreign=lambda _: (), delay_max=LONGEST)
        self.calm = self.is_full = False

    def next_append(self, version: int) -> AppendFault:
        """Return what happens to the append."""
        if self.is_full:
            return AppendFault(ending=Ending.REFUSED)
        return NO_FAULT if self.calm else self._faults.next_append(version)

    def next_snapshot_is_torn(self) -> bool:
        """Return whether the snapshot is torn."""
        return not self.calm and self._faults.next_snapshot_is_torn()


def simulate(seed: int) -> Result:
    """Run the seed's storm. Errors: `StormFailed`."""
    watch = StormWatch(Server())
    try:
        with (
            asyncio.Runner(loop_factory=VirtualLoop) as runner,
            structlog.testing.capture_logs([structlog.processors.format_exc_info]) as logs,
        ):
            return runner.run(_Storm(seed, watch, logs).run())
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        last = "\n".join(f"  {event}" for event in watch.last)
        told = "\n".join(f"  {each}" for each in logs if "exception" in each)
        raise StormFailed(
            f"seed {seed}, step {watch.step}: {_innermost(error)}\n{told}\n"
            f"the last {len(watch.last)} events:\n{last}\n"
            f"again: scripts/simulate-faults --seed {seed}"
        ) from error


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = next((e for e in error.exceptions if isinstance(e, Broken)), error.exceptions[0])
    return f"{type(error).__name__}: {error}"


class _Storm:
    def __init__(self, seed: int, watch: StormWatch, logs: Logs) -> None:
        self._seed, self._watch, self._logs = seed, watch, logs
        self._read = 0
        self._starting = asyncio.Lock()  # held by whoever starts a daemon again
        self._dying = asyncio.Lock()  # held by whoever kills, or sees that nobody is killed
        self._mishaps: set[asyncio.Task[None]] = set()
        self._outdoors: set[asyncio.Task[None]] = set()  # residents who have not ended yet

    def _rng(self, what: str) -> random.Random:
        return random.Random(f"{self._seed} {what}")

    async def run(self) -> Result:
        """Be the whole storm."""
        rng = self._rng("storm")
        start = int(datetime(*rng.choice(BEGINNINGS), tzinfo=ZONE).timestamp()) * SECOND
        self._clock = LoopClock(start)
        self._watch.daemon_since = start
        rough = rng.choice([0.0, 0.02, 0.1])
        wind = Wind(self._rng("wind"), rough, rough, rng.choice([0.0, 0.05, 1.5]), rough / 2)
        self._network = Network(self._watch.store, self._clock, wind)
        self._disks = [
            Disk(f"{self._seed}/{n}", rng) for n in range(rng.choice([2, 2, 3, 3, 4, 8]))
        ]
        self._policy = rng.randrange(len(TOWNS))
        async with asyncio.TaskGroup() as tasks:
            self._people(rng, tasks, start)
            await self._live(rng, tasks)
        stored = self._watch.store
        performed = self._outside.performed
        return Result(
            journal=hashlib.sha256(b"".join(b.events for b in stored.batches)).hexdigest(),
            events=stored.version(),
            batches=len(stored.batches),
            daemons=len(self._daemons),
            lives=sum(each.lives for each in self._daemons),
            calls=self._residents.calls,
            forms=self._residents.forms,
            listened=self._watch.listened,
            effects=len(performed),
            repeated=sum(times > 1 for times in performed.values()),
            lost=stored.losses,
            forks=sum(each.forks for each in self._daemons),
        )

    def _people(self, rng: random.Random, tasks: asyncio.TaskGroup, start: int) -> None:
        self._daemons: list[Daemon] = []
        town = self._town = Town(self._daemons, self._clock, self._watch, self._rng("balancer"))
        self._outside = Outside(town, self._rng("outside"), tasks)
        self._outside.fails = rng.choice([0.0, 0.05, 0.3])
        outlets: dict[type[Effect], Outlet] = dict.fromkeys(EFFECTS, self._outside)
        for number, disk in enumerate(self._disks):
            skew = rng.randint(-200, 200) * SECOND // 1000
            self._daemons.append(
                Daemon(
                    number,
                    self._network,
                    disk,
                    self._watch,
                    outlets,
                    TOWNS[self._policy],
                    start + skew,
                )
            )
        self._residents = Residents(town, f"{self._seed}x")
        names = [AgentId(name) for name in sorted(TOWNS[0].agents)]
        self._agents, self._supervisor = Agents(town, names), Supervisor(town, names)
        for each in self._daemons:
            each.start(tasks)

    async def _live(self, rng: random.Random, tasks: asyncio.TaskGroup) -> None:
        names = [AgentId(name) for name in sorted(TOWNS[0].agents)]
        supervisor = self._supervisor.listen(self._rng("supervisor"))
        for_ever = [tasks.create_task(self._agents.renew()), tasks.create_task(supervisor)]
        for_ever += [
            tasks.create_task(self._agents.work(name, self._rng(f"agent {name}"))) for name in names
        ]
        acting = [
            tasks.create_task(self._arrive(tasks)),
            tasks.create_task(self._trouble(rng, tasks)),
        ]
        await self._until(self._clock.now() + ACTIVE_S * SECOND)
        for task in acting:
            task.cancel()
        await asyncio.wait(acting)
        await self._clear_up(tasks)
        await self._until(self._clock.now() + CALM_S * SECOND, is_over=self._is_quiet)
        if not self._is_quiet():
            raise Broken(f"not at rest after {CALM_S} s: {self._why_not_quiet()}")
        for task in for_ever:
            task.cancel()
        await self._compare()
        for each in self._daemons:
            await each.kill()

    async def _until(self, end: int, is_over: Any = None) -> None:
        while self._clock.now() < end:
            await self._clock.sleep_until(self._clock.now() + SECOND)
            if self._watch.broken is not None:
                raise self._watch.broken
            for entry in self._logs[self._read :]:
                if entry["log_level"] in ("error", "critical") and entry["event"] not in NOISE:
                    raise Broken(f"the program complains: {entry}")
            self._read = len(self._logs)
            if is_over is not None and is_over():
                return

    # --- the end ---------------------------------------------------------------------------------

    async def _clear_up(self, tasks: asyncio.TaskGroup) -> None:
        self._network.wind.calm()
        self._network.is_down = False
        self._network.cut_off.clear()
        self._outside.is_down, self._outside.fails = False, 0.0
        self._agents.is_calm = self._supervisor.is_calm = True
        for disk in self._disks:
            disk.calm, disk.is_full = True, False
        for each in self._daemons:
            each.stalls.go_on()
            if each.sequencer is None:
                await each.kill()
                each.start(tasks)
        self._watch.daemon_since = self._clock.now()

    def _is_quiet(self) -> bool:
        return not self._why_not_quiet()

    def _why_not_quiet(self) -> str:
        if self._mishaps:
            return "something goes wrong still"
        if self._outdoors:
            return f"{len(self._outdoors)} residents are not done"
        self._watch.catch_up()
        state = self._watch.twin
        if state.listeners:
            return f"somebody listens: {list(state.listeners.values())}"
        if state.pending:
            return f"pending: {sorted(state.pending)}"
        for item in state.items.values():
            waits = item.state is ItemState.QUEUED and not item.call_id  # a callback, a message
            is_over = item.state in ENDED or item.state is ItemState.DEFERRED or waits
            if item.tempo is Tempo.LIVE and not is_over:
                return f"not over: {item}"
        versions = {each.shown for each in self._daemons}
        if versions != {state.version}:
            return f"daemons stand at {sorted(versions)}, the journal at {state.version}"
        return ""

    async def _compare(self) -> None:
        """Every daemon shows the same as the journal; nothing was lost, nothing came twice."""
        self._watch.finish()
        for each in self._daemons:
            hashed = await each.read(lambda state: (state.version, state.hash()))
            if hashed != (self._watch.twin.version, self._watch.twin.hash()):
                raise Broken(f"{each.name} stands at {hashed[0]} with another hash")
        deciders = [each.name for each in self._daemons if each.decides]
        if len(deciders) != 1:
            raise Broken(f"at rest {deciders} decide")
        undone = [key for key in self._watch.done if key not in self._outside.performed]
        if undone:
            raise Broken(f"confirmed, and never performed: {undone}")

    # --- what happens ----------------------------------------------------------------------------

    async def _arrive(self, tasks: asyncio.TaskGroup) -> None:
        rng = self._rng("arrivals")
        while True:
            await self._town.rest(rng.expovariate(1 / 4))
            own = random.Random(rng.random())
            does = self._residents.call if rng.random() < 0.7 else self._residents.write
            task = tasks.create_task(does(own))
            self._outdoors.add(task)
            task.add_done_callback(self._outdoors.discard)

    async def _trouble(self, rng: random.Random, tasks: asyncio.TaskGroup) -> None:
        pause = rng.choice([3, 8, 20])
        kinds = (
            *("kill",) * 4,
            *("stop",) * 3,
            *("cut off",) * 2,
            "server down", "promoted", "carrier down", "policy", "snapshot", "leap", "emergency",
            "full", "skills",
        )  # fmt: skip
        while True:
            await self._town.rest(rng.expovariate(1 / pause))
            task = tasks.create_task(self._mishap(rng.choice(kinds), rng.random(), tasks))
            self._mishaps.add(task)
            task.add_done_callback(self._mishaps.discard)

    async def _mishap(self, kind: str, lot: float, tasks: asyncio.TaskGroup) -> None:
        rng = random.Random(f"{self._seed} {lot}")
        which = rng.choice(self._daemons)
        for_s = rng.choice([0.01, 0.5, 3, 12])
        match kind:
            case "kill":
                async with self._dying:
                    await which.kill()
                await self._town.rest(for_s)
                async with self._starting:
                    if which.sequencer is None:
                        await which.kill()
                        which.start(tasks)
            case "stop":
                which.stalls.stop()
                await self._town.rest(for_s)
                which.stalls.go_on()
            case "cut off":
                name = which.name
                self._network.cut_off.add(name)
                await self._town.rest(for_s)
                self._network.cut_off.discard(name)
            case "server down":
                self._network.is_down = True
                await self._town.rest(for_s)
                self._network.is_down = False
            case "promoted":
                await self._promote(rng, for_s)
            case "carrier down":
                self._outside.is_down = True
                await self._town.rest(for_s)
                self._outside.is_down = False
            case "leap":
                which.clock.leap(rng.choice([1, 5, 40]) * SECOND)
            case "full":
                disk = self._disks[which.number]
                disk.is_full = True
                await self._town.rest(for_s)
                disk.is_full = False
            case _:
                await self._by_hand(kind, which, rng)

    async def _promote(self, rng: random.Random, for_s: float) -> None:
        """Another server takes the first one's place and lacks what had not reached it.

        Nobody dies meanwhile: what a dead daemon had acknowledged is known to nobody.
        """
        async with self._dying:
            since = asyncio.get_running_loop().time()
            await self._town.rest(rng.choice([0.05, 0.5, LAG_S]))
            self._network.is_down = True
            await self._town.rest(for_s)
            self._network.store.lose(rng.choice([0, 1, 2, 5, 100]), since)
            self._network.is_down = False
            self._network.break_connections()
            await self._town.rest(SETTLES_S)

    async def _by_hand(self, kind: str, which: Daemon, rng: random.Random) -> None:
        try:
            if kind == "policy":
                await which.adopt(TOWNS[rng.randrange(len(TOWNS))])
            elif kind == "snapshot":
                await which.snapshot()
            elif kind == "emergency":
                until = self._clock.now() + rng.randint(5, 60) * SECOND
                closed = rng.random() < 0.6
                await self._town.attempt(c.SetEmergency("office", closed, until, "storm", "boss"))
            elif kind == "skills":
                until = self._clock.now() + rng.randint(5, 60) * SECOND
                agent = rng.choice(sorted(TOWNS[0].agents))
                levels = {skill: rng.randint(0, 10) for skill in rng.sample(SKILLS, 2)}
                await self._town.attempt(SetSkills(agent, levels, "storm", "boss", until))
        except (StorageError, StorageUnavailable):
            return
