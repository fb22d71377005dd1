"""Figures over the days of a contact centre, in the form in which simulators publish them.

    python -m router.twin.centre_report FILE [DAYS]

A ratio is that of the sums over all days; its standard deviation comes from the days by the delta
method. Intervals hold 95 %.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from router.core.model import MINUTE
from router.errors import PolicyError
from router.twin.centre import Centre, load_centre
from router.twin.centre_run import Day, run_days

_WIDE = 1.959963984540054  # of the normal distribution, 95 %


class Tally(NamedTuple):
    """One number a day."""

    least: float
    greatest: float
    mean: float
    deviation: float


class Ratio(NamedTuple):
    """One sum over another."""

    value: float
    deviation: float
    low: float
    high: float


def tally(values: Sequence[float]) -> Tally:
    """Return what is published of one number a day."""
    return Tally(min(values), max(values), _mean(values), math.sqrt(_together(values, values)))


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Return the sum of one number a day over that of another, 0 over 0 being 0."""
    bottom = _mean(below)
    value = _mean(above) / bottom if bottom else 0.0
    spread = (
        _together(above, above)
        + value * value * _together(below, below)
        - 2 * value * _together(above, below)
    )
    deviation = math.sqrt(max(spread, 0.0)) / bottom if bottom else 0.0
    half = _WIDE * deviation / math.sqrt(len(above))
    return Ratio(value, deviation, value - half, value + half)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _together(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the covariance of a sample; 0 of a single day."""
    a, b = _mean(first), _mean(second)
    products = math.fsum((x - a) * (y - b) for x, y in zip(first, second, strict=True))
    return products / max(len(first) - 1, 1)


class Report(NamedTuple):
    """What is published of a run."""

    served: Tally
    abandoned: Tally
    blocked: Tally
    let_go: Tally
    cleared: Tally
    in_time: Tally
    in_time_of: tuple[tuple[Tally, ...], ...]  # by type and period of arrival
    level: Ratio  # in time, of the served
    level_late: Ratio  # in time, of the served and those who gave up after the time
    level_offered: Ratio  # in time, of the served and those who heard the busy tone
    level_cleared: Ratio  # in time, of the served and those who waited when the line was cleared
    speed_min: Ratio  # mean wait of the served
    occupancy: tuple[Ratio, ...]  # by group


def report(days: Sequence[Day]) -> Report:
    """Return the figures of these days."""
    in_time = [sum(map(sum, day.in_time)) for day in days]
    served = [day.served for day in days]
    kinds, periods = len(days[0].in_time), len(days[0].in_time[0])
    return Report(
        served=tally(served),
        abandoned=tally([day.abandoned for day in days]),
        blocked=tally([day.blocked for day in days]),
        let_go=tally([day.let_go for day in days]),
        cleared=tally([day.cleared for day in days]),
        in_time=tally(in_time),
        in_time_of=tuple(
            tuple(tally([day.in_time[kind][p] for day in days]) for p in range(periods))
            for kind in range(kinds)
        ),
        level=ratio(in_time, served),
        level_late=ratio(in_time, [day.served + day.abandoned_late for day in days]),
        level_offered=ratio(in_time, [day.served + day.blocked for day in days]),
        level_cleared=ratio(in_time, [day.served + day.cleared for day in days]),
        speed_min=ratio([sum(day.waits) / MINUTE for day in days], served),
        occupancy=tuple(
            ratio([day.busy[n] for day in days], [day.present[n] for day in days])
            for n in range(len(days[0].busy))
        ),
    )


def lines(centre: Centre, days: Sequence[Day]) -> list[str]:
    """Return the report as people read it."""
    found = report(days)
    rows = [
        f"{centre.name}, {len(days)} days",
        f"{'a day':<34}{'least':>9}{'most':>9}{'mean':>12}  sd",
    ]
    names = ("served", "abandoned", "blocked", "let_go", "cleared", "in_time")
    rows += [_row(name.replace("_", " "), getattr(found, name)) for name in names]
    if len(centre.kinds) * centre.periods > 1:
        rows += [
            _row(f"in time, {kind.queue}, period {n + 1}", each)
            for kind, row in zip(centre.kinds, found.in_time_of, strict=True)
            for n, each in enumerate(row)
        ]
    rows.append(f"{'over all days':<34}{'value':>9}{'sd':>9}  95 %")
    for name, each in (
        ("in time, of the served", found.level),
        ("..., and of late abandonments", found.level_late),
        ("..., and of busy tones", found.level_offered),
        ("..., and of the cleared", found.level_cleared),
        ("mean wait of the served (min)", found.speed_min),
        *((f"occupancy, group {n + 1}", each) for n, each in enumerate(found.occupancy)),
    ):
        rows.append(
            f"{name:<34}{each.value:>9.3f}{each.deviation:>9.3f}  {each.low:.3f} to {each.high:.3f}"
        )
    return rows


def _row(name: str, each: Tally) -> str:
    return (
        f"{name:<34}{each.least:>9.0f}{each.greatest:>9.0f}{each.mean:>12.3f}  {each.deviation:.3f}"
    )


def main() -> None:
    """Run a centre's file. Exit status 1 with the mistakes when there are any."""
    if len(sys.argv) not in (2, 3) or (not sys.argv[-1].isdigit() and len(sys.argv) == 3):
        sys.exit("usage: python -m router.twin.centre_report FILE [DAYS]")
    try:
        centre = load_centre(Path(sys.argv[1]))
    except PolicyError as error:
        sys.exit(str(error))
    count = int(sys.argv[2]) if len(sys.argv) == 3 else centre.days
    sys.stdout.write("\n".join(lines(centre, list(run_days(centre, max(count, 1))))) + "\n")


if __name__ == "__main__":
    main()
