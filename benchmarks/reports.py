"""Reports over a million closed items on SQLite, and the bare count of the same rows.

    .venv/bin/python -m benchmarks.reports [ITEMS] [DAYS]

The rows that a month of ITEMS (1,000,000) would have left are written into a new history; a report
by each choice is made of them by the code that the desk uses. DAYS (30) is over how many days they
are spread: 30 is the harder way, as all of them lie in the month that is asked for.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, Table, insert, text

from router.core.formulas import DEFAULT, DEFAULT_OF_TEXTS
from router.core.model import DAY, HOUR, MINUTE, SECOND
from router.history import report_tables as t
from router.history.database import Database, default_url
from router.history.report_sums import day_to_settle, settle, unsettle
from router.history.reports import Reports
from router.reports.choices import By
from router.reports.periods import Kind
from router.runtime.clock import VirtualClock

FIRST: Final = date(2026, 11, 1)
BEGIN: Final = 1_793_505_600 * SECOND  # midnight in Toronto
AT_ONCE: Final = 20_000
TIMES: Final = 5
QUEUES: Final = [f"queue_{n}" for n in range(12)]
CATEGORIES: Final = [f"category_{n}" for n in range(40)]  # each belongs to one queue
WARDS: Final = [f"ward_{n}" for n in range(10)]
AGENTS: Final = [f"agent_{n}" for n in range(40)]
CHANNELS: Final = ["voice"] * 6 + ["mail"] * 2 + ["webform", "chat"]
RESULTS: Final = [("answered",)] * 7 + [("abandoned",), ("threshold", "answered-late"), ("lost",)]
BARE: Final = """
    SELECT (SELECT count(*) FROM report_results WHERE day BETWEEN :first AND :last),
           (SELECT count(*) FROM report_items WHERE ended_day BETWEEN :first AND :last),
           (SELECT count(*) FROM report_items WHERE received_day BETWEEN :first AND :last),
           (SELECT count(*) FROM report_handlings WHERE day BETWEEN :first AND :last)
"""

Values = dict[str, Any]
T = TypeVar("T")


class Rows(NamedTuple):
    items: list[Values]
    results: list[Values]
    handlings: list[Values]


def rows_of(count: int, days: int) -> Iterator[Rows]:
    """Yield what so many items have left, so many at once."""
    chance, rows = random.Random(7), Rows([], [], [])
    for number in range(count):
        _add(rows, number, chance, days)
        if len(rows.items) == AT_ONCE:
            yield rows
            rows = Rows([], [], [])
    yield rows


def _add(rows: Rows, number: int, chance: random.Random, days: int) -> None:
    category = chance.randrange(len(CATEGORIES))
    nth, channel = chance.randrange(days), chance.choice(CHANNELS)
    at = BEGIN + nth * DAY + 8 * HOUR + chance.randrange(10 * HOUR)
    place = {
        "queue": QUEUES[category % len(QUEUES)],
        "channel": channel,
        "category": CATEGORIES[category],
        "ward": chance.choice(WARDS),
        "agent": chance.choice(AGENTS),
    }
    day = (FIRST + timedelta(nth)).isoformat()
    ended_day = day if channel in ("voice", "chat") or chance.random() < 0.6 else _next(nth)
    name, talked = f"{number:010X}", chance.randrange(20 * MINUTE)
    results = chance.choice(RESULTS)
    answered = results[-1].startswith("answered")
    rows.items.append(
        {
            **place, "id": name, "form": "call", "asked": "", "asked_of": "", "received_at": at,
            "received_day": day, "ended_at": at + HOUR, "ended_day": ended_day,
            "ending": "closed" if answered else "abandoned", "handlings": int(answered),
            "passed_on": int(chance.random() < 0.1), "reopened": 0, "in_hand": 0, "numbers": 1,
        }
    )  # fmt: skip
    for position, result in enumerate(results):
        rows.results.append(
            {
                **place, "item": name, "position": 4 * number + position, "day": day,
                "result": result, "interval": at, "counted_at": at,
                "waited": chance.randrange(MINUTE), "within": 30 * SECOND,
            }
        )  # fmt: skip
    if answered:
        rows.handlings.append(
            {
                **place, "item": name, "number": 1, "day": ended_day, "began_at": at,
                "ended_at": at + talked, "ending": "closed", "unreached": 0, "talked": talked,
                "held": 0, "noted": 30 * SECOND, "phase": "", "phase_since": at,
            }
        )  # fmt: skip


def _next(nth: int) -> str:
    return (FIRST + timedelta(nth + 1)).isoformat()


def _constants(days: int) -> dict[Table, list[Values]]:
    quarters = (BEGIN + n * 15 * MINUTE for n in range(days * 96))
    return {
        t.report_promises: [
            {
                "queue": queue, "channel": channel, "adopted_at": 1, "day": "2026-01-01",
                "formula": (DEFAULT if channel in ("voice", "chat") else DEFAULT_OF_TEXTS).id,
                "share": 0.7, "within": 30 * SECOND, "written": "",
            }
            for queue in QUEUES
            for channel in dict.fromkeys(CHANNELS)
        ],
        t.report_agents: [
            {
                "agent": agent, "interval": at, "worked": 8 * MINUTE, "ready": 6 * MINUTE,
                "day": (FIRST + timedelta((at - BEGIN) // DAY)).isoformat(), "away": MINUTE,
            }
            for at in quarters
            if 8 * HOUR <= (at - BEGIN) % DAY < 18 * HOUR
            for agent in AGENTS
        ],
        t.report_policies: [{"adopted_at": 1, "policy": "p", "time_zone": "America/Toronto"}],
    }  # fmt: skip


async def _fill(database: Database, count: int, days: int) -> None:
    def put(connection: Connection, table: Table, values: list[Values]) -> None:
        if values:
            connection.execute(insert(table), values)

    for table, values in _constants(days).items():
        await database.write(partial(put, table=table, values=values))
    for rows in rows_of(count, days):

        def put_all(connection: Connection, rows: Rows = rows) -> None:
            put(connection, t.report_items, rows.items)
            put(connection, t.report_results, rows.results)
            put(connection, t.report_handlings, rows.handlings)

        await database.write(put_all)
    nights = [(FIRST + timedelta(n)).isoformat() for n in range(days + 2)]
    began = time.perf_counter()
    await database.write(lambda c: unsettle(c, nights))
    while day := await database.read(day_to_settle):
        await database.write(partial(settle, day=day))
    print(f"days added up in {(time.perf_counter() - began) / days:.2f} s each")


async def _measure(folder: Path, count: int, days: int) -> None:
    database = Database(default_url(folder))
    try:
        began = time.perf_counter()
        await _fill(database, count, days)
        size = (folder / "history.sqlite").stat().st_size
        print(f"{count:,} items over {days} days, {size / 1e6:,.0f} MB,", end=" ")
        print(f"written in {time.perf_counter() - began:.0f} s")
        month = {"first": FIRST.isoformat(), "last": "2026-11-30"}
        bare, cpu, found = await _timed(
            lambda: database.read(lambda c: tuple(c.execute(text(BARE), month).one()))
        )
        print(f"bare count of the same rows {bare:.2f} s, {cpu:.2f} s of CPU: {found}")
        reports = Reports(database, VirtualClock(BEGIN + 40 * DAY))
        for by in By:
            took, spent, report = await _timed(partial(reports.report, Kind.MONTH, FIRST, by, "en"))
            print(
                f"by {by:8} {took:.2f} s, {spent:.2f} s of CPU, {spent / cpu:.1f} times the bare"
                f" count's, {len(report.rows)} rows"
            )
    finally:
        await database.close()


async def _timed(work: Callable[[], Awaitable[T]]) -> tuple[float, float, T]:
    """Return seconds and seconds of CPU, the median of some times each, and what was done."""
    took, spent = [], []
    for _ in range(TIMES):
        began, before = time.perf_counter(), time.process_time()
        done = await work()
        took.append(time.perf_counter() - began)
        spent.append(time.process_time() - before)
    return sorted(took)[TIMES // 2], sorted(spent)[TIMES // 2], done


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), count, days))


if __name__ == "__main__":
    main()
