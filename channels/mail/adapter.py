"""The mail channel: two doors in (SMTP, IMAP), one receiver, one outlet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.routing import BaseRoute

from channels.contract import Capabilities, Limits
from channels.mail.arriving import is_ours
from channels.mail.budgets import Budgets
from channels.mail.folder_sender import FolderSender
from channels.mail.imap_in import ImapDoor, ImapDoorSettings, Standing
from channels.mail.outbox import FindWords, MailOutlet, Sender
from channels.mail.receiving import FindThread, Receiver
from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from channels.mail.smtp_out import SmtpSender, SmtpSenderSettings
from router.core.effects import SendMail
from router.core.model import SECOND, Channel, Span, Tempo
from router.core.policy_text import MailPolicy
from router.ports import Blobs, Clock, Duty, Ids, Inbox, Outlet

ANSWER_S: Final = 30.0
EFFECT_S: Final = 20.0
SEND_S: Final = 15.0
KNOW_EVERY: Final[Span] = 2 * SECOND


class MailSettings(msgspec.Struct, frozen=True):
    """What the environment says about mail."""

    secret: bytes  # the installation's, for address keys and tokens
    smtp_host: str = ""  # "" = the SMTP door stays shut
    smtp_port: int = 8025
    smtp_certificate: Path | None = None  # None = no STARTTLS
    smtp_key: Path | None = None  # None = in the file of the certificate
    smtp_tls_required: bool = False  # of who delivers
    hostname: str = "localhost"
    size_bytes_max: int = 26_214_400
    imap_url: str = ""  # "" = nothing is fetched
    imap_password: str = ""
    imap_ca_file: Path | None = None
    imap_poll_s: float = 60.0
    smtp_url: str = ""  # out; "" = into `outbox`, or what is to be sent waits
    outbox: Path | None = None  # folder for mails while practising
    smtp_password: str = ""
    smtp_tls: bool = True  # never send in the clear
    smtp_ca_file: Path | None = None


class MailChannel:
    """A `ChannelAdapter`."""

    name = Channel.MAIL
    tempos = frozenset({Tempo.SLOW_TEXT})
    capabilities = Capabilities(effects=frozenset({SendMail}), reply=True)

    def __init__(
        self,
        inbox: Inbox,
        ids: Ids,
        clock: Clock,
        blobs: Blobs,
        settings: MailSettings,
        words: FindWords,
        past: FindThread,
    ) -> None:
        """Errors: `SettingsError` when a server's address, or a certificate, is no such thing."""
        self._inbox = inbox
        self._settings = settings
        self._policy: MailPolicy | None = None  # as last read, for the SMTP door
        receiver = Receiver(inbox, ids, blobs, Budgets(clock), settings.secret, past)
        has_smtp = bool(settings.smtp_host)
        self._smtp = SmtpDoor(receiver, self._is_ours, _smtp(settings)) if has_smtp else None
        self._imap = ImapDoor(receiver, _imap(settings), clock) if settings.imap_url else None
        sender = _sender(settings)
        self._outlet = MailOutlet(inbox, clock, blobs, words, sender, settings.secret)

    @property
    def outlet(self) -> Outlet:
        """Where mails go."""
        return self._outlet

    @property
    def limits(self) -> Limits:
        """What is taken at most."""
        return Limits(body_max=self._settings.size_bytes_max, answer_s=ANSWER_S, effect_s=EFFECT_S)

    @property
    def smtp_port(self) -> int:
        """Return the port on which mail is taken; 0 when none is."""
        return self._smtp.port if self._smtp is not None else 0

    @property
    def imap_standing(self) -> Standing | None:
        """Return how it stands with the mail server; None when nothing is fetched."""
        return self._imap.standing if self._imap is not None else None

    def routes(self) -> list[BaseRoute]:
        """Return none: mail has its own ports."""
        return []

    def duties(self) -> tuple[Duty, ...]:
        """Return what watches the policy and the mail server."""
        knowing = _Doing("mail-policy", KNOW_EVERY, self._know)
        if self._imap is None:
            return (knowing,)
        return (knowing, _Doing("imap", KNOW_EVERY, self._imap.run))

    async def start(self) -> None:
        """Open the SMTP door. Errors: `SettingsError` when its port cannot be had."""
        await self._know()
        if self._smtp is not None:
            await self._smtp.start()

    async def stop(self) -> None:
        """Close the doors; a mail under way is finished or left with its sender."""
        if self._smtp is not None:
            await self._smtp.stop()
        if self._imap is not None:
            await self._imap.stop()

    def renew(self) -> None:
        """Read the certificate of the SMTP door again."""
        if self._smtp is not None:
            self._smtp.renew()

    async def _know(self) -> None:
        self._policy = await self._inbox.read(lambda state: state.policy.mail)

    def _is_ours(self, address: str) -> bool:
        return self._policy is not None and is_ours(self._policy, address)


class _Doing:
    """A `Duty`."""

    def __init__(self, name: str, period: Span, work: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self.period = period
        self._work = work

    async def __call__(self) -> None:
        await self._work()


def _smtp(settings: MailSettings) -> SmtpDoorSettings:
    return SmtpDoorSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        hostname=settings.hostname,
        size_bytes_max=settings.size_bytes_max,
        certificate=settings.smtp_certificate,
        key=settings.smtp_key,
        is_tls_required=settings.smtp_tls_required,
    )


def _imap(settings: MailSettings) -> ImapDoorSettings:
    return ImapDoorSettings(
        url=settings.imap_url,
        password=settings.imap_password,
        size_bytes_max=settings.size_bytes_max,
        poll_s=settings.imap_poll_s,
        ca_file=settings.imap_ca_file,
    )


def _sender(settings: MailSettings) -> Sender | None:
    if not settings.smtp_url:
        return FolderSender(settings.outbox) if settings.outbox is not None else None
    return SmtpSender(
        SmtpSenderSettings(
            url=settings.smtp_url,
            password=settings.smtp_password,
            hostname=settings.hostname,
            is_tls_required=settings.smtp_tls,
            effect_s=SEND_S,
            ca_file=settings.smtp_ca_file,
        )
    )
