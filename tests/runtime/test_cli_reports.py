"""`townline report day`, `week` and `month`, on a journal in a file and the history beside it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from router import cli
from tests.runtime.test_cli_report import a_morning, data, told

__all__ = ["data"]

DAY = ("--day", "2026-11-23")


def test_a_day_is_told_in_the_terminal_with_its_definitions(data: Path) -> None:
    a_morning(data)
    text = told("report", "day", *DAY)
    row = next(line for line in text.splitlines() if "general" in line and "Calls" in line)
    assert "70% in 30 s" in row
    assert "50.0" in row
    assert "Share of entries answered within the promised time" in text
    assert "townline/1: answered in time / offered" in text


def test_the_month_is_written_for_spreadsheets(data: Path) -> None:
    a_morning(data)
    text = told("report", "month", *DAY, "--by", "channel", "--format", "csv")
    first = next(csv.DictReader(io.StringIO(text)))
    assert (first["period"], first["value"], first["offered"], first["service_level"]) == (
        "2026-11",
        "voice",
        "3",
        "0.5",
    )
    path = data / "month.xlsx"
    assert "2026-11 written to" in told(
        "report", "month", *DAY, "--format", "xlsx", "--to", str(path)
    )
    assert openpyxl.load_workbook(path).sheetnames == ["Figures", "What each figure means"]


def test_the_page_for_council_is_one_file(data: Path) -> None:
    a_morning(data)
    path = data / "council.html"
    told("report", "month", *DAY, "--format", "html", "--language", "fr", "--to", str(path))
    page = path.read_text(encoding="utf-8")
    assert "Rapport mensuel 2026-11" in page
    assert "À côté de la période précédente" in page
    assert "@page" in page
    for section in ("Par canal", "Par file", "Par catégorie", "Par quartier"):
        assert section in page
    assert "Amina" not in page


def test_an_agent_is_told_by_name(data: Path) -> None:
    a_morning(data)
    assert "Amina" in told("report", "week", *DAY, "--by", "agent")


def test_a_day_without_anything_is_said_to_be_so(data: Path) -> None:
    a_morning(data)
    assert "Nothing was counted" in told("report", "day", "--day", "2020-11-20")


def test_it_is_as_late_as_the_journal_says(data: Path) -> None:
    """Practice runs ahead of the clock: today is the last day that was lived through."""
    a_morning(data)
    assert "2026-11-2" in told("report", "day")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--day", "yesterday"), "2026-11-18"),
        (("--format", "xlsx"), "name a file"),
        (("--to", "x.txt"), "csv, xlsx or html"),
        (("--by", "resident"), "queue"),
        (("--by", "hour"), "ask for a day"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_remedy(
    data: Path, words: tuple[str, ...], says: str
) -> None:
    a_morning(data)
    result = CliRunner().invoke(cli.app, ("report", "month", *words))
    assert result.exit_code == 2
    assert says in result.output
