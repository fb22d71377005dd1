"""Reports over history say what the journal's own report says, and what anybody counts by hand."""

from __future__ import annotations

from datetime import date

import pytest

from router.history.database import Database
from router.history.report_feeder import ReportFeeder
from router.history.reports import Reports
from router.reports.choices import By
from router.reports.periods import Kind
from router.reports.report import Report, Row
from router.runtime.clock import VirtualClock
from router.runtime.report_choices import OWN
from router.runtime.report_choices import By as OldBy
from router.runtime.service_report import Line
from router.runtime.service_report import report as from_journal
from tests.core.entry_traffic import Traffic
from tests.core.town import Desk
from tests.runtime.test_service_report import journal_of
from tests.runtime.test_text_report import Letters

MONDAY = date(2026, 11, 23)


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


async def equal_to_the_journal(reports: Reports, desk: Desk, day: date) -> int:
    """Compare a day by queue and by channel; return how many rows there were."""
    journal, compared = journal_of(desk), 0
    for by, old in ((By.QUEUE, OldBy.QUEUE), (By.CHANNEL, OldBy.CHANNEL)):
        lines = (await from_journal(journal, day, old, OWN, desk.now)).lines
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
    assert await equal_to_the_journal(reports, traffic.desk, MONDAY) > 4


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
        compared += await equal_to_the_journal(reports, letters.desk, day)
    assert compared > 4
