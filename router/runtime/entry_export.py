"""The open log: one row for each entry into a queue, without a word, name or number of a resident.

From this file alone every formula can be computed again by anybody; docs/service-level.md explains
the columns, and `scripts/recompute_service_level.py` does it. The item's number is in it: whoever
can look items up can learn more.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TextIO
from zoneinfo import ZoneInfo

import msgspec

from router.core.entries import WAITING, Entry
from router.core.model import SECOND, Instant, Span

ANSWERED: Final = "answered"
GAVE_UP: Final = frozenset({"abandoned", "lost"})


class Fact(msgspec.Struct, frozen=True):
    """One row; the fields are the columns. Instants are local to the town, with their offset."""

    item: str
    channel: str
    queue: str
    entered: str
    answered: str  # "" = was not
    abandoned: str  # when the resident was gone; "" = was not
    outcome: str
    waited_s: str  # decimal, nine digits: exact
    within_s: str
    short_abandon_s: str
    overdue: str  # when it was counted that the promised time was over; "" = was not
    overdue_in: str  # queue that had it then
    ended: str  # "" = it waits


COLUMNS: Final = Fact.__struct_fields__


def fact_of(entry: Entry, zone: ZoneInfo) -> Fact:
    """Return the row of an entry."""
    ended = _moment(entry.entered_at + entry.waited, zone)
    return Fact(
        item=entry.item,
        channel=entry.channel.value,
        queue=entry.queue,
        entered=_moment(entry.entered_at, zone),
        answered=ended if entry.outcome == ANSWERED else "",
        abandoned=ended if entry.outcome in GAVE_UP else "",
        outcome=entry.outcome,
        waited_s=_decimal(entry.waited) if entry.outcome != WAITING or entry.results else "",
        within_s=_decimal(entry.within),
        short_abandon_s=_decimal(entry.short),
        overdue="" if entry.over_at is None else _moment(entry.over_at, zone),
        overdue_in=entry.over_in,
        ended="" if entry.outcome == WAITING else ended,
    )


def csv_writer(file: TextIO) -> Callable[[Fact], None]:
    """Write the head; return what writes a row."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)

    def write(fact: Fact) -> None:
        writer.writerow(msgspec.structs.astuple(fact))

    return write


def jsonl_writer(file: TextIO) -> Callable[[Fact], None]:
    """Return what writes a row as one line of JSON."""

    def write(fact: Fact) -> None:
        file.write(msgspec.json.encode(fact).decode() + "\n")

    return write


def _moment(instant: Instant, zone: ZoneInfo) -> str:
    moment = datetime.fromtimestamp(instant // SECOND, UTC).astimezone(zone)
    parts = moment.isoformat()
    return f"{parts[:19]}.{instant % SECOND // 1000:06}{parts[19:]}"


def _decimal(span: Span) -> str:
    return f"{span // SECOND}.{span % SECOND:09}"
