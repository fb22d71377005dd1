"""Addresses of a Redis: read without reaching anything, shown without what is secret."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

SENTINEL: Final = "redis+sentinel"
SENTINEL_TLS: Final = "rediss+sentinel"
SCHEMES: Final = ("redis", "rediss", "unix", SENTINEL, SENTINEL_TLS)
EXAMPLE: Final = "redis+sentinel://host:26379,host:26379/0?master=NAME"

_CERTIFICATES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")  # PEM files
_NAMES: Final = ("master", "sentinel_username", "sentinel_password", *_CERTIFICATES)


class Watched(NamedTuple):
    """A master, and the Sentinels that say where it is."""

    master: str
    sentinels: tuple[tuple[str, int], ...]
    db: int
    servers: dict[str, str]  # user and password there, if any
    asked: dict[str, str]  # the same at the Sentinels
    tls: dict[str, str | bool]  # for both; {} without


def is_redis(url: str) -> bool:
    """Say whether it is an address of a Redis, read by the library or here."""
    return url.partition("://")[0] in SCHEMES


def is_watched(url: str) -> bool:
    """Say whether Sentinels are asked for the server."""
    return url.partition("://")[0] in (SENTINEL, SENTINEL_TLS)


def watched(url: str) -> Watched:
    """Read an address of Sentinels. Errors: `ValueError`, which never shows a password."""
    scheme, _, rest = url.partition("://")  # not `urlsplit`: it refuses several hosts with brackets
    rest, _, query = rest.partition("?")
    where, _, path = rest.partition("/")
    user, _, hosts = where.rpartition("@")
    name, _, password = (unquote(text) for text in user.partition(":"))
    if "@" in query:
        raise ValueError("must write @ in a password as %40")
    told = dict(parse_qsl(query))
    wrong = sorted(set(told) - set(_NAMES))
    if wrong:
        raise ValueError(f"{wrong[0]} is not known; after ? may stand {', '.join(_NAMES)}")
    if "master" not in told:
        raise ValueError(f"must name the master: {EXAMPLE}")
    db = path.strip("/") or "0"
    if not db.isdecimal():
        raise ValueError(f"{db} is no number of a database: {EXAMPLE}")
    is_tls = scheme == SENTINEL_TLS
    files: dict[str, str | bool] = {key: told[key] for key in _CERTIFICATES if key in told}
    if files and not is_tls:
        raise ValueError(f"{min(files)} needs {SENTINEL_TLS}://, which is TLS")
    return Watched(
        told["master"],
        tuple(_host(text) for text in hosts.split(",")),
        int(db),
        _access(name, password),
        _access(told.get("sentinel_username", ""), told.get("sentinel_password", "")),
        {"ssl": True, **files} if is_tls else {},
    )


def _host(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} must be host:port: {EXAMPLE}")
    return host.strip("[]"), int(port)


def _access(name: str, password: str) -> dict[str, str]:
    found = {"username": name, "password": password}
    return {key: text for key, text in found.items() if text}


def without_secrets(url: str) -> str:
    """Return the address as it may be shown: without user and passwords."""
    scheme, slashes, rest = url.partition("//")
    where, _, query = rest.rpartition("@")[2].partition("?")
    shown = "&".join(part for part in query.split("&") if "password" not in part.partition("=")[0])
    return f"{scheme}{slashes}{where}{'?' if shown else ''}{shown}"
