"""What replications say together: a mean and the 95 % interval around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

# Student's t, 97.5 %, by degrees of freedom (values of the usual table); in between the one before.
T_975: Final = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262,
    10: 2.228, 11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110,
    18: 2.101, 19: 2.093, 20: 2.086, 25: 2.060, 30: 2.042, 40: 2.021, 60: 2.000, 120: 1.980,
}  # fmt: skip


class Estimate(NamedTuple):
    """A mean with half the width of its 95 % interval; NaN where nothing can be said."""

    mean: float
    half: float

    @property
    def is_apart(self) -> bool:
        """Say whether 0 lies outside the interval."""
        return abs(self.mean) > self.half


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values; those that are NaN are left out."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Estimate(math.nan, math.nan)
    mean = math.fsum(known) / len(known)
    if len(known) == 1:
        return Estimate(mean, math.nan)
    freedom = len(known) - 1
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / freedom)
    quantile = T_975[max(each for each in T_975 if each <= freedom)]
    return Estimate(mean, quantile * spread / math.sqrt(len(known)))


def difference(ours: Sequence[float], others: Sequence[float]) -> Estimate:
    """Return by how much ours exceed others; paired, so both have met the same contacts."""
    return estimate([one - other for one, other in zip(ours, others, strict=True)])
