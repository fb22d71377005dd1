"""When two addresses are the same, and the keys under which sameness is kept; pure.

One form for each kind of address, whichever door it came through, so that a chat's address and a
mail's sender give the same key.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from router.core.identity import address_key

_COMMENT: Final = re.compile(r"\([^()]*\)")
_COMMENTS_DEEP: Final = 5
_QUOTED: Final = re.compile(r'"([^\s<>,;:()"@]+)"')
_DOMAIN: Final = re.compile(r"[^\s<>,;:()\"@\[\]=?/\\]+|\[[^\s<>()\[\]@]+\]")
_DOMAIN_MAX: Final = 253
_MAILBOX: Final = re.compile(
    r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]"
)
_MAILBOX_MAX: Final = 254
_HOST_BITS: Final = 64  # of an IPv6 address belong to one client


def normalise(address: str) -> str:
    """Return the form in which two spellings of one mailbox are equal; for comparing only.

    Lower case throughout, the domain in its ASCII form (IDNA 2003), comments and brackets gone.
    What follows a + stays: some people have several boxes. Not an address: the text in lower case.
    """
    text = address
    for _ in range(_COMMENTS_DEEP):
        text = _COMMENT.sub("", text)
    start, end = text.rfind("<"), text.rfind(">")
    if 0 <= start < end:
        text = text[start + 1 : end]
    bare = "".join(c for c in text if c.isprintable() and not c.isspace())
    local, at, domain = bare.rpartition("@")
    if quoted := _QUOTED.fullmatch(local):
        local = quoted[1]
    return f"{local.lower()}{at}{_ascii(domain.rstrip('.'))}"


def _ascii(domain: str) -> str:
    lower = domain.lower()
    if lower.isascii() or len(lower) > _DOMAIN_MAX:
        return lower
    try:
        name = lower.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return lower
    return name if _DOMAIN.fullmatch(name) else lower


def is_mailbox(text: str) -> bool:
    """Say whether a resident has written an address that mail can go to, and nothing else."""
    return len(text) <= _MAILBOX_MAX and _MAILBOX.fullmatch(text) is not None


def mail_key(secret: bytes, address: str) -> str:
    """Return the key of a mail address; "" for an empty one."""
    return address_key(secret, "email", normalise(address))


def network_key(secret: bytes, address: str) -> str:
    """Return the opaque key of a client's IP address; of its /64 for IPv6."""
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        return address_key(secret, "client", address)
    if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped is not None:
        client = client.ipv4_mapped
    if isinstance(client, ipaddress.IPv6Address):
        network = ipaddress.ip_network((int(client) >> _HOST_BITS << _HOST_BITS, _HOST_BITS))
        return address_key(secret, "client", str(network))
    return address_key(secret, "client", str(client))
