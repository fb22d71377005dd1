"""A report as a file for spreadsheets: CSV, or XLSX with the definitions on a sheet beside.

What stands in a cell is data: text that a spreadsheet would take for a formula is marked as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from router.reports.figures import Value
from router.reports.phrases import PHRASES
from router.reports.report import Report, Row

COLUMNS: Final = ("period", "first", "last", "value", "name", "channel", "promised", "formula")
_STARTS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_FORMATS: Final = {"share": "0.0%", "seconds": "0", "hours": "0.00", "score": "0.00"}
_WIDTH: Final = 14
_WIDE: Final = 60
TOTAL: Final = "total"  # of the column `value`

Cell = str | Value


def safe(text: str) -> str:
    """Return the text so that no spreadsheet computes it."""
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def csv_of(report: Report) -> bytes:
    """Return the rows as CSV in UTF-8, totals last; shares 0..1, spans in seconds and hours."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *(each.key for each in report.definitions)))
    for row in (*report.rows, *report.total):
        cells = (*_head(report, row), *row.figures.values())
        writer.writerow(safe(x) if isinstance(x, str) else x for x in cells)
    return text.getvalue().encode()


def xlsx_of(report: Report) -> bytes:
    """Return the rows as a workbook: a sheet of figures, a sheet of what they mean."""
    body = io.BytesIO()
    with xlsxwriter.Workbook(body, {"in_memory": True}) as book:
        phrases, bold = PHRASES[report.language], book.add_format({"bold": True, "text_wrap": True})
        formats = {unit: book.add_format({"num_format": f}) for unit, f in _FORMATS.items()}
        figures = book.add_worksheet(phrases["figures"])
        units = ["" for _ in COLUMNS] + [each.unit for each in report.definitions]
        _write(figures, 0, [*COLUMNS, *(each.name for each in report.definitions)], repeat(bold))
        for number, row in enumerate((*report.rows, *report.total), 1):
            cells = [*_head(report, row), *row.figures.values()]
            _write(figures, number, cells, (formats.get(unit) for unit in units))
        figures.freeze_panes(1, len(COLUMNS) - 3)
        figures.set_column(0, len(units), _WIDTH)
        means = book.add_worksheet(phrases["definitions"][:31])  # as long as a name may be
        for number, cells in enumerate(_means(report)):
            _write(means, number, cells, repeat(bold if number == 0 else None))
        means.set_column(0, 2, 2 * _WIDTH)
        means.set_column(3, 3, _WIDE)
    return body.getvalue()


def _head(report: Report, row: Row) -> tuple[str, ...]:
    value = TOTAL if row.value is None else row.value
    formula = row.formulas[0] if len(row.formulas) == 1 else ", ".join(row.formulas)
    days = (report.first.isoformat(), report.last.isoformat())
    return (report.period, *days, value, row.name, row.channel or "all", row.promised, formula)


def _means(report: Report) -> Iterator[list[Cell]]:
    yield ["key", "name", "unit", "definition"]
    for each in report.definitions:
        yield [each.key, each.name, each.unit, each.definition]
    for name, definition in report.formulas.items():
        yield [name, PHRASES[report.language]["formulas"], "", definition]


def _write(
    sheet: Worksheet, number: int, cells: list[Cell], formats: Iterable[Format | None]
) -> None:
    """Write a row; text is written as text whatever it begins with."""
    for column, (cell, format_) in enumerate(zip(cells, formats, strict=False)):
        if isinstance(cell, str):
            sheet.write_string(number, column, cell, format_)
        elif cell is not None:
            sheet.write_number(number, column, cell, format_)
