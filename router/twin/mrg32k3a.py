"""L'Ecuyer's random streams MRG32k3a, far enough apart never to meet.

The generator combines two linear recurrences modulo primes near 2^32; its period is about 2^191. A
family of streams begins at one seed, and each begins 2^127 draws after the one before, as in the
packages RngStreams and SSJ: a model that names its streams in their order draws the same numbers
there and here. Source: P. L'Ecuyer, R. Simard, E. J. Chen, W. D. Kelton, "An object-oriented
random-number package with many long streams and substreams", Operations Research 50(6), 2002.

For traffic models that others have published; what the twin draws otherwise comes from `random`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

M1: Final = 2**32 - 209
M2: Final = 2**32 - 22853
A12: Final = 1403580
A13N: Final = 810728
A21: Final = 527612
A23N: Final = 1370589
NORM: Final = 2.328306549295727688e-10  # 1 / (M1 + 1)
JUMP: Final = 127  # binary logarithm of the distance between two streams
SEED: Final = (12345, 12345, 12345, 12345, 12345, 12345)  # where the packages begin

Seed = tuple[int, int, int, int, int, int]
_Matrix = tuple[tuple[int, int, int], ...]


class Stream:
    """One stream; `state` is where it stands."""

    __slots__ = ("_high", "_low")

    def __init__(self, seed: Seed = SEED) -> None:
        """Begin at a seed.

        Raises:
            ValueError: three zeros, or a number that is no remainder: the stream would stand still.
        """
        low, high = seed[:3], seed[3:]
        for part, modulus in ((low, M1), (high, M2)):
            if not any(part) or not all(0 <= number < modulus for number in part):
                raise ValueError(f"seed {seed}: want numbers from 0 to {modulus - 1}, not all 0")
        self._low = low
        self._high = high

    @property
    def state(self) -> Seed:
        """Return the six numbers from which the stream goes on."""
        return (*self._low, *self._high)

    def uniform(self) -> float:
        """Return the next number, greater than 0 and less than 1."""
        a, b, c = self._low
        p1 = (A12 * b - A13N * a) % M1
        self._low = (b, c, p1)
        d, e, f = self._high
        p2 = (A21 * f - A23N * d) % M2
        self._high = (e, f, p2)
        return (p1 - p2 if p1 > p2 else p1 - p2 + M1) * NORM

    def further(self, binary_log: int) -> Stream:
        """Return a stream that stands 2^`binary_log` draws further on."""
        low = _applied(_squared(_STEP_1, binary_log, M1), self._low, M1)
        high = _applied(_squared(_STEP_2, binary_log, M2), self._high, M2)
        return Stream((*low, *high))


def streams(seed: Seed = SEED) -> Iterator[Stream]:
    """Yield streams without end, each 2^127 draws after the one before."""
    stream = Stream(seed)
    while True:
        following = stream.further(JUMP)
        yield stream
        stream = following


_STEP_1: Final[_Matrix] = ((0, 1, 0), (0, 0, 1), (-A13N, A12, 0))
_STEP_2: Final[_Matrix] = ((0, 1, 0), (0, 0, 1), (-A23N, 0, A21))


def _squared(matrix: _Matrix, times: int, modulus: int) -> _Matrix:
    for _ in range(times):
        columns = tuple(zip(*matrix, strict=True))
        a, b, c = (_applied(matrix, column, modulus) for column in columns)
        matrix = tuple(zip(a, b, c, strict=True))
    return matrix


def _applied(matrix: _Matrix, vector: tuple[int, int, int], modulus: int) -> tuple[int, int, int]:
    a, b, c = (sum(x * y for x, y in zip(row, vector, strict=True)) % modulus for row in matrix)
    return a, b, c
