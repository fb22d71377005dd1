"""Reads mail addresses, patterns of senders, origins of web pages and kinds of files.

Each is put into one form, so that two ways of writing the same are the same: addresses and origins
in small letters, domains in their ASCII form. Whether anything is there is not asked.
"""

from __future__ import annotations

import mimetypes
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from router.policy.values import converter, wrong

_EXAMPLE: Final = "write for example info@town.example.org"
_PATTERN_EXAMPLE: Final = (
    "write for example clerk@town.example.org, @town.example.org or *@*.example.org"
)
_ORIGIN_EXAMPLE: Final = "write for example https://www.town.example.org"
_KIND_EXAMPLE: Final = "write for example image/* or application/pdf"
_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_SERVER: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_KIND: Final = re.compile(r"([a-z]+)/(\*|[a-z0-9][a-z0-9.+_-]*)")
_FAMILIES: Final = ("application", "audio", "font", "image", "message", "model", "text", "video")
_PORTS: Final = {"http": 80, "https": 443}


def _domain(text: str) -> str:
    """Return a domain in ASCII and small letters; "" when it is none."""
    try:
        plain = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return plain if len(plain) <= 253 and _DOMAIN.fullmatch(plain) else ""


def read_address(text: str) -> str:
    """Return an address in small letters: `info@town.example.org`."""
    local, at, domain = text.lower().rpartition("@")
    plain = _domain(domain)
    if not at or not plain or len(local) > 64 or _LOCAL.fullmatch(local) is None:
        raise wrong(f"{text!r} is no mail address; {_EXAMPLE}")
    return f"{local}@{plain}"


def read_pattern(text: str) -> str:
    """Return an address, `@domain` (exactly there) or `*@*.domain` (below it)."""
    for beginning in ("*@*.", "@"):
        if text.startswith(beginning):
            plain = _domain(text.removeprefix(beginning))
            if not plain:
                raise wrong(f"{text!r} names no domain; {_PATTERN_EXAMPLE}")
            return beginning + plain
    if "*" in text:
        raise wrong(f"{text!r}: a star stands only in *@*.domain; {_PATTERN_EXAMPLE}")
    try:
        return read_address(text)
    except ValueError as error:
        raise wrong(f"{text!r} is no mail address; {_PATTERN_EXAMPLE}") from error


def pattern_covers(wide: str, narrow: str) -> bool:
    """Is every address that fits `narrow` one that fits `wide`?"""
    if wide == narrow:
        return True
    domain = narrow.rpartition("@")[2]
    if wide.startswith("*@*."):
        return domain.removeprefix("*.").endswith(wide.removeprefix("*@*"))
    return wide.startswith("@") and not domain.startswith("*") and domain == wide[1:]


def read_origin(text: str) -> str:
    """Return scheme, host and a port that is not the usual one: `https://www.town.example.org`."""
    if "*" in text:
        raise wrong(f"{text!r}: a star would open the chat to every page; {_ORIGIN_EXAMPLE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise wrong(f"{text!r} is no origin; {_ORIGIN_EXAMPLE}") from error
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host:
        raise wrong(f"{text!r} is no origin: http:// or https:// is missing; {_ORIGIN_EXAMPLE}")
    plain = host if host == "localhost" or re.fullmatch(r"[0-9.]+", host) else _domain(host)
    if not plain or parts.username is not None:
        raise wrong(f"{text!r} is no origin: {host!r} is no host; {_ORIGIN_EXAMPLE}")
    shown = plain if port in (None, _PORTS[parts.scheme]) else f"{plain}:{port}"
    origin = f"{parts.scheme}://{shown}"
    if parts.path or parts.query or parts.fragment or text.endswith(("/", "?", "#")):
        raise wrong(f"{text!r} is a page, not an origin; write {origin}")
    return origin


def read_kind(text: str) -> str:
    """Return a kind of files: `application/pdf`, or `image/*` for a whole family."""
    kind = text.lower()
    found = _KIND.fullmatch(kind)
    if found is None or found[1] not in _FAMILIES:
        if kind in ("*", "*/*"):
            raise wrong(f"{text!r} would let everything in; name the kinds, {_KIND_EXAMPLE}")
        guess = mimetypes.guess_type(f"x.{kind.lstrip('.*')}", strict=False)[0]
        hint = f"did you mean {guess!r}?" if guess else _KIND_EXAMPLE
        raise wrong(f"{text!r} is no kind of files; {hint}")
    return kind


def read_server(text: str) -> str:
    """Return the name by which a mail server signs its results: `mx.town.example.org`."""
    name = text.lower()
    if len(name) > 253 or _SERVER.fullmatch(name) is None:
        raise wrong(f"{text!r} is no name of a server; write for example mx.town.example.org")
    return name


MailAddress = Annotated[
    str,
    *converter(
        read_address,
        _EXAMPLE,
        {"type": "string", "pattern": "^[^@ ]+@[^@ ]+$", "x-kind": "mail address"},
    ),
]
AddressPattern = Annotated[
    str,
    *converter(
        read_pattern,
        _PATTERN_EXAMPLE,
        {
            "type": "string",
            "pattern": "^[^@ ]*@[^@ ]+$",
            "x-kind": "address or @domain",
        },
    ),
]
Origin = Annotated[
    str,
    *converter(
        read_origin,
        _ORIGIN_EXAMPLE,
        {"type": "string", "pattern": "^https?://[^/?#]+$", "x-kind": "origin of a web site"},
    ),
]
FileKind = Annotated[
    str,
    *converter(
        read_kind,
        _KIND_EXAMPLE,
        {"type": "string", "pattern": "^[A-Za-z]+/[^/ ]+$", "x-kind": "kind of files"},
    ),
]
ServerName = Annotated[
    str,
    *converter(
        read_server,
        "write for example mx.town.example.org",
        {"type": "string", "x-kind": "name of a mail server"},
    ),
]
