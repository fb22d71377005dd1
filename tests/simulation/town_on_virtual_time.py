"""A whole town in one loop on a clock that moves when told: sequencer, channels, carrier, people.

The journal lives in memory and fails as its plan says; the town may crash at any instant and come
back on what was stored. Nothing here is decided by real time, so a seed is a day.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from unittest.mock import patch

import httpx
import msgspec
from starlette.applications import Starlette
from twilio.http.response import Response

from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.voice.practice.carrier import Carrier, Subscription
from channels.voice.practice.clock import VirtualClock
from channels.voice.practice.exchange import Pace
from channels.voice.practice.rest import rest_app
from channels.webform.adapter import WebformChannel, WebformSettings
from router.core import commands as c
from router.core import policy as p
from router.core.engine import Engine
from router.core.events import AnyEvent
from router.core.model import Span
from router.core.state import State
from router.core.upcast import decode_events
from router.errors import TownlineError
from router.runtime.effects import EffectRunner
from router.runtime.ids import SeededIds
from router.runtime.journal_faults import FaultPlan
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import Sequencer
from tests.core.town import OPEN, town
from tests.simulation.laws import broken_laws

PUBLIC: Final = "https://town.example.org"
ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "token"
SECRET: Final = b"a secret of thirty-two characters"


class TownClock(VirtualClock):
    """Virtual time for the town and the carrier alike; it never leaps."""

    def take_gap(self) -> Span:
        return 0


class StoredContacts:
    """Who is behind a reference, from the words that were stored."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def number_of(self, ref: str) -> str | None:
        words = self._store.words.get(ref)
        return None if words is None else str(json.loads(words.body)["number"]) or None


class LocalHttpClient:
    """The HTTP client of the carrier's library, without a network: the carrier is in this loop."""

    carrier: Carrier  # set before the first request

    def __init__(self, timeout_s: float) -> None:
        transport = httpx.ASGITransport(rest_app(self.carrier))
        self._http = httpx.AsyncClient(transport=transport, timeout=timeout_s)

    async def request(
        self, method: str, url: str, *, headers: Any = None, auth: Any = None, **more: Any
    ) -> Response:
        answer = await self._http.request(
            method,
            url,
            params=more.get("params"),
            data=more.get("data"),
            headers=headers,
            auth=auth,
        )
        return Response(answer.status_code, answer.text)

    async def close(self) -> None:
        await self._http.aclose()


class Road(httpx.AsyncBaseTransport):
    """Carries requests to the town; while it is down nobody answers, and a crash cuts them off."""

    def __init__(self) -> None:
        self.app: Starlette | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        app = self.app
        if app is None:
            raise httpx.ConnectError("the town is down")
        response = await httpx.ASGITransport(app).handle_async_request(request)
        await response.aread()
        if self.app is not app:
            raise httpx.ReadError("the town went down before it had answered")
        return response


def simulated_policy() -> p.Policy:
    """Return the small town, whose form may be sent by one sender as often as he likes."""
    base = town()
    form = msgspec.structs.replace(base.forms["report"], per_hour_max=1_000_000)
    return msgspec.structs.replace(base, forms={"report": form})


class Town:
    """The town as it runs now, and what survives when it does not."""

    def __init__(self, clock: TownClock, seed: int, faults: FaultPlan) -> None:
        self.clock = clock
        self.store = MemoryStore()
        self.road = Road()
        self.crashes = 0
        self.looks = 0  # at a published batch
        self.state = State()
        self.sequencer: Sequencer | None = None
        self._faults = faults
        self._ids = SeededIds(seed)
        self._running: asyncio.Task[None] | None = None

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Recover and serve."""
        journal = MemoryJournal(self.store, self.clock, self._faults)
        self.state = await recover(journal)
        publisher, ids = Publisher(), self._ids
        self.sequencer = sequencer = Sequencer(
            Engine(self.state), journal, self.clock, ids, publisher, Metrics()
        )
        voice = VoiceChannel(
            sequencer,
            ids,
            VoiceSettings(
                public_url=PUBLIC,
                account_sid=ACCOUNT,
                auth_tokens=(TOKEN,),
                secret=SECRET,
            ),
            StoredContacts(self.store),
        )
        form = WebformChannel(
            sequencer, ids, self.clock, WebformSettings(SECRET, PUBLIC, body_max=100_000)
        )
        effects = EffectRunner(
            sequencer, self.clock, dict.fromkeys(voice.capabilities.effects, voice.outlet)
        )
        publisher.subscribe(effects.follow)
        publisher.subscribe(self._look)
        effects.begin(self.state)
        self._running = tasks.create_task(self._run(sequencer, effects, voice))
        await self._adopt(sequencer)
        await voice.start()
        self.road.app = Starlette(routes=[*voice.routes(), *form.routes()])

    async def _run(self, sequencer: Sequencer, effects: EffectRunner, voice: VoiceChannel) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(sequencer.run())
                tasks.create_task(effects.run())
        finally:
            await voice.stop()

    async def _adopt(self, sequencer: Sequencer) -> None:
        name = sequencer.know_policy(p.encode(simulated_policy()))
        while self.state.policy_hash != name:
            try:
                await sequencer.submit(c.AdoptPolicy(name), lambda _: None)
            except TownlineError:
                await self.clock.sleep_until(self.clock.now() + 10**9)

    async def crash(self) -> None:
        """Stop at once; what is not stored is gone."""
        self.crashes += 1
        self.road.app = None
        self.sequencer = None
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def do(self, command: c.Command) -> bool | None:
        """Ask as a desk does: True = acknowledged, False = refused, None = nobody knows."""
        sequencer = self.sequencer
        if sequencer is None:
            return None
        try:
            await sequencer.submit(command, lambda _: None)
        except TownlineError as error:
            return None if error.code == "storage-unavailable" else False
        return True if self.sequencer is sequencer else None

    def _look(self, events: object, state: State) -> None:
        self.looks += 1
        found = broken_laws(state)
        if found:
            raise AssertionError(f"after {events}: {found}")

    def stored(self) -> list[AnyEvent]:
        """Return every event of the journal."""
        return [event for batch in self.store.batches for event in decode_events(batch.events)]

    async def at_rest(self, tasks: asyncio.TaskGroup) -> str:
        """Let what is under way be stored; return the hash of the state then."""
        sequencer = self.sequencer
        assert sequencer is not None
        reading = tasks.create_task(sequencer.read(lambda state: state.hash()))
        await self.clock.run_until(reading.done)
        return reading.result()

    async def replayed(self) -> State:
        """Return the state that the journal alone leads to."""
        return await recover(MemoryJournal(self.store, self.clock))


@asynccontextmanager
async def simulated(
    seed: int, faults: FaultPlan
) -> AsyncIterator[tuple[Town, Carrier, asyncio.TaskGroup]]:
    """Give a town that is not started yet, its carrier, and a group for the people in it."""
    clock = TownClock(OPEN, patience_s=0)
    living = Town(clock, seed, faults)
    subscription = Subscription(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        voice_url=f"{PUBLIC}/voice/incoming",
        fallback_url=f"{PUBLIC}/voice/incoming",
        status_url=f"{PUBLIC}/voice/status",
    )
    failure: Exception | None = None  # told bare, not wrapped into groups by what is ended
    async with AsyncExitStack() as stack:
        stack.enter_context(patch("channels.voice.rest.TimedHttpClient", LocalHttpClient))
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=living.road, timeout=None)
        )
        pace = Pace(say_s_per_character=0.01)
        carrier = Carrier(subscription, http=http, clock=clock, pace=pace)
        LocalHttpClient.carrier = carrier
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        await stack.enter_async_context(carrier)
        try:
            yield living, carrier, tasks
        except Exception as error:
            failure = error
        await living.crash()
    if failure is not None:
        raise failure
