"""`townline report day`, `week` and `month`: the figures of a period, from history.

The page of Council is `townline report month --format html`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from router.cli_history import catch_up, history, journal_of
from router.cli_installation import our_settings, terminal
from router.cli_report import day_named
from router.reports.choices import By, Format, Tongue
from router.reports.periods import Kind, may_be_by

if TYPE_CHECKING:
    from rich.table import Table

    from router.history.reports import Reports
    from router.reports.report import Report

Day = Annotated[str, typer.Option(help="Any day of it: 2026-11-18; default: today.")]
Choice = Annotated[By | None, typer.Option("--by", help="What a row stands for; default: queue.")]
As = Annotated[Format, typer.Option("--format", help="How it is written.")]
To = Annotated[Path | None, typer.Option("--to", help="File to write; default: the terminal.")]
Language = Annotated[Tongue, typer.Option("--language", help="Of names and definitions.")]


def _command(kind: Kind) -> Callable[..., None]:
    def made(
        day: Day = "",
        by: Choice = None,
        format_: As = Format.TABLE,
        to: To = None,
        language: Language = Tongue.EN,
    ) -> None:
        _report(kind, day_named(day), by, format_, to, language)

    made.__doc__ = f"Tell what was received, answered and handled in a {kind}, with definitions."
    return made


COMMANDS: Final = {kind.value: _command(kind) for kind in Kind}


def _report(
    kind: Kind, day: date | None, by: By | None, format_: Format, to: Path | None, language: str
) -> None:
    from router.reports.page import COUNCIL

    if format_ is Format.XLSX and to is None:
        raise typer.BadParameter("a workbook is no text; name a file", param_hint="--to")
    if format_ is Format.TABLE and to is not None:
        raise typer.BadParameter("a table is for the terminal; write csv, xlsx or html to a file")
    if by is not None and not may_be_by(kind, by):
        raise typer.BadParameter(
            f"there is none of a {kind}; ask for a day", param_hint=f"--by {by}"
        )
    choices = COUNCIL if by is None and format_ is Format.HTML else (by or By.QUEUE,)

    async def make() -> tuple[list[Report], Report | None]:
        async with history() as (database, clock), journal_of(our_settings()) as (journal, is_ours):
            from router.history.report_feeder import ReportFeeder
            from router.history.reports import Reports
            from router.runtime.clock import SystemClock

            feeder = ReportFeeder(database, journal)
            await catch_up(feeder, journal, clock, is_ours=is_ours)
            # where practice runs ahead of the clock, it is as late as the journal says
            reports = Reports(database, SystemClock(await journal.last_instant()))
            made = [await reports.report(kind, day, each, language) for each in choices]
            return made, await _before(reports, made[0]) if format_ is Format.HTML else None

    reports, before = asyncio.run(make())
    if format_ is Format.TABLE:
        _print(reports[0])
        return
    body = _body(reports, before, format_)
    if to is None:
        typer.echo(body.decode(), nl=False)
        return
    to.write_bytes(body)
    terminal().print(f"{reports[0].period} written to {to}", highlight=False)


async def _before(reports: Reports, report: Report) -> Report:
    from datetime import timedelta

    day = report.first - timedelta(1)
    return await reports.report(Kind(report.kind), day, report.by, report.language)


def _body(reports: list[Report], before: Report | None, format_: Format) -> bytes:
    from router.reports.files import csv_of, xlsx_of
    from router.reports.page import page_of

    if format_ is Format.CSV:
        return csv_of(reports[0])
    if format_ is Format.XLSX:
        return xlsx_of(reports[0])
    return page_of(reports, before).encode()


def _print(report: Report) -> None:
    from router.reports.page import COLUMNS
    from router.reports.phrases import PHRASES

    console, phrases = terminal(), PHRASES[report.language]
    if not report.total:
        console.print(f"{report.period}: {phrases['nothing']}", highlight=False)
        return
    console.print(_table(report))
    for each in report.definitions:
        if each.key in COLUMNS[report.by]:
            console.print(f"{each.name}: {each.definition}", markup=False, highlight=False)
    for name, definition in report.formulas.items():
        console.print(f"{name}: {definition}", markup=False, highlight=False)


def _table(report: Report) -> Table:
    """Figures stand in lines, groups in columns would be too many: a line for each of both."""
    from rich.box import SIMPLE
    from rich.table import Table

    from router.reports.page import COLUMNS
    from router.reports.phrases import PHRASES
    from router.reports.shown import shown

    phrases = PHRASES[report.language]
    so_far = "" if report.is_over else f", {phrases['so_far']}"
    table = Table(
        title=f"{phrases[f'title_{report.kind}']} {report.period}{so_far}",
        title_justify="left",
        box=SIMPLE,
        pad_edge=False,
    )
    told = {each.key: each for each in report.definitions}
    for name in (phrases[f"by_{report.by}"], phrases["channel"], phrases["promised"]):
        table.add_column(name)
    for key in COLUMNS[report.by]:
        table.add_column(told[key].name, justify="right")
    for row in (*report.rows, *report.total):
        figures = (
            shown(row.figures[key], told[key].unit, report.language) for key in COLUMNS[report.by]
        )
        table.add_row(row.name, row.channel_name, row.promised, *figures)
    return table
