"""One life of the daemon after the other, on the same store: started, killed, started again.

Parts are put together as `router.runtime.daemon` does, without history, sockets and disk; of desks
there is what turns writing into commands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from msgspec.structs import replace
from starlette.applications import Starlette

from channels.chat.adapter import ChatChannel
from channels.chat.entrance import ChatSettings
from channels.contract import ChannelAdapter
from channels.mail.adapter import MailChannel, MailSettings
from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.voice.practice.carrier import Subscription
from channels.webform.adapter import WebformChannel, WebformSettings
from router.core.commands import AdoptPolicy, Command
from router.core.commands_text import PastThread
from router.core.effects import Effect
from router.core.engine import Engine
from router.core.model import SECOND, AgentId, PolicyHash
from router.core.policy import Policy, encode
from router.core.state import State
from router.desk.lookup import WordLookup
from router.desk.message_types import ClientMessage
from router.desk.writing import Desktop, Writing
from router.errors import (
    CommandRefused,
    Overloaded,
    StorageError,
    StorageFailed,
    StorageUnavailable,
)
from router.ports import Outlet
from router.runtime.channels import key_of, render_html
from router.runtime.duties import keep_doing
from router.runtime.effects import EffectRunner
from router.runtime.ids import SeededIds
from router.runtime.journal_faults import FaultPlan
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import Sequencer
from router.runtime.shunting import ShuntedCommand
from router.runtime.snapshot import encode_snapshot
from tests.fakes.memory_texts import (
    MemoryBlobs,
    MemoryDrafts,
    NobodyBlocked,
    NothingEarlier,
    nothing_kept,
)
from tests.simulation.ledgers import Broken
from tests.simulation.virtual_loop import LoopClock
from tests.simulation.watch import Watch
from tests.simulation.wires import DoorToTown
from tests.simulation.wires_text import Slot

PUBLIC: Final = "https://town.example.org"
REST: Final = "https://carrier.example.org"
ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "token"
SECRET: Final = b"secret"

SUBSCRIPTION: Final = Subscription(
    account_sid=ACCOUNT,
    auth_token=TOKEN,
    voice_url=f"{PUBLIC}/voice/incoming",
    fallback_url=f"{PUBLIC}/voice/incoming",
    status_url=f"{PUBLIC}/voice/status",
    rest_url=REST,
)

T = TypeVar("T")


class Down(Exception):
    """The town cannot be reached, or could not store it: try again later."""


class Contacts:
    """Residents' numbers, from the words that were stored with the commands."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def number_of(self, ref: str) -> str | None:
        words = self._store.words.get(ref)
        return None if words is None else json.loads(words.body)["number"] or None


class SpottyBlobs(MemoryBlobs):
    """Files that survive the daemon, on a disk that sometimes takes nothing."""

    def __init__(self, fails: Callable[[], bool]) -> None:
        super().__init__()
        self._fails = fails

    async def put(self, body: bytes) -> str:
        await asyncio.sleep(0)
        if self._fails():
            raise StorageFailed("the disk of blobs is full")
        return await super().put(body)


class Town:
    """The store, and whichever daemon lives on it now."""

    def __init__(
        self,
        *,
        seed: int,
        clock: LoopClock,
        policies: tuple[Policy, ...],
        store: MemoryStore,
        faults: FaultPlan,
        blobs: MemoryBlobs,
        watch: Watch,
    ) -> None:
        self.clock, self.store, self.watch = clock, store, watch
        self.door, self.slot, self.blobs = DoorToTown(), Slot(), blobs
        self.lives = 0
        self.policies = policies
        self.in_force = 0  # number of the policy that the next adoption brings
        self._seed = seed
        self._faults = faults
        self._sequencer: Sequencer | None = None
        self._journal: MemoryJournal | None = None
        self._writing: Writing | None = None
        self._duties: list[asyncio.Task[None]] = []
        self._life: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._sequencer is not None

    @property
    def state(self) -> State:
        """Return what is stored."""
        self.watch.catch_up()
        return self.watch.twin

    async def submit(self, command: Command, reply: Callable[[State], T]) -> T:
        """Have a person's command decided. Errors: `Down`, `CommandRefused`."""
        if self._sequencer is None:
            raise Down
        try:
            return await self._sequencer.submit(command, reply)
        except (StorageUnavailable, Overloaded) as error:
            raise Down from error
        except ShuntedCommand as error:
            raise Broken(f"{command} met a mistake of ours") from error

    async def attempt(self, command: Command) -> bool:
        """Submit; say whether it was decided and stored."""
        try:
            await self.submit(command, lambda _: None)
        except (Down, CommandRefused):
            return False
        return True

    async def write(self, agent: AgentId, message: ClientMessage) -> bool:
        """Have an agent's message done; say whether it was refused. Errors: `Down`."""
        if self._writing is None:
            raise Down
        try:
            await self._writing.do(message, agent)
        except (StorageUnavailable, Overloaded) as error:
            raise Down from error
        except ShuntedCommand as error:
            raise Broken(f"{message} met a mistake of ours") from error
        except CommandRefused:
            return False
        return True

    async def adopt(self, number: int) -> bool:
        """Adopt another version of the policy."""
        if self._sequencer is None:
            return False
        body = encode(self.policies[number])
        name: PolicyHash = self._sequencer.know_policy(body)
        self.in_force = number
        return await self.attempt(AdoptPolicy(name))

    async def snapshot(self) -> None:
        """Keep a snapshot of what is stored."""
        if self._journal is not None and self._sequencer is not None:
            with suppress(StorageError):
                frozen = await self._sequencer.read(lambda state: state.freeze())
                await self._journal.save_snapshot(encode_snapshot(frozen, "simulation"))

    # --- lives -----------------------------------------------------------------------------------

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin a life."""
        self.lives += 1
        self._life = tasks.create_task(self._live())

    async def kill(self) -> None:
        """End the life at whatever point it has come to."""
        life = self._life
        self.door.cut()
        self.slot.cut()
        self._sequencer = self._journal = self._writing = self._life = None
        if life is not None:
            life.cancel()
            await asyncio.wait([life])
            if not life.cancelled() and (error := life.exception()) is not None:
                raise error

    async def _live(self) -> None:
        journal = MemoryJournal(self.store, self.clock, self._faults)
        state = await recover(journal)
        self.watch.catch_up()
        self.watch.compare(state)
        self.watch.daemon_since = self.clock.now()
        metrics, publisher = Metrics(), Publisher()
        ids = SeededIds(self._seed * 1000 + self.lives)
        sequencer = Sequencer(Engine(state), journal, self.clock, ids, publisher, metrics)
        channels = self._channels(sequencer, journal, ids, publisher)
        outlets: dict[type[Effect], Outlet] = {
            kind: channel.outlet
            for channel in channels
            if channel.outlet is not None
            for kind in channel.capabilities.effects
        }
        effects = EffectRunner(sequencer, self.clock, outlets)
        publisher.subscribe(self.watch.follow)
        publisher.subscribe(effects.follow)
        effects.begin(state)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sequencer.run())
            while not await self._is_ready(sequencer, channels):
                await self.clock.sleep_until(self.clock.now() + SECOND)
            tasks.create_task(effects.run())
            duties = [duty for channel in channels for duty in channel.duties()]
            self._duties = [tasks.create_task(keep_doing(duty, self.clock)) for duty in duties]
            app = Starlette(routes=[route for channel in channels for route in channel.routes()])
            app.router.redirect_slashes = False
            self.door.open(app)
            self._sequencer, self._journal = sequencer, journal
            self._writing = self._desk(sequencer, journal, ids)

    def _channels(
        self, sequencer: Sequencer, journal: MemoryJournal, ids: SeededIds, publisher: Publisher
    ) -> tuple[ChannelAdapter, ...]:
        chat = ChatChannel(
            sequencer,
            ids,
            self.clock,
            CHAT,
            publisher=publisher,
            words=journal.words,
            blobs=self.blobs,
            typing=lambda _: None,
            blocked=lambda _: False,
        )
        return (
            VoiceChannel(sequencer, ids, VOICE, Contacts(self.store)),
            WebformChannel(sequencer, ids, self.clock, FORM),
            MailChannel(sequencer, ids, self.clock, self.blobs, MAIL, journal.words, nothing_past),
            chat,
        )

    def _desk(self, sequencer: Sequencer, journal: MemoryJournal, ids: SeededIds) -> Writing:
        desktop = Desktop(
            blobs=self.blobs,
            drafts=MemoryDrafts(),
            key_of=key_of(SECRET),
            typing=lambda _, __: None,
            render=render_html,
            blocked=NobodyBlocked(),
            kept=nothing_kept,
            earlier=NothingEarlier(),
        )
        return Writing(sequencer, ids, WordLookup(journal.words), desktop)

    def rest(self) -> None:
        """Do nothing any more that is only for people who are there."""
        for duty in self._duties:
            duty.cancel()

    async def _is_ready(self, sequencer: Sequencer, channels: tuple[ChannelAdapter, ...]) -> bool:
        """Have a policy in force and the channels open; False while storage is in trouble."""
        try:
            if not await sequencer.read(lambda state: state.policy_hash):
                name = sequencer.know_policy(encode(self.policies[0]))
                await sequencer.submit(AdoptPolicy(name), _nothing)
            for channel in channels:
                await channel.start()
        except StorageUnavailable:
            return False
        return True


VOICE: Final = VoiceSettings(
    public_url=PUBLIC,
    account_sid=ACCOUNT,
    auth_tokens=(TOKEN,),
    secret=SECRET,
    rest_url=REST,
    fallback_number="+19055550199",
)
FORM: Final = WebformSettings(secret=SECRET, public_url=PUBLIC, body_max=64 * 1024)
MAIL: Final = MailSettings(secret=SECRET, smtp_host="mx", smtp_url="smtp://mail.example.org")
CHAT: Final = ChatSettings(secret=SECRET, public_url=PUBLIC, body_max=64 * 1024)


def variants(town: Policy) -> tuple[Policy, ...]:
    """Return the town, and what a reload may bring: fewer people, other times, easier queues."""
    fewer = {name: rule for name, rule in town.agents.items() if name not in ("lin", "dmitri")}
    hurried = replace(town.offers, lease=town.offers.lease // 2)
    easier = {
        name: replace(queue, requires=town.queues[next(iter(town.queues))].requires)
        for name, queue in town.queues.items()
    }
    return town, replace(town, agents=fewer, offers=hurried), replace(town, queues=easier)


def telephone_of(policy: Policy, agent: AgentId) -> str:
    """Return where the agent's telephone rings, "" when there is none."""
    rule = policy.agents.get(agent)
    return "" if rule is None else rule.leg


async def nothing_past(_: tuple[str, ...], __: tuple[str, ...]) -> PastThread | None:
    """There is no history: the core has everything of the day."""
    return None


def _nothing(_: State) -> None:
    """Nobody waits."""
