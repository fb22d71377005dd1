"""One seeded stretch of a day: everybody and everything acts, then the weather clears up.

Everything a seed decides is drawn from generators made of it; time is virtual; the engine, the
sequencer, the journal's twin in memory, the effects, both channels, the carrier's client library
and the practice carrier are the real ones. Nothing here decides what is right: see `watch`.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from unittest import mock
from zoneinfo import ZoneInfo

import httpx
import structlog

from channels.voice.practice.carrier import Carrier
from channels.voice.practice.exchange import Exchange
from channels.voice.practice.rest import rest_app
from router.core import commands as c
from router.core.model import ENDED, SECOND, Instant
from router.core.policy import Policy
from router.runtime.journal_memory import MemoryStore
from tests.simulation.agents import Agents
from tests.simulation.chatters import Chatters
from tests.simulation.ledgers import Broken
from tests.simulation.post import PostOffice, post_fault
from tests.simulation.residents import Residents
from tests.simulation.town import SECRET, SUBSCRIPTION, SpottyBlobs, Town, variants
from tests.simulation.virtual_loop import LoopClock, VirtualLoop
from tests.simulation.watch import Watch
from tests.simulation.weather import Weather, rest_fault, webhook_fault
from tests.simulation.wires import WireToCarrier
from tests.simulation.wires_text import MailDoor, WireToPost
from tests.simulation.writers import Writers

ZONE: Final = ZoneInfo("America/Toronto")
BEGINNINGS: Final = [(24, 7, 45), (24, 10, 0), (24, 13, 0), (24, 17, 20), (28, 12, 20)]
"""Day of November 2026, hour, minute: before opening, in between, before closing; a Saturday."""

WRITTEN_BEGINNINGS: Final = [*BEGINNINGS, (24, 17, 40), (24, 21, 0)]
"""Also closing time and the night, when urgent mails go to people on call."""

ACTIVE_S: Final = 35 * 60
CALM_S: Final = 75 * 60  # at most, until everything that was begun has ended
ABSENT_S: Final = 25 * 60  # so long it is at least calm where people write: the absent get mail
ALONE_S: Final = 9 * 24 * 3600
"""Then everybody goes home: what was left behind ends, and is forgotten, by its own deadline."""

EXPECTED_ERRORS: Final = frozenset({"storage_trouble"})


Logs = list[MutableMapping[str, Any]]


class SimulationFailed(AssertionError):
    """Says how to see it again."""


@dataclass
class Result:
    """What a run came to."""

    journal: str  # hash over all stored events
    events: int
    batches: int
    lives: int
    calls: int
    forms: int
    mails: int
    copies: int  # of mails of the town, repeats included
    chats: int


def simulate(seed: int, policy: Policy, *, writes: bool = False) -> Result:
    """Run the seed's day, of calls and forms or at all four doors. Errors: `SimulationFailed`."""
    watch = Watch(MemoryStore())
    try:
        with (
            asyncio.Runner(loop_factory=VirtualLoop) as runner,
            structlog.testing.capture_logs([structlog.processors.format_exc_info]) as logs,
        ):
            return runner.run(_Day(seed, policy, watch, logs, writes=writes).run())
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        last = "\n".join(f"  {event}" for event in watch.last)
        raise SimulationFailed(
            f"seed {seed}, step {watch.step}: {_innermost(error)}\n"
            f"the last {len(watch.last)} events:\n{last}\n"
            f'again: pytest tests/simulation -k "seed-{seed:03}"'
        ) from error


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = next((e for e in error.exceptions if isinstance(e, Broken)), error.exceptions[0])
    return f"{type(error).__name__}: {error}"


class _Day:
    def __init__(
        self, seed: int, policy: Policy, watch: Watch, logs: Logs, *, writes: bool
    ) -> None:
        self._seed, self._watch, self._logs, self._writes = seed, watch, logs, writes
        self._policies = variants(policy)
        self._read = 0
        self._cleared_up: Instant = 0

    def _rng(self, what: str) -> random.Random:
        return random.Random(f"{self._seed} {what}")

    async def run(self) -> Result:
        """Be the whole day."""
        rng = self._rng("day")
        day, hour, minute = rng.choice(WRITTEN_BEGINNINGS if self._writes else BEGINNINGS)
        start = int(datetime(2026, 11, day, hour, minute, tzinfo=ZONE).timestamp()) * SECOND
        self._clock, self._outside = LoopClock(start), LoopClock(start)
        self._weather = Weather(self._seed, self._clock, self._watch)
        self._town = Town(
            seed=self._seed,
            clock=self._clock,
            policies=self._policies,
            store=self._watch.store,
            faults=self._weather,
            blobs=SpottyBlobs(self._weather.next_blob_fails),
            watch=self._watch,
        )
        self._watch.texts.blobs, self._watch.texts.secret = self._town.blobs.stored, SECRET
        self._post = PostOffice(self._outside, self._watch)
        numbers = self._rng("sids")
        with ExitStack() as patched:
            sid = staticmethod(lambda prefix: f"{prefix}{numbers.getrandbits(128):032x}")
            patched.enter_context(mock.patch.object(Exchange, "new_sid", sid))
            async with httpx.AsyncClient(transport=self._town.door, timeout=None) as http:
                async with Carrier(SUBSCRIPTION, http=http, clock=self._outside) as carrier:
                    carrier.ledger.listen(self._watch.hear)
                    wire = partial(WireToCarrier, rest_app(carrier))
                    patched.enter_context(mock.patch("channels.voice.rest.TimedHttpClient", wire))
                    door = partial(MailDoor, self._town.slot)
                    patched.enter_context(mock.patch("channels.mail.adapter.SmtpDoor", door))
                    post = partial(WireToPost, self._post)
                    patched.enter_context(mock.patch("channels.mail.adapter.SmtpSender", post))
                    return await self._live(carrier, http)

    async def _live(self, carrier: Carrier, http: httpx.AsyncClient) -> Result:
        residents = Residents(carrier, http, self._outside, self._watch)
        agents = Agents(
            self._town, carrier, self._outside, self._rng("agents"), has_clerks=self._writes
        )
        residents.plug_in(self._rng("phones"))
        agents.plug_in(self._rng("desk phones"))
        async with asyncio.TaskGroup() as tasks:
            self._writers = Writers(
                self._town, self._post, self._outside, self._watch, tasks, self._seed
            )
            self._chatters = Chatters(self._town, http, self._outside, self._watch)
            self._town.start(tasks)
            for_ever = [tasks.create_task(agents.renew())]
            for_ever += [tasks.create_task(agents.work(desk)) for desk in agents.desks]
            acting = [
                tasks.create_task(self._arrive(residents, tasks)),
                tasks.create_task(self._trouble(carrier, residents, agents, tasks)),
            ]
            await self._until(self._outside.now() + ACTIVE_S * SECOND)
            for task in acting:
                task.cancel()
            await asyncio.wait(acting)
            self._clear_up(carrier, agents)
            if not self._town.is_up:
                await self._town.kill()
                self._town.start(tasks)
            await self._until(self._outside.now() + CALM_S * SECOND, carrier)
            for task in for_ever:
                task.cancel()
            await self._look_who_missed_something()
            self._town.rest()
            await self._until(self._outside.now() + ALONE_S * SECOND, step_s=900)
            self._watch.close()
            await self._town.kill()
        store = self._watch.store
        stored = hashlib.sha256(b"".join(batch.events for batch in store.batches)).hexdigest()
        calls = sum(call.direction == "inbound" for call in carrier.exchange.calls.values())
        return Result(
            journal=stored,
            events=store.version(),
            batches=len(store.batches),
            lives=self._town.lives,
            calls=calls,
            forms=residents.sent,
            mails=len(self._watch.texts.letters),
            copies=len(self._post.copies),
            chats=len(self._chatters.guests),
        )

    async def _look_who_missed_something(self) -> None:
        self._chatters.look_who_missed_something()
        for guest in self._chatters.guests:
            await self._chatters.catch_up(guest)

    async def _until(self, end: Instant, carrier: Carrier | None = None, step_s: int = 1) -> None:
        """Let it happen until then, or until nothing is left to happen; fail at once."""
        while self._outside.now() < end:
            await self._outside.sleep_until(self._outside.now() + step_s * SECOND)
            if self._watch.broken is not None:
                raise self._watch.broken
            for entry in self._logs[self._read :]:
                is_error = entry["log_level"] in ("error", "critical")
                if is_error and entry["event"] not in EXPECTED_ERRORS:
                    raise Broken(f"the program complains: {entry}")
            self._read = len(self._logs)
            if carrier is not None:
                self._watch.gone(
                    carrier.exchange.calls.values(), self._cleared_up, self._outside.now()
                )
                if self._is_quiet(carrier):
                    return

    def _is_quiet(self, carrier: Carrier) -> bool:
        state = self._town.state
        if self._writes and self._outside.now() < self._cleared_up + ABSENT_S * SECOND:
            return False
        if state.pending or any(not call.over for call in carrier.exchange.calls.values()):
            return False
        return all(i.state in ENDED or not i.call_id for i in state.items.values())

    def _clear_up(self, carrier: Carrier, agents: Agents) -> None:
        self._weather.calm = agents.calm = True
        self._cleared_up = self._outside.now()
        carrier.webhook_faults.waiting.clear()
        carrier.rest_faults.waiting.clear()
        self._post.clear_up()
        self._writers.calm = self._chatters.calm = True
        self._chatters.fair_since = self._cleared_up
        agents.plug_in(self._rng("calm"))

    # --- what happens ----------------------------------------------------------------------------

    async def _arrive(self, residents: Residents, tasks: asyncio.TaskGroup) -> None:
        rng = self._rng("arrivals")
        pause = rng.choice([25, 50, 90])
        while True:
            await self._rest(rng.expovariate(1 / pause))
            own = random.Random(rng.random())
            lot = rng.random()
            if lot < (0.25 if self._writes else 0.7):
                tasks.create_task(residents.call(own))
            elif lot < 0.4 or not self._writes:
                tasks.create_task(residents.send_form(own))
            elif lot < 0.7:
                tasks.create_task(self._writers.write(own))
            else:
                tasks.create_task(self._chatters.chat(own))

    async def _trouble(
        self, carrier: Carrier, residents: Residents, agents: Agents, tasks: asyncio.TaskGroup
    ) -> None:
        rng = self._rng("trouble")
        pause = rng.choice([5, 15, 40])
        while True:
            await self._rest(rng.expovariate(1 / pause))
            kinds = ["webhook"] * 8 + ["rest"] * 6 + ["phones", "snapshot", "kill", "kill"]
            kinds += ["leap", "emergency", "over", "policy"]
            kinds += ["post"] * 6 + ["post down"] if self._writes else []
            match rng.choice(kinds):
                case "webhook":
                    carrier.webhook_faults.add(webhook_fault(rng))
                case "rest":
                    carrier.rest_faults.add(rest_fault(rng))
                case "phones":
                    residents.plug_in(rng)
                    agents.plug_in(rng)
                case "snapshot":
                    await self._town.snapshot()
                case "kill":
                    await self._town.kill()
                    await self._rest(rng.choice([0.01, 1, 30, 120]))
                    self._town.start(tasks)
                case "post":
                    self._post.faults.append(post_fault(rng))
                case "post down":
                    down = rng.choice([10, 120, 900]) * SECOND
                    self._post.down_until = self._outside.now() + down
                case "leap":
                    self._clock.leap(rng.choice([2, 40, 400]) * SECOND)
                case "emergency":
                    until = rng.choice([None, self._clock.now() + rng.randint(60, 900) * SECOND])
                    closed, hours = rng.random() < 0.7, rng.choice(sorted(self._policies[0].hours))
                    await self._town.attempt(c.SetEmergency(hours, closed, until, "storm", "boss"))
                case "over":
                    for hours in sorted(self._policies[0].hours):
                        await self._town.attempt(c.ClearEmergency(hours, "boss"))
                case "policy":
                    await self._town.adopt(rng.randrange(len(self._policies)))

    async def _rest(self, seconds: float) -> None:
        await self._outside.sleep_until(self._outside.now() + int(seconds * SECOND))
