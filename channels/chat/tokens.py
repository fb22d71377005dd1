"""What a client may do, signed: which conversation, for how long, as whom. No list is kept of them.

Written as JSON Web Tokens (RFC 7519, HS256), because Microsoft's clients read the user's id out of
one. Only the one header that is written here is ever accepted, so no token can choose its proof.
A token names nobody: user ids that a page makes of names are replaced by a keyed hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from enum import StrEnum
from typing import Final

import msgspec

from channels.chat.refusals import BAD_ARGUMENT, Refused
from router.core.identity import address_key
from router.core.model import DAY, SECOND, Instant

TOKEN_S: Final = 1800  # clients refresh after half of it
STREAM_S: Final = 60  # a stream is opened at once or never
BORN_MAX: Final = 30 * DAY  # a token is refreshed for no longer than this after the first one
LENGTH_MAX: Final = 2000
_HEADER: Final = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
_PURPOSE: Final = b"townline direct line tokens"
_OWN_ID: Final = re.compile(r"dl_[A-Za-z0-9_-]{1,80}")


class Use(StrEnum):
    """What a token is good for."""

    CHAT = "chat"  # everything but streams
    STREAM = "stream"
    FILE = "file"


class Grant(msgspec.Struct, frozen=True, omit_defaults=True, rename={"conversation": "conv"}):
    """What a token says."""

    conversation: str
    user: str
    born: int  # seconds since 1970: when the first token of the conversation was given
    exp: int = 0  # seconds since 1970
    use: Use = Use.CHAT
    door: str = ""  # ChatDoor id; "" = the first
    locale: str = ""  # "fr-CA"
    plain: bool = False  # the client knows nothing of our own events: it is told in sentences


class Tokens:
    """Gives and reads tokens with the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._key = hmac.new(secret, _PURPOSE, hashlib.sha256).digest()

    def user_of(self, asked: str) -> str:
        """Return the user id for a client that calls itself so; "" for ""."""
        if not asked or _OWN_ID.fullmatch(asked):
            return asked
        return f"dl_{address_key(self._secret, 'chat-user', asked)}"

    def give(self, grant: Grant, now: Instant, *, use: Use = Use.CHAT) -> str:
        """Return a token for this use, of now on."""
        life_s = STREAM_S if use is Use.STREAM else TOKEN_S
        grant = msgspec.structs.replace(grant, use=use, exp=now // SECOND + life_s)
        body = f"{_HEADER}.{_in_base_64(msgspec.json.encode(grant))}"
        return f"{body}.{self._signature(body)}"

    def read(
        self, token: str, now: Instant, *, use: Use = Use.CHAT, is_over_allowed: bool = False
    ) -> Grant:
        """Return what the token says; one that is over only where it is to be made young again.

        Raises:
            Refused: 403 `BadArgument` for what we never wrote, `TokenExpired` for what is over.
        """
        body, _, signature = token.rpartition(".")
        header, _, payload = body.partition(".")
        known = len(token) <= LENGTH_MAX and token.isascii() and header == _HEADER
        if not known or not hmac.compare_digest(self._signature(body), signature):
            raise _unknown()
        try:
            grant = msgspec.json.decode(_from_base_64(payload), type=Grant)
        except ValueError:  # written by us, by a version that knew other uses
            raise _unknown() from None
        if grant.use is not use:
            raise _unknown()
        if grant.exp <= now // SECOND and not is_over_allowed:
            raise Refused(403, "TokenExpired", "the token has expired")
        return grant

    def refreshed(self, grant: Grant, now: Instant) -> str:
        """Return a younger token for the same. Raises Refused: the conversation is too old."""
        if now - grant.born * SECOND > BORN_MAX:
            raise Refused(403, "TokenExpired", "the conversation is too old: begin another")
        return self.give(grant, now)

    def _signature(self, body: str) -> str:
        return _in_base_64(hmac.new(self._key, body.encode(), hashlib.sha256).digest())


def _unknown() -> Refused:
    return Refused(403, BAD_ARGUMENT, "the token is not one of ours")


def _in_base_64(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def _from_base_64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
