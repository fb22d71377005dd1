"""`townline report service-level` and `townline export`: a day, the open log, from the journal.

Work beside a running daemon and without one.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from router.cli_installation import on_journal, our_settings, terminal
from router.runtime.report_choices import ALL, OWN, By

if TYPE_CHECKING:
    from rich.table import Table

    from router.core.entries import Entry
    from router.ports import Journal
    from router.runtime.service_report import Line, Report

T = TypeVar("T")

report = typer.Typer(help="Figures of the past.", no_args_is_help=True)
export = typer.Typer(help="What other programs can count with.", no_args_is_help=True)


@export.callback()
def _export() -> None:
    """Make `export` a group: its part is named even while there is only one."""


@report.command("service-level")
def service_level(
    day: Annotated[str, typer.Option(help="Day in the town: 2026-11-18; default: today.")] = "",
    by: Annotated[By, typer.Option(help="What a row stands for.")] = By.QUEUE,
    formula: Annotated[
        str, typer.Option(help=f"Name of a formula, or {ALL}; default: each queue's own.")
    ] = OWN,
    within: Annotated[
        int | None,
        typer.Option("--within", min=1, help="As if so many seconds had been promised."),
    ] = None,
    to: Annotated[Path | None, typer.Option("--csv", help="Write the rows to this file.")] = None,
) -> None:
    """Tell how many were answered in time, by which definition, and what became of the others."""
    from router.runtime.clock import SystemClock
    from router.runtime.service_report import report as made
    from router.runtime.service_report import write_csv

    wanted, now = day_named(day), SystemClock(0).now()
    done = on_journal(
        our_settings(), lambda journal: made(journal, wanted, by, formula, now, within)
    )
    console = terminal()
    if to is not None:
        with to.open("w", encoding="utf-8", newline="") as file:
            write_csv(done.lines, file)
        console.print(f"{len(done.lines)} rows written to {to}", highlight=False)
        return
    if not done.lines:
        console.print(f"nothing was counted on {done.day.isoformat()}", highlight=False)
        return
    console.print(_table(done, by))
    for name, definition in dict.fromkeys((x.formula, x.definition) for x in done.lines):
        console.print(f"{name}: {definition}", markup=False, highlight=False)


@export.command("events")
def events(
    to_csv: Annotated[Path | None, typer.Option("--csv", help="CSV file to write.")] = None,
    to_jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help="File to write, one JSON object a line.")
    ] = None,
) -> None:
    """Write each entry into a queue and how it ended, without residents' words or numbers."""
    from router.runtime.entry_export import csv_writer, fact_of, jsonl_writer
    from router.runtime.entry_reader import each_entry, past_policies

    path = to_csv or to_jsonl
    if path is None or (to_csv and to_jsonl):
        raise typer.BadParameter("say where to: either --csv FILE or --jsonl FILE")

    async def write(journal: Journal) -> tuple[int, str]:
        past, count = await past_policies(journal), 0
        with path.open("w", encoding="utf-8", newline="") as file:
            put = csv_writer(file) if to_csv else jsonl_writer(file)

            def take(entry: Entry) -> None:
                nonlocal count
                count += 1
                put(fact_of(entry, past.zone))

            await each_entry(journal, take)
        if past.since is None:
            return count, ""
        return count, f"; the journal is kept from {past.local(past.since).isoformat()} on"

    count, kept = on_journal(our_settings(), write)
    terminal().print(f"{count} entries written to {path}{kept}", highlight=False)


def _table(done: Report, by: By) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    so_far = "" if done.is_over else ", so far"
    title = f"Service level, {done.day.isoformat()}{so_far}"
    table = Table(
        title=title, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0)
    )
    places = {By.QUEUE: ("queue",), By.CHANNEL: (), By.INTERVAL: ("queue", "from")}[by]
    for name in (*places, "channel", "level", "promised", "formula", "counted"):
        table.add_column(name, no_wrap=True)
    table.add_column("offered")
    before: tuple[str, ...] = ()
    for line in done.lines:
        here = (line.queue, line.interval)[: len(places)]
        what = _became(line) if (*here, line.channel) != before else ""
        before = (*here, line.channel)
        level = "" if line.level is None else f"{line.level:.1%}"
        counted = f"{line.met}/{line.looked_at}"
        table.add_row(*here, line.channel, level, _promised(line), line.formula, counted, what)
    return table


def _promised(line: Line) -> str:
    share = "" if line.target_share is None else f"{line.target_share:.0%} "
    if line.first_response:
        return f"{share}in {line.first_response}"
    return "" if line.answer_within_s is None else f"{share}in {line.answer_within_s} s"


def _became(line: Line) -> str:
    """Return what became of those who came: "3: 1 in time, 2 gave up"."""
    found = (
        (line.answered_in, "in time"),
        (line.answered_late, "late"),
        (line.abandoned_short, "gave up at once"),
        (line.abandoned_in + line.abandoned_late, "gave up"),
        (line.callbacks, "callback"),
        (line.left_otherwise, "left otherwise"),
        (line.lost, "lost"),
        (line.error, "set aside"),
        (line.closed, "closed without an answer"),
        (line.overdue if line.first_response else 0, "came to be overdue"),
        (line.waiting, "still waiting, overdue"),
    )
    return f"{line.offered}: " + ", ".join(f"{count} {what}" for count, what in found if count)


def day_named(text: str) -> date | None:
    """Return the day that the option `--day` names, if any. Errors: `typer.BadParameter`."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        wrong = f"{text!r} is no day; write for example 2026-11-18"
        raise typer.BadParameter(wrong, param_hint="--day") from error
