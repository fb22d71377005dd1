"""Names that nobody can guess and that never repeat, in letters that survive a telephone.

Source: Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O, U, so that a
reference number read aloud or copied by hand stays the same number.
"""

from __future__ import annotations

import os
import random
from itertools import count
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ITEM_ID_LENGTH: Final = 10  # 50 bits: a guess hits one of a million items once in 10^9 tries
UNIQUE_LENGTH: Final = 20  # 100 bits
_LETTERS: Final = (8 * ALPHABET).encode()  # of each byte its five low bits: none is likelier
_DRAWN_AT_ONCE: Final = 2000  # each draw lets other threads take the interpreter


class RandomIds:
    """The `Ids` of a running daemon, from the system's source of chance."""

    def __init__(self) -> None:
        self._turns = count()
        self._drawn = ""  # letters that nobody has yet

    def item_id(self) -> str:
        """Return a reference number: ten characters of Crockford base 32."""
        return self._letters(ITEM_ID_LENGTH)

    def unique(self, prefix: str) -> str:
        """Return prefix + the turn in hexadecimal + 20 characters (100 random bits).

        The turn lets names that are stored one after the other stand together in an index.
        """
        return f"{prefix}{next(self._turns):08x}{self._letters(UNIQUE_LENGTH)}"

    def _letters(self, length: int) -> str:
        if len(self._drawn) < length:
            self._drawn = os.urandom(_DRAWN_AT_ONCE).translate(_LETTERS).decode("ascii")
        letters, self._drawn = self._drawn[:length], self._drawn[length:]
        return letters


class SeededIds:
    """`Ids` for tests and simulation: the same seed gives the same names in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def item_id(self) -> str:
        """Return a reference number: ten characters of Crockford base 32."""
        return _in_base_32(self._random.getrandbits(5 * ITEM_ID_LENGTH), ITEM_ID_LENGTH)

    def unique(self, prefix: str) -> str:
        """Return prefix + 20 characters."""
        return prefix + _in_base_32(self._random.getrandbits(5 * UNIQUE_LENGTH), UNIQUE_LENGTH)


def _in_base_32(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
