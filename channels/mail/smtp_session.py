"""One SMTP conversation: what is answered to which command, and where a mail ends.

Our own reading of DATA instead of the library's: a mail ends at CRLF.CRLF and nowhere else, lines
may be of any length (the library refuses beyond 998 octets, residents' programs do not care), the
memory for a mail is its size once over and not three times, and whoever sends too slowly is cut
off without cutting off a large mail. Never a relay, no passwords, no list of addresses.
Source: RFC 5321 (4.1.1.4 DATA, 4.2.5, 4.5.3.2 time-outs, 7.3 VRFY and EXPN), RFC 1870 (SIZE),
RFC 3207 (STARTTLS), RFC 6531 (SMTPUTF8); bare line feeds used to smuggle: CVE-2023-51764.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import AnyStr, Final

import structlog
from aiosmtpd import smtp

PIECE_BYTES: Final = 65_536  # read at a time; less than this within `command_s`: too slow
DISCARDED_MAX: Final = 2  # times the size limit that is read of a mail that is too large
RECIPIENTS_MAX: Final = 100  # RFC 5321 4.5.3.1.8
CRLF: Final = b"\r\n"
NULL_SENDER: Final = "<>"  # how the library writes it
BARE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")

TAKEN: Final = "250 2.0.0 stored"
LATER: Final = "451 4.3.0 cannot be stored now, please try again"
REFUSED: Final = "554 5.7.1 refused"
TOO_LARGE: Final = "552 5.3.4 larger than {} bytes"
LEAVING: Final = "421 4.3.2 closing, please come back"
TOO_SLOW: Final = "421 4.4.2 waited too long"
TOO_MANY_ERRORS: Final = "421 4.7.0 too many errors"
BROKEN: Final = "451 4.3.0 something went wrong here, please try again"

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What one conversation may do; the same for all."""

    hostname: str
    size_bytes_max: int
    errors_max: int
    command_s: float  # of silence, and for each `PIECE_BYTES` of a mail
    store_s: float  # within which a mail is stored or the sender told to come back
    tls: ssl.SSLContext | None
    is_tls_required: bool  # before STARTTLS everything else is answered 530


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail and what was said before it."""

    raw: bytes
    mail_from: str  # "" is the null sender
    rcpt_to: tuple[str, ...]
    peer: str


class SmtpSession(smtp.SMTP):
    """A conversation with one client; a protocol for `loop.create_server`.

    `store` returns the reply to a mail that is complete; `begun` and `ended` are told of the
    connection.
    """

    line_length_limit = PIECE_BYTES  # of the library's reader; mails have no limit on lines

    def __init__(
        self,
        manners: Manners,
        is_ours: Callable[[str], bool],
        store: Callable[[Received], Awaitable[str]],
        *,
        begun: Callable[[SmtpSession], None],
        ended: Callable[[SmtpSession], None],
    ) -> None:
        super().__init__(
            _Hooks(is_ours),
            data_size_limit=manners.size_bytes_max,
            enable_SMTPUTF8=True,
            hostname=manners.hostname,
            ident="ESMTP",
            tls_context=manners.tls,
            require_starttls=manners.is_tls_required,
            timeout=manners.command_s,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self.is_receiving = False  # between DATA and the answer to it
        self._manners = manners
        self._store = store
        self._begun, self._ended = begun, ended
        self._errors = 0
        self._is_leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or go on behind TLS."""
        super().connection_made(transport)
        self._begun(self)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        super().connection_lost(error)
        self._ended(self)

    def leave(self) -> None:
        """Say 421 and hang up: now, or once the mail under way is answered."""
        self._is_leaving = True
        if not self.is_receiving:
            self._hang_up(LEAVING)

    def cut_off(self) -> None:
        """Say 421 and hang up, whatever is under way; do not wait for the client to listen."""
        self._hang_up(LEAVING)
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    async def push(self, status: AnyStr) -> None:
        """Send one line; after too many errors it is the last one."""
        await super().push(status)
        if status[:1] in {"4", "5"}:  # the library's own lines are text, too
            self._errors += 1
            if self._errors >= self._manners.errors_max:
                self._hang_up(TOO_MANY_ERRORS)

    # --- the commands that differ from the library's ---------------------------------------------

    async def smtp_DATA(self, arg: str | None) -> None:
        """Take one mail."""
        envelope, session = self.envelope, self.session
        assert envelope is not None
        assert session is not None
        if arg:
            await self.push("501 5.5.4 DATA takes no argument")
        elif not envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT first")
        else:
            self.is_receiving = True
            try:
                await self.push("354 end with <CRLF>.<CRLF>")
                raw = await self._content()
                self._reset_timeout(self._manners.store_s + self._manners.command_s)
                await self.push(raw if isinstance(raw, str) else await self._answer(raw))
            finally:
                self.is_receiving = False
            self.envelope = self._create_envelope()
            self._reset_timeout()
            if self._is_leaving:
                self._hang_up(LEAVING)

    async def smtp_VRFY(self, arg: str | None) -> None:
        """Tell nobody who has an address here."""
        await self.push("252 2.5.0 cannot verify; mail is accepted for our own addresses")

    async def smtp_EXPN(self, arg: str | None) -> None:
        """Tell nobody who is behind an address."""
        await self.push("502 5.5.1 not implemented")

    async def smtp_AUTH(self, arg: str | None) -> None:
        """Nobody signs in here."""
        await self.push("502 5.5.1 not implemented")

    async def smtp_HELP(self, arg: str | None) -> None:
        """Say what this is."""
        await self.push("214 2.0.0 mail for our own addresses is taken here")

    # --- reading ---------------------------------------------------------------------------------

    async def _content(self) -> bytes | str:
        """Return the mail, or the reply that refuses it; either way it was read to its end.

        Memory: at most the size limit (a refused mail is dropped as it comes in), and a copy.
        """
        limit = self._manners.size_bytes_max
        kept, size, timed = bytearray(), 0, 0
        starts_line = True
        while True:
            try:
                piece: bytes = await self._reader.readuntil(CRLF)
            except asyncio.LimitOverrunError as overrun:  # a long line comes in pieces
                piece = await self._reader.read(overrun.consumed)
            if starts_line and piece[:1] == b".":
                if piece == b".\r\n":
                    break
                piece = piece[1:]
            starts_line = piece[-2:] == CRLF
            size += len(piece)
            if size <= limit:
                kept += piece
            else:
                kept.clear()
                if size > limit * DISCARDED_MAX:
                    self._hang_up(TOO_LARGE.format(limit))
            if size - timed >= PIECE_BYTES:
                timed = size
                self._reset_timeout()
        if size > limit:
            return TOO_LARGE.format(limit)
        if BARE.search(kept, 0, max(0, kept.find(b"\r\n\r\n"))):
            return "550 5.6.0 bare CR or LF in the header"  # hides header lines from other servers
        return bytes(kept)

    async def _answer(self, raw: bytes) -> str:
        envelope, session = self.envelope, self.session
        assert envelope is not None
        assert session is not None
        peer = session.peer[0] if isinstance(session.peer, tuple) else str(session.peer)
        return await self._store(
            Received(
                raw=raw,
                mail_from="" if envelope.mail_from == NULL_SENDER else envelope.mail_from or "",
                rcpt_to=tuple(envelope.rcpt_tos),
                peer=peer,
            )
        )

    def _hang_up(self, status: str) -> None:
        """Say the last line and close; what is still being read ends with the connection."""
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(status.encode("ascii") + CRLF)
            self.transport.close()

    def _timeout_cb(self) -> None:
        """The client was silent or too slow for too long."""
        self._hang_up(TOO_SLOW)


class _Hooks:
    """What the library asks before it answers a command."""

    def __init__(self, is_ours: Callable[[str], bool]) -> None:
        self._is_ours = is_ours

    async def handle_EHLO(
        self,
        server: SmtpSession,
        session: smtp.Session,
        envelope: smtp.Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Announce no AUTH; the library would, behind TLS, with no mechanism."""
        session.host_name = hostname
        return [line for line in responses if not line[4:].startswith("AUTH")]

    async def handle_MAIL(
        self,
        server: SmtpSession,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take any sender whose address is text."""
        if not _is_text(address):
            return "553 5.6.7 the address is not UTF-8"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: SmtpSession,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take our own addresses only."""
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients"
        if not _is_text(address) or not self._is_ours(address):
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Never tell the outside what broke."""
        if isinstance(error, smtp.TLSSetupException):  # theirs, or a certificate they do not trust
            log.warning("smtp_tls_failed", why=repr(error.__cause__))
        else:
            log.error("smtp_session_broken", code="smtp-session-broken", exc_info=error)
        return BROKEN


def _is_text(address: str) -> bool:
    """Say whether it can be stored: octets that are not UTF-8 come as lone surrogates."""
    return not any("\ud800" <= mark <= "\udfff" for mark in address)
