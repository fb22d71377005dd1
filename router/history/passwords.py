"""Hashing and inventing passwords; knows no account and no database.

Argon2id with the second recommended parameter set of RFC 9106 (64 MiB, 3 passes, 4 lanes); the
parameters stand in each hash, so raising them here rehashes each password at its next use. Each
check takes 64 MiB and about a tenth of a second of a core, so only few run at once, in threads.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from router.errors import NotAllowed, Overloaded

LENGTH_MIN: Final = 10
LENGTH_MAX: Final = 200
AT_ONCE: Final = 2
WAITING_MAX: Final = 32  # beyond it a sign-in is told to come back, not queued for minutes
_ALPHABET: Final = "23456789abcdefghjkmnpqrstvwxyz"  # no 0/o, 1/l/i, u: it is read from paper


class Passwords:
    """`hasher` decides the cost of new hashes; by default that of the module's text."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """Return the hash to keep."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def matches(self, kept: str, password: str) -> bool:
        """Say whether `password` is the one whose hash was kept.

        Shape: `kept` is "" for an account that does not exist: the answer is False and takes as
            long as any other, so that time tells nobody which names exist.
        Errors: `Overloaded` when too many checks wait already.
        """
        if self._waiting >= WAITING_MAX:
            raise Overloaded(retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._matches, kept, password)
        finally:
            self._waiting -= 1

    def is_outdated(self, kept: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _matches(self, kept: str, password: str) -> bool:
        if not kept:
            self._nobody = self._nobody or self._hasher.hash(secrets.token_hex())
        try:
            self._hasher.verify(kept or self._nobody, _normal(password)[:LENGTH_MAX])
        except (VerificationError, InvalidHashError):
            return False
        return True


def one_time() -> str:
    """Return a password for the first sign-in: 20 characters (98 bits) in groups of five."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    return "-".join(letters[i : i + 5] for i in range(0, 20, 5))


def check_new(password: str, name: str) -> None:
    """Errors: `NotAllowed` when the password is too short, too long or the account's name."""
    length = len(_normal(password))
    if length < LENGTH_MIN or length > LENGTH_MAX:
        raise NotAllowed(
            f"a password of {length} characters: choose {LENGTH_MIN} to {LENGTH_MAX} characters,"
            " for example four words"
        )
    if _normal(password).casefold() == name.casefold() or len(set(password)) < 4:
        raise NotAllowed("that password is guessed at once: choose for example four words")


def _normal(password: str) -> str:
    """Return one form for the ways in which keyboards write the same letters (RFC 8265)."""
    return unicodedata.normalize("NFC", password)
