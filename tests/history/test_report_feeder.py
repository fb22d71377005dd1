"""The feed of reports: each fact once, whatever stops in the middle, however it is read."""

from __future__ import annotations

import random
from datetime import date
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine, select, text
from structlog.testing import capture_logs

from router.core import commands as c
from router.core import events as e
from router.core.hours import Range
from router.core.model import DAY, HOUR, MINUTE, SECOND, AgentId, AgentStatus, Instant, ItemId
from router.core.upcast import encode_events
from router.errors import StorageFailed
from router.history import report_tables as t
from router.history import schema
from router.history.database import Database
from router.history.feeder import HistoryFeeder
from router.history.report_feeder import ReportFeeder
from router.history.report_sums import day_to_settle, settle, unsettle_since
from router.history.reports import Reports
from router.ports import Batch
from router.reports.choices import By
from router.reports.periods import Kind, may_be_by
from router.runtime.clock import VirtualClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from tests.core.entry_traffic import busy_town
from tests.core.town import OPEN, Desk
from tests.history.test_feeder import life, received
from tests.history.test_report_ledger import Talks, go_home
from tests.runtime.test_service_report import journal_of, store_of
from tests.runtime.test_text_report import Letters

from .conftest import START, on_sqlite

TABLES = [
    t.report_items,
    t.report_results,
    t.report_handlings,
    t.report_ratings,
    t.report_agents,
    t.report_presence,
    t.report_promises,
]


async def rows(database: Database) -> dict[str, list[Any]]:
    """Return all facts, in order."""

    def read(connection: Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in TABLES
        }

    return await database.read(read)


async def reports_by_all(database: Database, now: Instant) -> list[Any]:
    reports = Reports(database, VirtualClock(now))
    asked = [(kind, by) for kind in Kind for by in By if may_be_by(kind, by)]
    return [await reports.report(kind, None, by, "en") for kind, by in asked]


def days_of_talks(seed: int) -> Desk:
    talks = Talks(seed)
    for _ in range(3):
        talks.go_on(120)
        talks.desk.wait(DAY)
        talks.desk.sign_in("amina", "chloe")
    return talks.desk


async def empty(database: Database) -> None:
    def clear(connection: Connection) -> None:
        for table in (*TABLES, t.report_sums, t.report_unsettled, t.report_policies):
            connection.execute(table.delete())
        connection.execute(t.report_feed.update().values(position=0))

    await database.write(clear)


@pytest.mark.parametrize("seed", range(2))
async def test_the_pages_in_which_it_was_read_make_no_difference(
    seed: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, chance = days_of_talks(seed), random.Random(seed)
    await ReportFeeder(database, journal_of(desk))()
    at_once, told = await rows(database), await reports_by_all(database, desk.now)
    assert len(at_once["report_handlings"]) > 5
    await empty(database)
    monkeypatch.setattr("router.history.pages.EVENTS_PER_PAGE", chance.choice([1, 7]))
    store, part = store_of(desk), store_of(desk)
    part.batches.clear()
    while len(part.batches) < len(store.batches):  # whatever has been stored by now
        stored = len(part.batches)
        part.batches += store.batches[stored : stored + chance.randint(1, 300)]
        await ReportFeeder(database, MemoryJournal(part, VirtualClock(0)))()
    assert await rows(database) == at_once
    assert await reports_by_all(database, desk.now) == told


async def test_settled_or_not_the_same_is_told(database: Database) -> None:
    desk = days_of_talks(5)
    await ReportFeeder(database, journal_of(desk))()
    settled = await database.read(lambda c: c.execute(select(t.report_sums.c.day)).scalars().all())
    assert len(set(settled)) >= 2
    told = await reports_by_all(database, desk.now)
    await database.write(lambda connection: unsettle_since(connection, "2026-01-01"))
    assert await reports_by_all(database, desk.now) == told
    while day := await database.read(day_to_settle):
        await database.write(partial(settle, day=day))
    assert await reports_by_all(database, desk.now) == told


async def test_feeding_twice_adds_nothing(database: Database) -> None:
    desk = days_of_talks(6)
    journal = journal_of(desk)
    feeder = ReportFeeder(database, journal)
    await feeder()
    first = await rows(database)
    await feeder()
    await ReportFeeder(database, journal)()
    assert await rows(database) == first
    assert await feeder.position() == await journal.version() > 0


async def test_a_crash_within_a_page_leaves_nothing_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_of(days_of_talks(7))

    def crash(*_: object) -> None:
        raise StorageFailed("the process ended here")

    with monkeypatch.context() as patched:
        patched.setattr("router.history.report_feeder.unsettle", crash)
        with capture_logs() as logs:
            await ReportFeeder(database, journal)()
    assert [log["event"] for log in logs] == ["history_feed_failed"]
    assert not any((await rows(database)).values())
    await ReportFeeder(database, journal)()
    assert len((await rows(database))["report_items"]) > 10


async def test_an_older_journal_put_back_is_read_from_its_start(database: Database) -> None:
    """What the journal no longer tells is gone; what it tells is there once."""
    desk = days_of_talks(8)
    await ReportFeeder(database, journal_of(desk))()
    store = store_of(desk)
    del store.batches[len(store.batches) // 2 :]
    older = MemoryJournal(store, VirtualClock(0))
    with capture_logs() as logs:
        await ReportFeeder(database, older)()
    assert logs[0]["code"] == "history-ahead-of-journal"
    found, told = await rows(database), await reports_by_all(database, desk.now)
    await empty(database)
    await ReportFeeder(database, older)()
    assert found == await rows(database)
    assert told == await reports_by_all(database, desk.now)


async def test_an_item_that_is_opened_again_leaves_a_day_that_was_added_up(
    database: Database,
) -> None:
    store = MemoryStore()

    async def happen(*events: e.AnyEvent) -> Any:
        for event in events:
            batch = Batch(f"b{store.version()}", event.at, 1, encode_events([event]))
            store.add(batch)
        await ReportFeeder(database, MemoryJournal(store, VirtualClock(0)))()
        reports = Reports(database, VirtualClock(START + 4 * DAY))
        report = await reports.report(Kind.DAY, date(2026, 11, 19), By.CHANNEL, "en")
        (row,) = [each for each in report.rows if each.channel == "webform"]
        return row.figures["closed"], row.figures["first_contact"], row.figures["handled"]

    first = life("A", START)
    over = [replace(each, at=each.at + DAY) for each in first[-2:]]
    told = await happen(*first[:-2], *over, received("B", START + 2 * DAY))
    assert told == (1, 1.0, 1)
    unsettled = select(t.report_unsettled.c.day)
    waiting = await database.read(lambda c: c.execute(unsettled).scalars().all())
    assert waiting == ["2026-11-20"]
    again = e.ItemReopened(at=START + 3 * DAY, item=ItemId("A"), by="sam", reason="again")
    assert await happen(again) == (0, None, 1)


@on_sqlite
async def test_a_history_that_was_there_before_reads_what_the_journal_has(
    url: str, database: Database
) -> None:
    """A history of the revision before, with its items: they stay, and reports know them."""
    engine = create_engine(url)
    alembic = Config()
    alembic.set_main_option("script_location", str(schema.MIGRATIONS))
    with engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "0002")
        connection.execute(text("UPDATE feed SET position = 0"))
    letters = Letters(3)
    letters.go_on(150)
    journal = journal_of(letters.desk)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mail_ids (key, item) VALUES ('mid:kept', 'somewhere')")
        )
    engine.dispose()
    await HistoryFeeder(database, journal, journal, VirtualClock(letters.desk.now))()
    before = await database.read(lambda c: c.execute(text("SELECT * FROM items")).all())
    assert before
    await ReportFeeder(database, journal)()
    kept = await database.read(
        lambda c: c.execute(text("SELECT item FROM mail_ids")).scalars().all()
    )
    assert "somewhere" in kept
    assert {row.id for row in before} == {row[0] for row in (await rows(database))["report_items"]}
    assert await database.read(lambda c: c.execute(text("SELECT * FROM items")).all()) == before


# --- what counts where ---------------------------------------------------------------------------

SUNDAY = 1_793_505_600 * SECOND  # midnight in Toronto, two hours before the clocks go back


async def told(database: Database, desk: Desk, kind: Kind, day: str, by: By) -> Any:
    await ReportFeeder(database, journal_of(desk))()
    reports = Reports(database, VirtualClock(desk.now))
    return await reports.report(kind, date.fromisoformat(day), by, "en")


@on_sqlite
async def test_the_hour_that_comes_twice_is_worked_twice(database: Database) -> None:
    """The day on which the clocks go back has 25 hours; the agent is away for all of it."""
    desk = Desk(now=SUNDAY - HOUR)
    desk.sign_in("amina")
    desk.do(c.SetStatus(agent_id=AgentId("amina"), status=AgentStatus.AWAY, reason="break"))
    desk.keep_alive(27 * HOUR)
    go_home(desk)
    days = {
        row.value: row.figures["at_desk"]
        for row in (await told(database, desk, Kind.MONTH, "2026-11-05", By.DAY)).rows
    }
    assert days == {"2026-11-01": 25.0, "2026-11-02": 1.0}
    hours = (await told(database, desk, Kind.DAY, "2026-11-01", By.HOUR)).rows
    assert [row.figures["at_desk"] for row in hours] == [1.0] * 25
    assert [row.name for row in hours[:4]] == ["00:00", "01:00", "01:00", "02:00"]
    assert [row.value for row in hours[1:3]] == ["2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00"]
    october = await told(database, desk, Kind.DAY, "2026-10-31", By.AGENT)
    assert [row.figures["away"] for row in october.rows] == [1.0]


@on_sqlite
async def test_a_call_over_midnight_counts_where_each_part_of_it_lies(database: Database) -> None:
    """Received and answered on Monday, handled and closed on Tuesday."""
    town = busy_town()
    always = replace(town.hours["office"], weekly=((Range(0, 1440),),) * 7, holidays={})
    desk = Desk(replace(town, hours={"office": always}), now=OPEN + 14 * HOUR - 2 * MINUTE)
    desk.sign_in("amina")
    late = desk.call("late", "1", "2", caller="x")
    desk.answer("amina")
    desk.keep_alive(5 * MINUTE)
    desk.do(c.CloseItem(late, AgentId("amina"), code="answered"))
    monday = await told(database, desk, Kind.DAY, "2026-11-23", By.CHANNEL)
    tuesday = await told(database, desk, Kind.DAY, "2026-11-24", By.CHANNEL)
    (first,), (second,) = monday.rows, tuesday.rows
    assert (first.figures["received"], first.figures["answered"]) == (1, 1)
    assert (first.figures["handled"], first.figures["closed"]) == (0, 0)
    assert (second.figures["received"], second.figures["handled"], second.figures["closed"]) == (
        0,
        1,
        1,
    )
    assert (first.figures["open_at_end"], second.figures["open_at_end"]) == (1, 0)
