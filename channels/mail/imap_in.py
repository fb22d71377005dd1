"""The IMAP door: watches a mailbox on another server and takes out what arrives.

It stays signed in and is woken by the server (IDLE), or looks from time to time where the server
cannot. Lost connections are made again, patiently; a refused password is tried again slowly, since
servers lock who tries often. Nothing is remembered but what the server itself remembers: a
message that is still in the mailbox has not been taken.
Source: RFC 3501; RFC 2177 (IDLE must be renewed within 29 minutes).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from channels.mail.blocking_thread import BlockingThread
from channels.mail.imap_collecting import Collector, Folders, Taking
from channels.mail.imap_memory import WAIT_MAX, ImapMemory, back_off
from channels.mail.imap_session import ImapSession
from channels.mail.intake import Intake
from channels.mail.server_address import IMAP_PORTS, client_tls, server_address
from router.core.model import SECOND, Instant, Span
from router.errors import ChannelError, SettingsError
from router.ports import Clock

FIRST_REST: Final[Span] = SECOND  # doubled while nothing comes, see `ImapSession.wait`
GRACE_S: Final = 1.5  # for the message under way when the door closes

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapDoorSettings:
    """Which mailbox, and how often to look."""

    url: str  # imaps://user@host/INBOX; imap:// begins in the clear and asks for STARTTLS
    password: str = field(repr=False)
    mailbox: str = "imap"  # what an envelope calls this door
    size_bytes_max: int = 26_214_400
    idle_s: float = 300.0  # renewal of IDLE; at most 29 minutes
    poll_s: float = 60.0  # between two looks where the server cannot IDLE
    store_s: float = 30.0  # within which a message is stored or left for later
    folders: Folders = field(default_factory=Folders)
    ca_file: Path | None = None  # PEM of who signed the server's certificate


class State(StrEnum):
    """How a door stands with its server."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNMOVED = "unmoved"  # takes mail, but the server does not move it away
    FAILED = "failed"  # and trying again


class Standing(msgspec.Struct, frozen=True):
    """What health shows of a door."""

    state: State
    why: str  # "" unless failed or unmoved; "login: ...", no secrets
    since: Instant
    later_count: int = 0  # messages that could not be stored yet


class ImapDoor:
    """`run` it in a task of the daemon; `stop` it from another."""

    def __init__(self, intake: Intake, settings: ImapDoorSettings, clock: Clock) -> None:
        """Errors: `SettingsError` when the address or the certificate file is no such thing."""
        self._intake = intake
        self._settings = settings
        self._clock = clock
        self._address = server_address(settings.url, IMAP_PORTS)
        if not self._address.path or not self._address.user:
            raise SettingsError(f"{settings.url!r} must name a user and a mailbox, as /INBOX")
        self._tls = client_tls(settings.ca_file)
        self._memory = ImapMemory()
        self._taking = Taking(
            mailbox=settings.mailbox,
            size_bytes_max=settings.size_bytes_max,
            store_s=settings.store_s,
            folders=settings.folders,
        )
        self._standing = Standing(State.CONNECTING, "", clock.now())
        self._failures = 0  # in a row
        self._is_over = False
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._is_resting = False

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        standing, memory = self._standing, self._memory
        if standing.state is State.CONNECTED and memory.why_unmoved:
            standing = Standing(State.UNMOVED, memory.why_unmoved, memory.unmoved_since)
        return msgspec.structs.replace(standing, later_count=memory.later_count)

    async def run(self) -> None:
        """Take messages until stopped, for good, or cancelled, until it is run again.

        Errors: none of the server's, they are told by `standing`.
        """
        if self._is_over:
            return
        self._stopping.clear()  # another daemon may have decided meanwhile
        self._ended.clear()
        thread = BlockingThread(f"imap-{self._settings.mailbox}")
        try:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(self._work(thread))
                try:
                    await self._stopping.wait()
                finally:
                    self._stopping.set()
                    if not self._is_resting:
                        await asyncio.wait({working}, timeout=GRACE_S)
                    working.cancel()
        finally:
            thread.end()
            self._ended.set()

    async def stop(self) -> None:
        """Finish the message under way and hang up, within two seconds."""
        self._is_over = True
        self._stopping.set()
        await self._ended.wait()

    async def _work(self, thread: BlockingThread) -> None:
        while not self._stopping.is_set():
            try:
                await self._visit(thread)
            except ChannelError as error:
                self._fail(error.reason, str(error))
            except Exception as error:
                log.exception("imap_door_broken", mailbox=self._settings.mailbox)
                self._fail("broken", type(error).__name__)
            else:
                return
            if self._stopping.is_set():
                return
            wait = WAIT_MAX if self._standing.why.startswith("login:") else back_off(self._failures)
            await self._rest_until(self._clock.now() + wait)

    async def _visit(self, thread: BlockingThread) -> None:
        """Connect, and take messages until stopped."""
        session = ImapSession(
            self._address, self._settings.password, self._tls, self._settings.folders.names()
        )
        try:
            await thread.call(session.open)
            self._stand(State.CONNECTED, "")
            collector = Collector(
                session,
                thread,
                self._memory,
                self._intake,
                self._clock,
                self._taking,
                self._address.host,
            )
            rest = FIRST_REST
            while not self._stopping.is_set():
                was_busy = await collector.collect(self._stopping)
                self._failures = 0
                rest = FIRST_REST if was_busy else min(2 * rest, self._longest_rest(session))
                await self._rest(session, thread, rest)
        finally:
            session.interrupt()
            thread.post(session.close)

    def _longest_rest(self, session: ImapSession) -> Span:
        seconds = self._settings.idle_s if session.can_idle else self._settings.poll_s
        return int(seconds * SECOND)

    async def _rest(self, session: ImapSession, thread: BlockingThread, rest: Span) -> None:
        """Wait for the server's notice, the next look or something that was postponed."""
        if self._stopping.is_set():
            return
        until = self._clock.now() + rest
        next_try = self._memory.next_try()
        if next_try is not None:
            until = max(min(until, next_try), self._memory.pause_until)
        if not session.can_idle or self._clock.now() < self._memory.pause_until:
            await self._rest_until(until)
            return
        self._is_resting = True
        try:
            left = max(0, until - self._clock.now()) / SECOND
            await thread.call(partial(session.wait, left))
        finally:
            self._is_resting = False

    async def _rest_until(self, instant: Instant) -> None:
        self._is_resting = True
        try:
            await self._clock.sleep_until(instant)
        finally:
            self._is_resting = False

    def _fail(self, reason: str, message: str) -> None:
        self._failures += 1
        if not self._standing.why.startswith(f"{reason}:"):
            log.warning(
                "imap_door_failed", mailbox=self._settings.mailbox, code=reason, error=message
            )
        self._stand(State.FAILED, f"{reason}: {message}")

    def _stand(self, state: State, why: str) -> None:
        before = self._standing
        if state is State.CONNECTED:
            log.info("imap_door_open", mailbox=self._settings.mailbox)
        since = before.since if state is before.state else self._clock.now()
        self._standing = Standing(state, why, since)
