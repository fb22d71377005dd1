"""Figures as tables for the terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from router.core.formulas import CURRENT
from router.twin.contacts import LIVE
from router.twin.figures import FORMULA, Figures
from router.twin.intervals import Estimate, difference, estimate
from router.twin.reports import ALL, Row

_INTERVAL: Final = re.compile(r" (±\S+)( \S+)?$")

Written = Callable[[Estimate], str]


def percent(each: Estimate) -> str:
    """Return `71.2 ±1.3`; the unit stands in the heading."""
    return _with_half(100 * each.mean, 100 * each.half, 1)


def time(each: Estimate) -> str:
    """Return seconds up to ten minutes, then minutes, then hours."""
    for unit, limit, digits in (("s", 600.0, 0), ("min", 36_000.0, 0), ("h", math.inf, 1)):
        if abs(each.mean) < limit:
            divisor = {"s": 1.0, "min": 60.0, "h": 3600.0}[unit]
            text = _with_half(each.mean / divisor, each.half / divisor, digits)
            return f"{text} {unit}"
    return ""


def _with_half(mean: float, half: float, digits: int) -> str:
    if math.isnan(mean):
        return ""
    shown = round(mean, digits) + 0.0  # no "-0"
    return f"{shown:.{digits}f}" + ("" if math.isnan(half) else f" ±{half:.{digits}f}")


def _signed(write: Written) -> Written:
    def signed(each: Estimate) -> str:
        text = write(each)
        return f"+{text}" if float(text.partition(" ")[0] or 0) > 0 else text

    return signed


COLUMNS: Final[tuple[tuple[str, str, Written], ...]] = (
    ("service_level", "in\ntime %", percent),
    ("wait_mean_s", "mean\nwait", time),
    ("over_2_min", "> 2\nmin %", percent),
    ("over_3_min", "> 3\nmin %", percent),
    ("over_5_min", "> 5\nmin %", percent),
    ("longest_s", "longest", time),
    ("gave_up", "gave\nup %", percent),
    ("sent_away", "sent\naway %", percent),
)
WIDE: Final = 130  # columns that a row needs when everything stands on one line
OF_PEOPLE: Final = frozenset({"over_2_min", "over_3_min", "over_5_min", "gave_up", "sent_away"})


def figures_table(
    title: str, rows: Sequence[Row], *, width: int, is_difference: bool = False
) -> Table:
    """Return a row per queue and channel.

    Where it does not fit into `width` columns on one line each, channels and intervals stand below
    queues and means, so that nothing is cut.
    """
    is_narrow = width < WIDE
    caption = f"in time: {FORMULA}; ±: 95 % interval"
    padding = (0, 0, 0, 0 if is_narrow else 1)
    table = Table(title=title, caption=caption, box=SIMPLE_HEAD, padding=padding)
    for heading in ("queue\nchannel",) if is_narrow else ("queue", "channel"):
        table.add_column(heading, no_wrap=True)
    table.add_column("came", justify="right", no_wrap=True)
    for _, heading, _ in COLUMNS:
        shown = heading if is_narrow else heading.replace("\n", " ")
        table.add_column(shown, justify="right", no_wrap=True)
    for row in rows:
        where = (f"{row.queue}\n{row.channel}",) if is_narrow else (row.queue, row.channel)
        came = "" if is_difference else f"{row.offered.mean:.1f}"
        cells = _cells(row, is_narrow=is_narrow, is_difference=is_difference)
        style = "bold" if row.queue == ALL and not is_difference else None
        table.add_row(*where, came, *cells, style=style)
    return table


def _cells(row: Row, *, is_narrow: bool, is_difference: bool) -> Iterator[str]:
    for name, _, write in COLUMNS:
        each = row.measures[name]
        shown = _signed(write)(each) if is_difference else write(each)
        if is_narrow:
            shown = _INTERVAL.sub(r"\2\n\1", shown)  # "12 ±3 s": "12 s" above "±3"
        if is_difference and each.is_apart:
            shown = f"[bold]{shown}[/bold]"
        yield "" if name in OF_PEOPLE and row.channel not in LIVE else shown


def levels_table(title: str, rows: Sequence[Row]) -> Table:
    """Return the service level of callers and chats by every formula, a column for each row."""
    shown = [row for row in rows if row.channel in LIVE and row.quarter is None]
    table = Table(title=f"{title}: service level by formula, %", caption="±: 95 % interval")
    table.add_column("formula")
    for row in shown:
        table.add_column(f"{row.queue}\n{row.channel}", justify="right")
    for name in CURRENT:
        table.add_row(name, *(percent(row.levels[name]) for row in shown))
    return table


def occupancy_line(runs: Sequence[Figures]) -> str:
    """Return how busy agents were, together, the most and the least busy."""
    total = estimate([run.occupancy for run in runs])
    agents = sorted({agent for run in runs for agent in run.there})
    each = {
        agent: estimate(
            [run.busy.get(agent, 0.0) / run.there[agent] for run in runs if agent in run.there]
        )
        for agent in agents
    }
    if not each:
        return "nobody was there"
    most, least = max(each, key=lambda who: each[who].mean), min(each, key=lambda w: each[w].mean)
    return (
        f"occupancy {percent(total)} %; most busy {most} {percent(each[most])} %,"
        f" least {least} {percent(each[least])} %"
    )


def occupancy_difference(ours: Sequence[Figures], others: Sequence[Figures]) -> str:
    """Return by how much more of their time our agents work."""
    found = difference([run.occupancy for run in ours], [run.occupancy for run in others])
    return f"occupancy {_signed(percent)(found)} points"
