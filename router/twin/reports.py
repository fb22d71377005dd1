"""Rows of figures over all replications, with intervals: for tables, CSV and charts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from router.core.formulas import CURRENT
from router.twin.figures import (
    FORMULA,
    MEASURES,
    QUARTER_MIN,
    Figures,
    Where,
    level_by,
    together,
)
from router.twin.intervals import Estimate, difference, estimate

ALL: Final = "all"  # stands for every queue


class Row(NamedTuple):
    """The figures of one queue (or all) and channel, over the day or one quarter of an hour."""

    queue: str
    channel: str
    quarter: int | None  # of the day; None: all of it
    offered: Estimate  # contacts a replication
    measures: dict[str, Estimate]
    levels: dict[str, Estimate]  # service level by the name of each formula; of callers and chats

    @property
    def time(self) -> str:
        """Return when the quarter begins, `08:15`; "" for the whole day."""
        if self.quarter is None:
            return ""
        return f"{self.quarter * QUARTER_MIN // 60:02}:{self.quarter * QUARTER_MIN % 60:02}"


Key = tuple[str, str, int | None]


def rows(runs: Sequence[Figures], *, quarters: bool = False) -> list[Row]:
    """Return a row per queue and channel, then per channel; with `quarters` for each of these."""
    return [
        Row(
            *key,
            offered=estimate([float(together(run, _holds(key)).offered) for run in runs]),
            measures={name: estimate(values) for name, values in _values(runs, key).items()},
            levels={name: estimate(values) for name, values in _levels(runs, key).items()},
        )
        for key in _keys(runs, quarters)
    ]


def differences(ours: Sequence[Figures], others: Sequence[Figures]) -> list[Row]:
    """Return by how much ours exceed the others', which met the same contacts."""
    return [
        Row(
            *key,
            offered=difference(
                [float(together(run, _holds(key)).offered) for run in ours],
                [float(together(run, _holds(key)).offered) for run in others],
            ),
            measures={
                name: difference(values, _values(others, key)[name])
                for name, values in _values(ours, key).items()
            },
            levels={
                name: difference(values, _levels(others, key)[name])
                for name, values in _levels(ours, key).items()
            },
        )
        for key in _keys([*ours, *others], quarters=False)
    ]


def _keys(runs: Iterable[Figures], quarters: bool) -> list[Key]:
    found = {where for run in runs for where in run.tallies}
    keys: set[Key] = {(where.queue, where.channel.value, None) for where in found}
    keys |= {(ALL, channel, None) for _, channel, _ in keys}
    if quarters:
        keys |= {(where.queue, where.channel.value, where.quarter) for where in found}
        keys |= {(ALL, where.channel.value, where.quarter) for where in found}
    return sorted(keys, key=lambda key: (key[0] == ALL, key[1], key[0], key[2] or -1))


def _holds(key: Key) -> Callable[[Where], bool]:
    queue, channel, quarter = key
    return lambda where: (
        (queue in (ALL, where.queue))
        and where.channel == channel
        and (quarter in (None, where.quarter))
    )


def _values(runs: Sequence[Figures], key: Key) -> dict[str, list[float]]:
    tallies = [together(run, _holds(key)) for run in runs]
    return {name: [of(tally) for tally in tallies] for name, of in MEASURES.items()}


def _levels(runs: Sequence[Figures], key: Key) -> dict[str, list[float]]:
    tallies = [together(run, _holds(key)) for run in runs]
    return {
        name: [level_by(formula)(tally) for tally in tallies] for name, formula in CURRENT.items()
    }


def as_csv(named: Mapping[str, Sequence[Figures]]) -> str:
    """Return the figures of each named policy: half widths of the 95 % intervals beside them."""
    out = io.StringIO()
    head = ["policy", "queue", "channel", "time", "formula", "offered", "offered_half"]
    for name in (*MEASURES, *CURRENT):
        head += [name, f"{name}_half"]
    table = csv.writer(out, lineterminator="\n")
    table.writerow(head)
    for policy, runs in named.items():
        for row in rows(runs, quarters=True):
            cells = [policy, row.queue, row.channel, row.time, FORMULA]
            cells += [_number(row.offered.mean), _number(row.offered.half)]
            for each in (*row.measures.values(), *row.levels.values()):
                cells += [_number(each.mean), _number(each.half)]
            table.writerow(cells)
    return out.getvalue()


def _number(value: float) -> str:
    return "" if value != value else f"{value:.4f}"
