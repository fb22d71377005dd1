"""The gamma distribution by inversion: one uniform number gives one value, the same everywhere.

The incomplete gamma function by its series below the mean and its continued fraction above
(Abramowitz and Stegun 6.5.29 and 6.5.31), inverted by Newton's steps held between bounds.
"""

from __future__ import annotations

import math
from typing import Final

_ENOUGH: Final = 1e-16  # relative size of what still counts
_TINY: Final = 1e-300
_STEPS: Final = 200


def share_below(shape: float, x: float) -> float:
    """Return the share of a gamma distribution of scale 1 that lies below `x`."""
    if x <= 0:
        return 0.0
    factor = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        n = shape
        while term > total * _ENOUGH:
            n += 1
            term *= x / n
            total += term
        return factor * total
    return 1 - factor * _continued(shape, x)


def _continued(shape: float, x: float) -> float:
    """Return the continued fraction of the share above, evaluated from its beginning (Lentz)."""
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    value = d
    for n in range(1, 10_000):
        a = n * (shape - n)
        b += 2
        d = 1 / (a * d + b or _TINY)
        c = b + a / c or _TINY
        value *= c * d
        if abs(c * d - 1) < _ENOUGH * 4:
            break
    return value


def below_which(shape: float, share: float) -> float:
    """Return the `x` below which the share lies; the inverse of `share_below`.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share {share}: want a number between 0 and 1")
    low, high = 0.0, shape
    while share_below(shape, high) < share:
        low, high = high, 2 * high
    x = (low + high) / 2
    for _ in range(_STEPS):
        off = share_below(shape, x) - share
        low, high = (x, high) if off < 0 else (low, x)
        density = math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape))
        following = x - off / density if density > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) <= 4 * _ENOUGH * x:
            return following
        x = following
    return x
