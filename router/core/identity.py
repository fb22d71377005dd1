"""Sameness of people without their names: the journal holds a keyed hash of an address.

The secret stays in the environment, so that a journal alone tells nobody who called.
"""

from __future__ import annotations

import hmac
from typing import Final

KEY_LENGTH: Final = 32  # hex digits, 128 bits


def address_key(secret: bytes, kind: str, value: str) -> str:
    """Return the key of an address; "" for an empty (withheld) one.

    Args:
        secret: the installation's secret.
        kind: "phone" or "email"; equal texts of different kinds give different keys.
        value: normalised by the caller (+E.164 for telephones, lower case for mail).
    """
    if not value:
        return ""
    digest = hmac.digest(secret, f"{kind}:{value}".encode(), "sha256")
    return digest.hex()[:KEY_LENGTH]
