"""What docs/reports.md says of figures and views is what there is, and its queries run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from router.history.database import Database
from router.history.report_feeder import ReportFeeder
from router.reports.definitions import ENGLISH
from router.reports.figures import FIGURES
from tests.history.test_report_feeder import days_of_talks
from tests.runtime.test_service_report import journal_of


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "reports.md").read_text(encoding="utf-8")


def cells(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading."""
    part = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_figure_is_documented_as_it_is_defined(page: str) -> None:
    told = [(row[0].strip("`"), row[1], row[3]) for row in cells(page, "Figures")]
    assert told == [(each.key, each.unit, ENGLISH[each.key][1]) for each in FIGURES]


async def test_the_views_have_the_columns_that_are_documented(
    page: str, database: Database
) -> None:
    """A column that is renamed or removed breaks somebody's report: it must not happen."""
    for name, _, columns in cells(page, "Views for Power BI"):
        view = name.strip("`")
        found = await database.read(
            lambda connection, view=view: list(  # type: ignore[misc]
                connection.execute(text(f"SELECT * FROM {view}")).keys()
            )
        )
        assert found == re.findall(r"`(\w+)`", columns), view


async def test_the_queries_that_are_shown_find_something(
    page: str, url: str, database: Database
) -> None:
    await ReportFeeder(database, journal_of(days_of_talks(11)))()
    shown = page.split("```sql\n")[1].split("```")[0]
    queries = [each for each in shown.split(";\n") if each.strip()]
    assert len(queries) == 4
    if "postgresql" in url:
        queries = [
            each.replace("substr(ended_day, 1, 7)", "to_char(ended_day, 'YYYY-MM')")
            for each in queries
        ]
    for query in queries:
        rows: list[Any] = await database.read(
            lambda connection, query=query: list(connection.execute(text(query)))  # type: ignore[misc]
        )
        assert rows, query


async def test_the_views_show_what_the_tables_hold(database: Database) -> None:
    await ReportFeeder(database, journal_of(days_of_talks(11)))()

    async def one(query: str) -> Any:
        return await database.read(lambda connection: connection.execute(text(query)).one())

    for view, table in (
        ("townline_items", "report_items"),
        ("townline_results", "report_results"),
        ("townline_handlings", "report_handlings WHERE day <> ''"),
        ("townline_agent_time", "report_agents"),
        ("townline_names", "report_names"),
    ):
        assert await one(f"SELECT count(*) FROM {view}") == await one(
            f"SELECT count(*) FROM {table}"
        )
    spans = await one(
        "SELECT sum(handled_s), sum(talked_s + held_s + noted_s) FROM townline_handlings"
    )
    raw = await one("SELECT sum(talked + held + noted) FROM report_handlings WHERE day <> ''")
    assert float(spans[0]) == pytest.approx(float(spans[1])) == pytest.approx(float(raw[0]) / 1e9)
    first = await one("SELECT min(received_at), min(received_day) FROM townline_items")
    assert str(first[0]).startswith("2026-11-23")
    assert str(first[1]) == "2026-11-23"
