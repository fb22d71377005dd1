"""The SMTP door: mail servers deliver here, and 250 means that the mail is stored.

It takes mail for our own addresses only. While something cannot be stored the sender hears 451
and keeps the mail: nothing is lost by a full disk or a restart. Memory is bounded: connections
times the size limit. How a conversation goes is decided by `smtp_session`.
Source: RFC 5321 (4.2.5: responsibility passes with the 250).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from channels.mail.intake import Answer, Envelope, Intake, hand_over
from channels.mail.smtp_session import LATER, REFUSED, TAKEN, Manners, Received, SmtpSession
from router.errors import SettingsError

REPLIES: Final = {Answer.TAKEN: TAKEN, Answer.LATER: LATER, Answer.REFUSED: REFUSED}
NO_ROOM: Final = b"421 4.3.2 too many connections, please come back\r\n"
CUT_S: Final = 0.5  # for the last 421 to leave before a connection is torn down

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpDoorSettings:
    """Where to listen, and how much is taken from whom."""

    mailbox: str = "smtp"  # what an envelope calls this door
    host: str = "127.0.0.1"
    port: int = 8025  # 0 takes any free one
    hostname: str = "localhost"  # what the greeting calls us
    size_bytes_max: int = 26_214_400
    connections_max: int = 100
    errors_max: int = 10  # answers of 4xx and 5xx in one conversation
    command_s: float = 300.0  # of silence (RFC 5321, 4.5.3.2.7)
    store_s: float = 30.0  # within which a mail is stored or answered 451
    leave_s: float = 5.0  # for a mail under way when the door closes
    certificate: Path | None = None  # PEM, the authorities' certificates below it: offers STARTTLS
    key: Path | None = None  # PEM without a password; None: in the file of the certificate
    is_tls_required: bool = False  # needs a certificate


class SmtpDoor:
    """Listens from `start` to `stop`, both inside the same running loop."""

    def __init__(
        self, intake: Intake, is_ours: Callable[[str], bool], settings: SmtpDoorSettings
    ) -> None:
        """`is_ours` says whether an address (local@domain as written) is one of the town's.

        Errors: `SettingsError` when certificate or key cannot be used.
        """
        self._intake = intake
        self._is_ours = is_ours
        self._settings = settings
        self._manners = Manners(
            hostname=settings.hostname,
            size_bytes_max=settings.size_bytes_max,
            errors_max=settings.errors_max,
            command_s=settings.command_s,
            store_s=settings.store_s,
            tls=_tls_of(settings),
            is_tls_required=settings.is_tls_required,
        )
        self._server: asyncio.Server | None = None
        self._sessions: set[SmtpSession] = set()
        self._all_gone = asyncio.Event()

    @property
    def port(self) -> int:
        """The port listened on; 0 while closed."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    async def start(self) -> None:
        """Listen. Errors: `SettingsError` when the address cannot be had."""
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the library writes addresses
        host, port = self._settings.host, self._settings.port
        try:
            self._server = await asyncio.get_running_loop().create_server(self._receive, host, port)
        except OSError as error:
            raise SettingsError(
                f"mail cannot be received on {host}:{port}: {error.strerror}; free the port or"
                " choose another"
            ) from error
        log.info("smtp_door_open", host=host, port=self.port)

    def renew(self) -> None:
        """Read certificate and key again, for connections to come; unusable ones change nothing."""
        if self._settings.certificate is None:
            return
        try:
            self._manners = replace(self._manners, tls=_tls_of(self._settings))
        except SettingsError as error:
            log.warning("smtp_certificate_refused", why=str(error))
        else:
            log.info("smtp_certificate_read")

    async def stop(self) -> None:
        """Take no new connections; let mails under way end, within `leave_s`; hang up."""
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.leave()
        if not await self._gone_within(self._settings.leave_s):
            for session in tuple(self._sessions):
                session.cut_off()
            await self._gone_within(CUT_S)
        self._server = None

    async def _gone_within(self, limit_s: float) -> bool:
        self._all_gone.clear()
        if self._sessions:
            try:
                async with asyncio.timeout(limit_s):
                    await self._all_gone.wait()
            except TimeoutError:
                return False
        return True

    def _receive(self) -> asyncio.BaseProtocol:
        if len(self._sessions) >= self._settings.connections_max:
            log.warning("smtp_connection_refused", code="too-many-connections")
            return _NoRoom()
        return SmtpSession(
            self._manners, self._is_ours, self._store, begun=self._sessions.add, ended=self._end
        )

    def _end(self, session: SmtpSession) -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._all_gone.set()

    async def _store(self, mail: Received) -> str:
        envelope = Envelope(mail.mail_from, mail.rcpt_to, self._settings.mailbox, mail.peer)
        return REPLIES[
            await hand_over(self._intake, mail.raw, envelope, limit_s=self._settings.store_s)
        ]


class _NoRoom(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(NO_ROOM)
        transport.close()


def _tls_of(settings: SmtpDoorSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    files = [file for file in (settings.certificate, settings.key) if file is not None]
    for file in files:  # one by one, since the library does not say which
        try:
            file.open("rb").close()
        except OSError as error:
            raise SettingsError(
                f"{str(file)!r}, for TLS of mail coming in, cannot be read: {error.strerror}"
            ) from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # without a password the library would ask for one at the terminal
        context.load_cert_chain(settings.certificate, settings.key, password="")
    except ssl.SSLError as error:
        named = " and ".join(repr(str(file)) for file in files)
        raise SettingsError(
            f"{named} cannot be used for TLS of mail coming in: needed are a certificate and its"
            f" private key, as PEM, without a password ({error})"
        ) from error
    return context
