"""The composition root: builds every part, starts them in order, stops them in order.

The only module that knows concrete channels, desk and history. Start: lock and journal, recovery,
sequencer, policy, then everything that depends on a policy, then the port is served. Stop: desks
are told, requests under way finish, channels close, what waits is stored, the journal is released.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from socket import socket
from typing import Final

import msgspec
import structlog
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from router.core.effects import Effect
from router.core.engine import Engine
from router.core.model import ItemId
from router.desk.surface import DeskSurface
from router.desk.town import status_view
from router.desk.writing import Desktop, TellResident
from router.errors import HistoryForked, InvariantBroken, TownlineError
from router.history.account_rows import Role
from router.history.accounts import Accounts
from router.history.audit import Audit
from router.history.blob_sweep import BlobSweep
from router.history.blocked import Blocked
from router.history.contacts import Contacts
from router.history.database import Database, default_url
from router.history.drafts import Drafts
from router.history.earlier import Earlier
from router.history.feeder import HistoryFeeder
from router.history.passwords import Passwords
from router.history.provider_names import ProviderNames
from router.history.report_feeder import ReportFeeder
from router.history.reports import Reports
from router.history.retention import WordRetention
from router.history.sessions import Sessions
from router.history.threads import Threads
from router.ports import Duty, Outlet
from router.runtime import collector, http, practice
from router.runtime.about import About
from router.runtime.blobs import FolderBlobs
from router.runtime.channels import (
    Surroundings,
    channels_of,
    chat_channel,
    imap_door,
    key_of,
    mail_channel,
    render_html,
    softphone_of,
)
from router.runtime.clock import SystemClock
from router.runtime.duties import keep_doing
from router.runtime.effects import EffectRunner
from router.runtime.explaining import explain_from
from router.runtime.first_accounts import FirstAccounts
from router.runtime.health import Health, status_route
from router.runtime.ids import RandomIds
from router.runtime.journals import OpenJournal, company_of, compare_secret, open_to_write
from router.runtime.metrics import Metrics
from router.runtime.neighbours import Neighbours
from router.runtime.policy_loader import PolicyKeeper
from router.runtime.policy_source import edits, source_of
from router.runtime.provider import sign_in_door
from router.runtime.publisher import Publisher
from router.runtime.recovery import Recovered, replay
from router.runtime.resubmission import Resubmission, leave_behind
from router.runtime.secret import installation_secret
from router.runtime.sequencer import Sequencer
from router.runtime.settings import Settings
from router.runtime.shortening import Reach, Shortening
from router.runtime.snapshotting import Snapshots
from router.runtime.stop import signals
from router.runtime.town_work import TownWork, done_once

STOP_S: Final = 1.5  # for what waits to be stored, once nobody can send any more
SNAPSHOT_S: Final = 1.0  # for the last snapshot

Say = Callable[[str], None]  # to the person who started the daemon

log = structlog.get_logger(__name__)


class Daemon:
    """Everything that stands on a recovered state; built in one go, then run."""

    def __init__(
        self,
        settings: Settings,
        secret: bytes,
        journal: OpenJournal,
        recovered: Recovered,
        system_clock: SystemClock,
        clock: practice.PracticeClock,
        web_root: str,
        say: Say,
    ) -> None:
        self.settings, self.clock, self.say = settings, clock, say
        self._system_clock = system_clock
        self.journal, self.state = journal, recovered.state
        self.ids, self.metrics, self.publisher = RandomIds(), Metrics(), Publisher()
        self.company = company_of(settings, clock, self.metrics)
        self.sequencer = Sequencer(
            Engine(self.state),
            journal,
            clock,
            self.ids,
            self.publisher,
            self.metrics,
            waiting_max=settings.limits.waiting_commands_max,
            batch_max=settings.limits.batch_commands_max,
            company=self.company,
            chain=recovered.chain,
        )
        self.keeper = PolicyKeeper(
            source_of(settings), self.sequencer, clock, self.metrics, self.company
        )
        self.reach = Reach(journal, self.metrics)
        self.about = About(settings, clock, self.keeper, self.sequencer, self.company, self.reach)
        self.database = Database(settings.history or default_url(settings.data_dir))
        self.accounts = Accounts(self.database, clock, Passwords())
        self.contacts = Contacts(self.database, journal)
        self.blobs = FolderBlobs(settings.data_dir / "blobs")
        self.blocked, self.drafts = Blocked(self.database, clock), Drafts(self.database, clock)
        typing = self._build_channels(secret, web_root)
        self.effects = EffectRunner(self.sequencer, clock, self._outlets())
        self.desk = self._build_desk(secret, typing, web_root)
        self.neighbours.serve(self.desk)
        self.health = Health(
            self.sequencer,
            journal,
            clock,
            self.metrics,
            free_bytes_min=settings.limits.free_bytes_min,
            ahead_of_wall=system_clock.ahead_of_wall,
        )
        self.snapshots = Snapshots(
            self.sequencer, journal, clock, self.about.version, lambda: self.sequencer.chain
        )
        self.operator_token = practice.operator_token(secret)
        self.stopping, self.reload = asyncio.Event(), asyncio.Event()

    def _build_channels(self, secret: bytes, web_root: str) -> TellResident:
        """Build all of them; return how desks tell residents of a chat that somebody types."""
        around = Surroundings(
            inbox=self.sequencer,
            ids=self.ids,
            clock=self.clock,
            blobs=self.blobs,
            contacts=self.contacts,
            database=self.database,
            publisher=self.publisher,
            blocked=self.blocked.is_blocked,
            resident_types=lambda conversation: self.neighbours.resident_types(conversation),
        )
        chat = chat_channel(self.settings, secret, web_root, around)
        self.mail = mail_channel(self.settings, secret, around)
        self.about.watched.append(lambda: imap_door(self.mail))
        self.channels = (*channels_of(self.settings, secret, web_root, around), self.mail, chat)
        self.neighbours = Neighbours(self.company, chat.elsewhere, chat.agent_types)
        return self.neighbours.agent_types

    def _build_desk(self, secret: bytes, typing: TellResident, web_root: str) -> DeskSurface:
        names = ProviderNames(self.database, self.clock)
        return DeskSurface(
            inbox=self.sequencer,
            publisher=self.publisher,
            accounts=self.accounts,
            role_of=Role,
            sessions=Sessions(self.database, self.clock),
            audit=Audit(self.database, self.clock),
            words=self.contacts.words,
            reports=Reports(self.database, self.clock),
            explain=self._explain,
            about=self.about,
            clock=self.clock,
            ids=self.ids,
            desktop=Desktop(
                blobs=self.blobs,
                drafts=self.drafts,
                render=render_html,
                blocked=self.blocked,
                kept=Threads(self.database).kept,
                earlier=Earlier(self.database),
                key_of=key_of(secret),
                typing=typing,
                softphone=softphone_of(self.settings),
            ),
            names=names,
            sign_in_door=sign_in_door(self.settings, names, web_root, self._system_clock.now),
            web_root=web_root,
        )

    def _outlets(self) -> dict[type[Effect], Outlet]:
        return {
            kind: channel.outlet
            for channel in self.channels
            if channel.outlet is not None
            for kind in channel.capabilities.effects
        }

    # --- running ---------------------------------------------------------------------------------

    async def run(self, listening: socket) -> None:
        """Serve until stopped. Errors: `PolicyError` at a first start with a broken policy."""
        self.publisher.subscribe(self.metrics.follow)
        self.publisher.subscribe(self.effects.follow)
        async with AsyncExitStack() as closing, asyncio.TaskGroup() as tasks:
            closing.push_async_callback(self.database.close)
            closing.push_async_callback(self.company.close)
            sequencing = tasks.create_task(self.sequencer.run())
            try:
                await self.keeper.first()
                for channel in self.channels:
                    await channel.start()
            except BaseException:
                self.sequencer.stop()
                raise
            server = http.server(self._application())
            serve = tasks.create_task(server.serve(sockets=[listening]))
            duties = self._duties()
            once = [duty for duty in duties if done_once(duty)]
            town = TownWork(self.company, self.sequencer, self.effects, once, self.clock)
            first = FirstAccounts(
                self.settings, self.accounts, self.sequencer, self.clock, self.say
            )
            background = [
                tasks.create_task(keep_doing(duty, self.clock))
                for duty in duties
                if not done_once(duty)
            ]
            background += [
                tasks.create_task(town.run()),
                tasks.create_task(self.effects.run()),
                tasks.create_task(self._reload_when_told()),
                tasks.create_task(self._reload_when_edited()),
                tasks.create_task(first.make()),
                tasks.create_task(
                    Resubmission(
                        self.settings.data_dir, self.journal, self.sequencer, self.clock
                    ).run()
                ),
            ]
            await self.stopping.wait()
            log.info("stopping")
            self.health.stopping = True
            await self.company.leave()
            await self.desk.stop()
            server.should_exit = True
            await serve
            for task in background:
                task.cancel()
            for channel in self.channels:
                await channel.stop()
            self.sequencer.stop()
            await asyncio.wait([sequencing], timeout=STOP_S)
            if not sequencing.done():  # storage hangs: nobody was told that it is stored
                sequencing.cancel()
                return
            with suppress(TimeoutError):  # the next start replays a little more
                await asyncio.wait_for(self.snapshots.save(self.state), SNAPSHOT_S)

    def _duties(self) -> list[Duty]:
        def held() -> int:
            return self.sequencer.version

        async def read() -> int:
            return min(await feeder.position(), await reports.position())

        feeder = HistoryFeeder(self.database, self.journal, self.journal, self.clock, held)
        reports = ReportFeeder(self.database, self.journal, held)
        own: list[Duty] = [
            self.snapshots, self.health, self.keeper, self.neighbours, self.reach, feeder,
            reports,
        ]  # fmt: skip
        days = self.settings.journal_keep_days
        if days:
            code = self.about.version
            own.append(Shortening(self.journal, self.clock, days, read, code))
        keeping: list[Duty] = [
            self.blocked,
            self.drafts,
            WordRetention(self.database, self.clock, lambda: self.state.policy),
            BlobSweep(self.database, self.journal, self.blobs),
        ]
        return [
            *own,
            *keeping,
            *self.journal.duties(),
            *self.desk.duties(),
            *(d for c in self.channels for d in c.duties()),
        ]

    def _application(self) -> ASGIApp:
        routes: list[BaseRoute] = [
            *(route for channel in self.channels for route in channel.routes()),
            *self.desk.routes(),
            *self.health.routes(),
            status_route(self.operator_token, self._status),
        ]
        app = http.application(routes)
        if not self.settings.is_practice:
            return app
        return http.PracticeTime(app, self.clock, self.state.policy.time_zone)

    async def _status(self) -> bytes:
        now = self.clock.now()
        view = await self.sequencer.read(lambda state: status_view(state, self.about, now))
        return msgspec.json.encode(view)

    async def _explain(self, item_id: str) -> tuple[str, ...]:
        story = await explain_from(self.settings, ItemId(item_id), self.clock.now())
        return tuple(
            text
            for line in story.lines
            for text in (f"{line.at}  {line.text}", *(f"    {each}" for each in line.details))
        )

    async def _reload_when_told(self) -> None:
        while True:
            await self.reload.wait()
            self.reload.clear()
            self.mail.renew()
            await self.keeper.reload()

    async def _reload_when_edited(self) -> None:
        async for _ in edits(self.settings):
            await self.keeper.reload()


async def serve(settings: Settings, at: str | None, say: Say) -> None:
    """Run the daemon until it is told to stop.

    Args:
        settings: see there.
        at: practice time to start at, ISO 8601, local to the machine when it has no offset.
        say: prints a line to the person who started it.

    Raises:
        SettingsError: the port, the secret or the time cannot be used.
        StorageError: the journal cannot be opened.
        PolicyError: the policy has mistakes and there is none to go on with.
        InvariantBroken: memory could not be trusted; start again and replay.
    """
    listening = http.listen(settings.http)
    async with AsyncExitStack() as closing:
        closing.callback(listening.close)
        secret = installation_secret(settings)
        journal = await open_to_write(settings)
        closing.push_async_callback(journal.close)
        await compare_secret(settings, journal, secret)
        last = await journal.last_instant()
        system_clock, clock = practice.clocks_from(last, is_practice=settings.is_practice)
        recovered = await replay(journal)
        state = recovered.state
        if at is not None:
            zone = state.policy.time_zone if state.policy_hash else practice.LOCAL_ZONE
            clock.start_at(practice.instant_of(at, zone), zone, not_before=state.now)
        port = listening.getsockname()[1]
        web_root = settings.web_root
        if settings.public_url is None and settings.http.port == 0:
            web_root = web_root.removesuffix(":0") + f":{port}"
        daemon = Daemon(settings, secret, journal, recovered, system_clock, clock, web_root, say)
        collector.calm()
        with signals(daemon.stopping, daemon.reload):
            try:
                await daemon.run(listening)
            except BaseExceptionGroup as group:
                error = innermost(group)
                if isinstance(error, HistoryForked):
                    leave_behind(settings.data_dir, daemon.company.tail)
                if isinstance(error, InvariantBroken) or not isinstance(error, TownlineError):
                    log.critical("daemon_broken", exc_info=group)
                raise error from group
        log.info("stopped")


def innermost(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what went wrong first, without the groups around it; `InvariantBroken` if any is."""
    broken = group.subgroup(InvariantBroken)
    error: BaseException = group if broken is None else broken
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
