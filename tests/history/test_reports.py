"""Reports over history say what the journal's own report says, and what anybody counts by hand."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select, text

from router.core import commands as c
from router.core.formulas import THRESHOLD
from router.core.model import DAY, SECOND, Instant
from router.history import report_tables as t
from router.history.database import Database
from router.history.report_feeder import ReportFeeder
from router.history.reports import Reports
from router.policy.load import load
from router.ports import Journal
from router.reports.choices import By
from router.reports.periods import Kind, may_be_by
from router.reports.report import Report, Row
from router.runtime.clock import VirtualClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.report_choices import OWN
from router.runtime.report_choices import By as OldBy
from router.runtime.service_report import Line
from router.runtime.service_report import report as from_journal
from tests.core.entry_traffic import Traffic, busy_town
from tests.core.town import Desk
from tests.history.test_report_feeder import days_of_talks
from tests.runtime.test_service_report import journal_of
from tests.runtime.test_text_report import Letters
from tests.simulation import day as simulated
from tests.simulation.watch import Watch

from .conftest import on_sqlite

MONDAY = date(2026, 11, 23)
FIRST, LAST = "2026-11-01", "2026-11-30"


async def fed(database: Database, desk: Desk) -> Reports:
    await ReportFeeder(database, journal_of(desk))()
    return Reports(database, VirtualClock(desk.now))


async def made(reports: Reports, kind: Kind, day: date, by: By) -> Report:
    return await reports.report(kind, day, by, "en")


def same_counts(line: Line, row: Row) -> None:
    """What both tell is equal."""
    told = row.figures
    assert row.formulas == (line.formula,)
    assert told["offered"] == line.offered
    assert told["answered"] == line.answered_in + line.answered_late
    assert told["abandoned_at_once"] == line.abandoned_short
    assert told["abandoned"] == line.abandoned_in + line.abandoned_late
    assert told["callbacks"] == line.callbacks
    assert told["left_otherwise"] == line.left_otherwise
    assert told["abandoned_share"] == line.abandoned_share
    assert told["promised_share"] == line.target_share
    assert told["service_level"] == (None if line.level is None else round(line.level, 6))
    assert told["overdue"] == (line.overdue if line.first_response else 0)


async def equal_to_the_journal(reports: Reports, journal: Journal, now: Instant, day: date) -> int:
    """Compare a day by queue and by channel; return how many rows there were."""
    compared = 0
    for by, old in ((By.QUEUE, OldBy.QUEUE), (By.CHANNEL, OldBy.CHANNEL)):
        lines = (await from_journal(journal, day, old, OWN, now)).lines
        report = await made(reports, Kind.DAY, day, by)
        rows = {
            (row.value if by is By.QUEUE else "", row.channel): row
            for row in report.rows
            if row.channel and row.formulas
        }
        assert set(rows) == {(line.queue, line.channel) for line in lines}
        for line in lines:
            row = rows[line.queue, line.channel]
            if by is By.QUEUE:
                same_counts(line, row)
            else:
                assert row.figures["offered"] == line.offered
                assert row.figures["service_level"] == (
                    None if line.level is None else round(line.level, 6)
                )
        compared += len(lines)
    return compared


@pytest.mark.parametrize("seed", range(3))
async def test_a_day_of_calls_and_chats_is_what_the_journal_says(
    seed: int, database: Database
) -> None:
    traffic = Traffic(seed)
    traffic.go_on(700)
    reports = await fed(database, traffic.desk)
    journal = journal_of(traffic.desk)
    assert await equal_to_the_journal(reports, journal, traffic.desk.now, MONDAY) > 4


@pytest.mark.parametrize("seed", range(3))
async def test_days_of_mail_and_forms_are_what_the_journal_says(
    seed: int, database: Database
) -> None:
    letters = Letters(seed)
    letters.go_on(400)
    reports = await fed(database, letters.desk)
    compared = 0
    for number in range(5):
        day = date.fromordinal(MONDAY.toordinal() + number)
        journal = journal_of(letters.desk)
        compared += await equal_to_the_journal(reports, journal, letters.desk.now, day)
    assert compared > 4


@on_sqlite
@pytest.mark.parametrize("seed", [4])
def test_a_simulated_day_at_four_doors_is_what_the_journal_says(
    seed: int, url: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped town with everything going wrong that can."""
    loaded = load(repository, today=date(2026, 11, 24)).policy
    assert loaded is not None
    stores: list[MemoryStore] = []

    def watching(store: MemoryStore) -> Watch:
        stores.append(store)
        return Watch(store)

    monkeypatch.setattr(simulated, "Watch", watching)
    simulated.simulate(seed, loaded, writes=True)

    async def compare() -> int:
        database, compared = Database(url), 0
        journal, now = MemoryJournal(stores[0], VirtualClock(0)), stores[0].batches[-1].at
        await ReportFeeder(database, journal)()
        reports = Reports(database, VirtualClock(now))
        first = date(2026, 11, 24).toordinal()
        for number in range(first, first + 14):
            each = date.fromordinal(number)
            compared += await equal_to_the_journal(reports, journal, now, each)
        await database.close()
        return compared

    assert asyncio.run(compare()) >= 8


# --- counted by hand -----------------------------------------------------------------------------


async def facts(database: Database, table: Table) -> list[Any]:
    def read(connection: Connection) -> list[Any]:
        return list(connection.execute(select(table)))

    return await database.read(read)


def in_november(day: str) -> bool:
    return FIRST <= day <= LAST


async def counted_by_hand(database: Database, by: By) -> dict[tuple[str, str], dict[str, Any]]:
    """Return figures by group and channel, made of all rows one after the other."""
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def group(row: Any, day: str) -> tuple[str, str]:
        return (day if by is By.DAY else getattr(row, by.value)), row.channel

    for row in await facts(database, t.report_items):
        if by is not By.AGENT and in_november(row.received_day):
            found[group(row, row.received_day)]["received"] += 1
        if in_november(row.ended_day) and (by is not By.AGENT or row.agent):
            place = found[group(row, row.ended_day)]
            place["closed"] += row.ending == "closed"
            if row.ending == "closed" and row.handlings:
                place["with_agent"] += 1
                place["once"] += row.handlings == 1 and not row.passed_on and not row.reopened
    for row in await facts(database, t.report_handlings):
        if in_november(row.day):
            place = found[group(row, row.day)]
            place["taken"] += 1
            place["transfers"] += row.ending == "transferred"
            place["requeues"] += row.ending == "returned"
            if not row.unreached:
                place["handled"] += 1
                place["time"] += row.ended_at - row.began_at
    return {
        key: {
            "received": place["received"],
            "closed": place["closed"],
            "handled": place["handled"],
            "handle_time": round(place["time"] / place["handled"] / SECOND, 3)
            if place["handled"]
            else None,
            "transfers": place["transfers"],
            "requeues": place["requeues"],
            "first_contact": round(place["once"] / place["with_agent"], 6)
            if place["with_agent"]
            else None,
        }
        for key, place in found.items()
        if any(place.values())
    }


@pytest.mark.parametrize("by", [by for by in By if may_be_by(Kind.MONTH, by)])
async def test_a_month_is_what_anybody_counts_by_hand(by: By, database: Database) -> None:
    desk = days_of_talks(11)
    reports = await fed(database, desk)
    report = await made(reports, Kind.MONTH, MONDAY, by)
    told = {
        (row.value, row.channel): row.figures
        for row in report.rows
        if row.channel and row.value is not None
    }
    expected = await counted_by_hand(database, by)
    assert len(expected) >= 2
    for place, figures in expected.items():
        mine = {key: told[place].get(key, 0) for key in figures}
        assert mine == figures, place


async def test_everything_together_is_the_sum_of_the_groups(database: Database) -> None:
    reports = await fed(database, days_of_talks(12))
    totals = set()
    for by in (By.QUEUE, By.CHANNEL, By.CATEGORY, By.WARD, By.DAY):
        report = await made(reports, Kind.MONTH, MONDAY, by)
        whole = next(row for row in report.total if not row.channel)
        totals.add(tuple(sorted(whole.figures.items())))
        rows = [row for row in report.rows if row.channel]
        for key in ("received", "closed", "handled", "transfers"):
            assert whole.figures[key] == sum(row.figures[key] or 0 for row in rows)
    assert len(totals) == 1


def hour_of(instant: Instant) -> str:
    """Return the hour in the town of the tests, five hours behind UTC all winter."""
    local = datetime.fromtimestamp(instant // SECOND, timezone(timedelta(hours=-5)))
    return local.replace(minute=0, second=0).isoformat(timespec="minutes")


async def test_days_by_hour_are_what_anybody_counts_by_hand(database: Database) -> None:
    """Texts count in the hour in which a result came true, calls when they got in line."""
    letters = Letters(2)
    letters.go_on(400)
    reports = await fed(database, letters.desk)
    days = [(MONDAY + timedelta(number)).isoformat() for number in range(40)]
    expected: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in await facts(database, t.report_items):
        expected[hour_of(row.received_at), row.channel]["received"] += row.received_day in days
    for row in await facts(database, t.report_results):
        at = row.counted_at if row.channel in ("mail", "webform") else row.interval
        is_told = row.day in days and row.result == THRESHOLD
        expected[hour_of(at), row.channel]["overdue"] += is_told
    for row in await facts(database, t.report_handlings):
        if row.day in days:
            expected[hour_of(row.ended_at), row.channel]["handled"] += not row.unreached
    told: dict[tuple[str | None, str], Counter[str]] = {}
    for day in days:
        report = await made(reports, Kind.DAY, date.fromisoformat(day), By.HOUR)
        for row in report.rows:
            counts = {key: row.figures[key] or 0 for key in ("received", "overdue", "handled")}
            told[row.value, row.channel] = Counter(counts) if row.channel else Counter()
        hours = [row.value or "" for row in report.rows]
        assert hours == sorted(hours)
    assert len({hour for (hour, _), counts in expected.items() if counts["overdue"]}) > 4
    assert {place: +counts for place, counts in told.items() if +counts} == {
        place: +counts for place, counts in expected.items() if +counts
    }


@pytest.mark.parametrize("seed", range(2))
async def test_the_hours_of_a_day_add_up_to_the_day(seed: int, database: Database) -> None:
    traffic = Traffic(seed)
    traffic.go_on(500)
    reports = await fed(database, traffic.desk)
    by_hour = await made(reports, Kind.DAY, MONDAY, By.HOUR)
    by_queue = await made(reports, Kind.DAY, MONDAY, By.QUEUE)
    assert len(by_hour.rows) > 2
    assert by_hour.total == by_queue.total
    assert all(row.figures["open_at_end"] is None for row in by_hour.rows)


async def test_agents_time_is_told_by_agent_and_all_together(database: Database) -> None:
    reports = await fed(database, days_of_talks(13))
    report = await made(reports, Kind.MONTH, MONDAY, By.AGENT)
    rows = {row.value: row.figures for row in report.rows if not row.channel}
    assert set(rows) >= {"amina", "chloe"}
    for figures in rows.values():
        parts = [figures[key] or 0 for key in ("worked", "ready", "away")]
        assert sum(parts) == pytest.approx(figures["at_desk"], abs=0.002)
        if parts[0] + parts[1]:
            share = parts[0] / (parts[0] + parts[1])
            assert figures["occupancy"] == pytest.approx(share, abs=0.01)
    (whole,) = [row.figures for row in report.total if not row.channel]
    assert whole["at_desk"] == pytest.approx(
        sum(x["at_desk"] or 0 for x in rows.values()), abs=0.01
    )


# --- formulas ------------------------------------------------------------------------------------


async def test_a_day_is_judged_by_the_formula_of_its_end(database: Database) -> None:
    """Monday by one formula; it is adopted in the course of Tuesday, which it judges as a whole."""
    desk = Desk(busy_town())
    for name, after in (("a", 0), ("b", DAY)):
        desk.wait(after)
        item = desk.call(name, "1", "2", caller=name)
        desk.wait(10 * SECOND)
        desk.do(c.EndCall(item_id=item, call_id=f"CA{name}", reason="completed"))
    desk.adopt(busy_town(formula="uccx-positive-abandon/1"))
    reports = await fed(database, desk)
    levels = []
    for day in (MONDAY, date(2026, 11, 24)):
        report = await made(reports, Kind.DAY, day, By.CHANNEL)
        levels.append((report.rows[0].formulas, report.rows[0].figures["service_level"]))
    assert levels == [(("townline/1",), 0.0), (("uccx-positive-abandon/1",), 1.0)]
    month = await made(reports, Kind.MONTH, MONDAY, By.CHANNEL)
    assert month.rows[0].figures["service_level"] == 0.5  # one met of two looked at
    assert set(month.formulas) == {"townline/1", "uccx-positive-abandon/1"}


@pytest.mark.parametrize("seed", range(2))
async def test_the_view_of_the_service_level_says_the_same(seed: int, database: Database) -> None:
    traffic = Traffic(seed)
    traffic.go_on(500)
    reports = await fed(database, traffic.desk)
    rows = (await made(reports, Kind.DAY, MONDAY, By.QUEUE)).rows
    view = await database.read(
        lambda connection: list(connection.execute(text("SELECT * FROM townline_service_level")))
    )
    ours = {(x.value, x.channel): x for x in rows if x.formulas}
    assert {(x.queue, x.channel) for x in view} <= set(ours)
    assert len(view) >= 3
    for each in view:
        row = ours[each.queue, each.channel]
        assert str(each.day) == "2026-11-23"
        assert float(each.level) == pytest.approx(row.figures["service_level"], abs=1e-6)
        assert (each.formula,) == row.formulas
        assert each.promised_share == row.figures["promised_share"]
