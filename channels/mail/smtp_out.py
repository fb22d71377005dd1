"""Hands one mail to the town's mail server and says whether it took it.

A connection per mail: towns send hundreds a day, and a connection that is kept breaks when nobody
looks. What is unclear (the line is cut after the mail went out) counts as not sent: the worst
repeat is a second copy with the same Message-ID. The library writes all line ends as CRLF, so that
no mail of ours carries a false end of mail.
Source: RFC 5321 (4.2.1: 4yz may succeed later, 5yz never will), RFC 6531, RFC 6152, RFC 3207.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiosmtplib

from channels.mail.server_address import SMTP_PORTS, client_tls, server_address
from router.errors import ChannelError

FINAL: Final = range(500, 600)
MARKS: Final = re.compile(r"[\x00-\x1f\x7f<>]")  # the library would send to somebody else
QUIT_S: Final = 1.0  # for a farewell that changes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSenderSettings:
    """Which server sends our mail."""

    url: str  # smtps://user@host, smtp://host: begins in the clear and goes on behind STARTTLS
    password: str = field(default="", repr=False)
    hostname: str = "localhost"  # what we call ourselves in EHLO
    is_tls_required: bool = True  # mail leaves this machine behind TLS only
    effect_s: float = 10.0  # within which a mail is sent or has failed
    ca_file: Path | None = None  # PEM of who signed the server's certificate


class SmtpSender:
    """May be used by many at once."""

    def __init__(self, settings: SmtpSenderSettings) -> None:
        """Errors: `SettingsError` when the address or the certificate file is no such thing."""
        self._settings = settings
        self._address = server_address(settings.url, SMTP_PORTS)
        self._tls = client_tls(settings.ca_file)

    async def send(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> None:
        """Return once the server has taken the mail for all of `rcpt_to`.

        Errors: `ChannelError`: retryable when the server is not there, slow, busy, or knows us
            not (login, no-tls, tls: the operator must act, and no mail is lost meanwhile); for
            good with reason "refused" (the server never will) or "unsupported" (an address
            that the server, or nobody, can write). One of several recipients refused: it
            counts for all.
        """
        client = aiosmtplib.SMTP(
            hostname=self._address.host,
            port=self._address.port,
            use_tls=self._address.is_tls,
            start_tls=False,
            tls_context=self._tls,
            local_hostname=self._settings.hostname,
            timeout=self._settings.effect_s,
        )
        try:
            async with asyncio.timeout(self._settings.effect_s):
                await self._begin(client)
                await _deliver(client, raw, mail_from, rcpt_to)
            with suppress(aiosmtplib.SMTPException, OSError):  # it was taken, and that is that
                await client.quit(timeout=QUIT_S)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _failure(self._address.host, error) from error
        finally:
            client.close()

    async def _begin(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        if not self._address.is_tls:
            try:
                await client.ehlo()
            except aiosmtplib.SMTPHeloError:
                await client.helo()
            if client.supports_extension("starttls"):
                await client.starttls()
            elif self._settings.is_tls_required and not self._address.is_loopback:
                raise ChannelError(
                    f"{self._address.host!r} offers no TLS: use smtps://, or allow mail to leave"
                    " in the clear",
                    retryable=True,
                    reason="no-tls",
                )
        if self._address.user:
            try:
                await client.login(self._address.user, self._settings.password)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
                raise
            except aiosmtplib.SMTPException as error:  # refused, or no way that both know
                raise _failed(self._address.host, error, reason="login") from error


async def _deliver(
    client: aiosmtplib.SMTP, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]
) -> None:
    if any(MARKS.search(address) for address in (mail_from, *rcpt_to)):
        raise ValueError("an address holds a line end or an angle bracket")
    options = []
    if not all(address.isascii() for address in (mail_from, *rcpt_to)):
        options.append("SMTPUTF8")
    if not raw.isascii() and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    refused, _ = await client.sendmail(mail_from, rcpt_to, raw, mail_options=options)
    if refused:
        code, text = next(iter(refused.values()))
        raise aiosmtplib.SMTPDataError(code, text)


def _failure(host: str, error: Exception) -> ChannelError:
    """Say who must act: nobody (try again), the operator, or the one who wrote the mail."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return _failed(host, error, reason="tls")
    if isinstance(error, aiosmtplib.SMTPNotSupported | ValueError):
        return _failed(host, error, reason="unsupported", retryable=False)
    if isinstance(error, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPHeloError):
        return _failed(host, error, reason="unreachable")  # about us, not about this mail
    if isinstance(error, aiosmtplib.SMTPResponseException):
        is_final = error.code in FINAL
        return _failed(
            host, error, reason="refused" if is_final else "busy", retryable=not is_final
        )
    if isinstance(error, TimeoutError):
        return _failed(host, error, reason="timeout")
    return _failed(host, error, reason="unreachable")


def _failed(host: str, error: Exception, *, reason: str, retryable: bool = True) -> ChannelError:
    said = " ".join(str(error).split()) or type(error).__name__
    return ChannelError(f"mail server {host!r}: {said}", retryable=retryable, reason=reason)
