"""Where a mail server is: what stands in `imaps://info%40town.test@mail.town.test/INBOX`.

Passwords never stand in an address: addresses are logged. Without TLS a password goes to this
machine only.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from router.errors import SettingsError

IMAP_PORTS: Final = {"imap": 143, "imaps": 993}
SMTP_PORTS: Final = {"smtp": 587, "smtps": 465}
SCHEME: Final = re.compile(r"^[a-z]*:?//", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """A host and what is wanted there."""

    host: str
    port: int
    user: str  # "" signs in as nobody
    path: str  # without the slash at the beginning; "" when there is none
    is_tls: bool  # from the first octet on; otherwise by STARTTLS where it is offered

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, so that nobody listens on the way."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def server_address(url: str, ports: Mapping[str, int]) -> ServerAddress:
    """Read `url`; `ports` are the schemes allowed, those that end in "s" mean TLS, and their ports.

    Errors: `SettingsError`; the message never holds a password.
    """
    before, _, after = url.rpartition("@")
    if ":" in SCHEME.sub("", before):  # first, since every other complaint shows the address
        raise SettingsError(f"the address of {after!r} holds a password: set it on its own")
    try:
        parts = urlsplit(url)
        host, port, scheme = parts.hostname, parts.port, parts.scheme
    except ValueError as error:
        raise SettingsError(f"a mail server's address cannot be read: {error}") from None
    if scheme not in ports or not host:
        known = " or ".join(f"{name}://" for name in ports)
        raise SettingsError(f"{url!r} must begin with {known} and name a host")
    return ServerAddress(
        host=host,
        port=ports[scheme] if port is None else port,
        user=unquote(parts.username or ""),
        path=unquote(parts.path.lstrip("/")),
        is_tls=scheme.endswith("s"),
    )


def client_tls(ca_file: Path | None) -> ssl.SSLContext:
    """Return what checks a server's certificate, against `ca_file` or the machine's authorities.

    Errors: `SettingsError` when the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the certificate file {str(ca_file)!r} cannot be used: {error}"
        ) from error
