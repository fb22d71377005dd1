"""The page of a period, ready for printing: what goes to Council, or one choice of it.

No agent is on the page of Council. HTML without styles or scripts in it, so that it may be shown
under the strictest policy of a browser; its style sheet stands beside it or, in a file, inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from router.reports.choices import By
from router.reports.phrases import PHRASES
from router.reports.report import Definition, Report, Row
from router.reports.shown import shown

COUNCIL: Final = (By.CHANNEL, By.QUEUE, By.CATEGORY, By.WARD)
STYLE: Final = (Path(__file__).parent / "print.css").read_text(encoding="utf-8")
SUMMARY: Final = (
    "received", "received_per_day", "closed", "open_at_end", "open_over_7_days",
    "open_over_30_days", "merged", "handle_time", "first_contact", "transfer_share",
    "requeue_share", "reopened", "satisfaction", "occupancy",
)  # fmt: skip
_WAITING: Final = (
    "received", "offered", "service_level", "answer_time", "first_response", "overdue",
    "abandoned_share", "closed", "handle_time",
)  # fmt: skip
_MATTERS: Final = (
    "received", "closed", "open_at_end", "first_contact", "handle_time", "transfer_share",
)  # fmt: skip
_AGENTS: Final = (
    "handled", "handle_time", "talk_time", "hold_time", "wrap_up_time", "transfers", "requeues",
    "first_contact", "at_desk", "occupancy",
)  # fmt: skip
COLUMNS: Final[Mapping[By, Sequence[str]]] = {
    By.CHANNEL: _WAITING,
    By.QUEUE: _WAITING,
    By.CATEGORY: _MATTERS,
    By.WARD: _MATTERS,
    By.AGENT: _AGENTS,
    By.DAY: _WAITING,
    By.HOUR: _WAITING,
}
_PER_CHANNEL: Final = frozenset({By.CHANNEL, By.QUEUE, By.DAY, By.HOUR})

_templates: Final = Environment(
    loader=PackageLoader("router.reports", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Table(NamedTuple):
    """One table of the page."""

    title: str
    has_channels: bool
    columns: list[str]
    rows: list[tuple[Row, list[str]]]


def page_of(reports: Sequence[Report], before: Report | None, *, style: str = "") -> str:
    """Return the page; each report is a table of it.

    Args:
        reports: of one period, at least one.
        before: of the period before, to stand beside the summary.
        style: address of the style sheet; "" has it stand in the page.
    """
    first = reports[0]
    told = {each.key: each for report in reports for each in report.definitions}
    shown_keys = {*SUMMARY, *(key for report in reports for key in COLUMNS[report.by])}
    return _templates.get_template("page.html").render(
        report=first,
        phrases=PHRASES[first.language],
        summary=_summary(first, before, told),
        tables=[_table(each) for each in reports],
        definitions=[each for key, each in told.items() if key in shown_keys],
        formulas={name: text for each in reports for name, text in each.formulas.items()},
        compared=before is not None,
        style=style,
        css=STYLE,
    )


def _summary(
    report: Report, before: Report | None, told: Mapping[str, Definition]
) -> list[tuple[str, str, str]]:
    """Return name, figure now and figure before of everything together."""
    return [
        (told[key].name, _of_all(report, key, told[key].unit), _of_all(before, key, told[key].unit))
        for key in SUMMARY
        if key in told
    ]


def _of_all(report: Report | None, key: str, unit: str) -> str:
    row = next((row for row in report.total if not row.channel), None) if report else None
    return shown(row.figures[key] if row else None, unit, report.language if report else "en")


def _table(report: Report) -> Table:
    units = {each.key: each for each in report.definitions}
    keys = COLUMNS[report.by]
    per_channel = report.by in _PER_CHANNEL
    totals = () if report.by is By.CHANNEL else report.total
    rows = [row for row in (*report.rows, *totals) if bool(row.channel) == per_channel]
    if report.by is By.CATEGORY:  # what is asked for most comes first
        rows.sort(key=lambda row: (row.value is None, -(row.figures["received"] or 0), row.name))
    return Table(
        title=PHRASES[report.language][f"by_{report.by}"],
        has_channels=per_channel,
        columns=[units[key].name for key in keys],
        rows=[
            (row, [shown(row.figures[key], units[key].unit, report.language) for key in keys])
            for row in rows
        ],
    )
