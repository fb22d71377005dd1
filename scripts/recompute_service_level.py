"""Computes every service level again from an open log, with the standard library alone.

    townline export events --csv entries.csv
    python scripts/recompute_service_level.py entries.csv

It knows nothing of Townline but the columns of that file, and shares no line with it: the formulas
are written down here a second time, as their makers write them. It prints CSV: day, queue, channel,
interval, formula, met, looked at, level; an interval of "" is the whole day.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

Row = dict[str, str]
Figure = tuple[str, str, str, str, str, int, int]

GONE = ("diverted", "timeout", "transferred", "other")


class Tally:
    """What became of a group of entries; names as in the literature."""

    def __init__(self) -> None:
        self.answered_in = self.answered_late = 0
        self.abandoned_short = self.abandoned_in = self.abandoned_late = 0  # short is not in
        self.callback_in = self.callback_late = 0
        self.gone_in = self.gone_late = 0
        self.closed_in = 0  # texts, without an answer
        self.over = 0  # still there when the promised time was over, whatever came then

    def add(self, row: Row) -> None:
        """Count one row of a call or chat."""
        if row["waited_s"] == "":
            return  # waits, and not for too long yet
        waited, within = Decimal(row["waited_s"]), Decimal(row["within_s"])
        late = waited >= within
        self.over += late
        outcome = row["outcome"]
        if outcome == "answered":
            self.answered_late += late
            self.answered_in += not late
        elif outcome == "abandoned":
            short = not late and waited < Decimal(row["short_abandon_s"])
            self.abandoned_late += late
            self.abandoned_short += short
            self.abandoned_in += not late and not short
        elif outcome == "callback":
            self.callback_late += late
            self.callback_in += not late
        elif outcome in GONE:
            self.gone_late += late
            self.gone_in += not late

    def add_ended(self, row: Row) -> None:
        """Count what became of a text."""
        late = row["overdue"] != ""
        if row["outcome"] == "answered":
            self.answered_late += late
            self.answered_in += not late
        elif row["outcome"] == "closed":
            self.closed_in += not late

    @property
    def answered(self) -> int:
        return self.answered_in + self.answered_late

    @property
    def given_up_in(self) -> int:
        return self.abandoned_short + self.abandoned_in

    @property
    def given_up(self) -> int:
        return self.given_up_in + self.abandoned_late

    @property
    def flow_out(self) -> int:
        return self.callback_in + self.callback_late + self.gone_in + self.gone_late

    @property
    def offered(self) -> int:
        return self.answered_in + self.given_up_in + self.callback_in + self.gone_in + self.over

    @property
    def level_events(self) -> int:
        """First of answered, abandoned (but not at once), time over."""
        return self.answered_in + self.abandoned_in + self.over


FORMULAS: dict[str, Callable[[Tally], tuple[int, int]]] = {
    "townline": lambda t: (t.answered_in, t.offered - t.abandoned_short),
    "uccx-only-handled": lambda t: (t.answered_in, t.answered_in + t.answered_late),
    "uccx-without-abandon": lambda t: (t.answered_in, t.offered - t.given_up_in),
    "uccx-positive-abandon": lambda t: (t.answered_in + t.given_up_in, t.offered),
    "uccx-negative-abandon": lambda t: (t.answered_in, t.offered),
    "ucce-ignore-abandon": lambda t: (t.answered_in, t.level_events - t.abandoned_in),
    "ucce-positive-abandon": lambda t: (t.answered_in + t.abandoned_in, t.level_events),
    "ucce-negative-abandon": lambda t: (t.answered_in, t.level_events),
    "genesys": lambda t: (t.answered - t.answered_late, t.answered + t.given_up),
    "genesys-no-short": lambda t: (
        t.answered - t.answered_late,
        t.answered + t.given_up - t.abandoned_short,
    ),
    "genesys-no-abandon": lambda t: (t.answered - t.answered_late, t.answered),
    "genesys-flow-out": lambda t: (
        t.answered - t.answered_late,
        t.answered + t.given_up + t.flow_out,
    ),
    "genesys-flow-out-no-short": lambda t: (
        t.answered - t.answered_late,
        t.answered + t.given_up - t.abandoned_short + t.flow_out,
    ),
    "genesys-flow-out-no-abandon": lambda t: (
        t.answered - t.answered_late,
        t.answered + t.flow_out,
    ),
    "amazon-connect": lambda t: (t.answered_in + t.given_up_in + t.callback_in, t.offered),
    "asterisk-sl": lambda t: (t.answered_in, t.answered),
    "asterisk-sl2": lambda t: (t.answered_in + t.given_up_in, t.answered + t.given_up),
}


OF_TEXTS: dict[str, Callable[[Tally], tuple[int, int]]] = {
    "first-response": lambda t: (t.answered_in, t.answered_in + t.over),
    "first-response-or-closed": lambda t: (
        t.answered_in + t.closed_in,
        t.answered_in + t.closed_in + t.over,
    ),
    "uccx-only-handled": FORMULAS["uccx-only-handled"],
    "ucce-ignore-abandon": FORMULAS["ucce-ignore-abandon"],
}
TEXTS = ("mail", "webform")


def rows_of(path: str) -> Iterator[Row]:
    """Yield the rows of a log, CSV or one JSON object a line."""
    with open(path, encoding="utf-8", newline="") as file:
        if path.endswith(".jsonl"):
            yield from (json.loads(line) for line in file)
        else:
            yield from csv.DictReader(file)


def interval_of(entered: str) -> str:
    """Return the quarter of an hour and the offset: 10:22:05.1-05:00 is in 10:15-0500."""
    hour, minute = entered[11:13], int(entered[14:16])
    return f"{hour}:{minute - minute % 15:02}{entered[-6:].replace(':', '')}"


def received(row: Row, counted: str) -> str:
    """Return the quarter of an hour of a text, with its day if that is not the one it counts on."""
    day = "" if counted[:10] == row["entered"][:10] else f"{row['entered'][:10]} "
    return day + interval_of(row["entered"])


def figures(rows: Iterable[Row]) -> Iterator[Figure]:
    """Yield (day, queue, channel, interval, formula, met, looked at), sorted."""
    tallies: defaultdict[tuple[str, str, str, str], Tally] = defaultdict(Tally)
    for row in rows:
        entered, queue, channel = row["entered"], row["queue"], row["channel"]
        if channel not in TEXTS:
            for interval in ("", interval_of(entered)):
                tallies[entered[:10], queue, channel, interval].add(row)
            continue
        if row["overdue"]:  # each on its own day, and where it was then
            for interval in ("", received(row, row["overdue"])):
                tallies[row["overdue"][:10], row["overdue_in"], channel, interval].over += 1
        if row["ended"]:
            for interval in ("", received(row, row["ended"])):
                tallies[row["ended"][:10], queue, channel, interval].add_ended(row)
    for key, tally in sorted(tallies.items()):
        known = OF_TEXTS if key[2] in TEXTS else FORMULAS
        for name, formula in known.items():
            met, looked_at = formula(tally)
            yield (*key, name, met, looked_at)


def main() -> None:
    """Print the figures of the file named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: recompute_service_level.py FILE.csv or FILE.jsonl")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("day", "queue", "channel", "interval", "formula", "met", "looked_at", "level"))
    for *row, met, looked_at in figures(rows_of(sys.argv[1])):
        out.writerow((*row, met, looked_at, f"{met / looked_at:.6f}" if looked_at else ""))


if __name__ == "__main__":
    main()
