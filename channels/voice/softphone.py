"""Passes for the browser as a telephone: a signed token that lets one agent's leg ring there.

A pass lets nobody be rung, only answers what rings for its identity; who gets one is decided by
whoever asks. Source: Twilio, "Access tokens", "Voice JavaScript SDK".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """The account, and the key of it that signs."""

    account_sid: str
    key_sid: str
    key_secret: str = field(repr=False)

    def __call__(self, identity: str, until_s: int) -> str:
        """Return a token for `client:identity`, good until that second of Unix time."""
        token = AccessToken(
            self.account_sid,
            self.key_sid,
            self.key_secret,
            grants=[VoiceGrant(incoming_allow=True)],
            identity=identity,
            valid_until=until_s,
        )
        return str(token.to_jwt())
