"""What is written: every figure with its meaning, nothing that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from datetime import date
from html.parser import HTMLParser

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.model import SECOND
from router.reports.choices import By
from router.reports.definitions import TEXTS
from router.reports.facts import (
    Adopted,
    AtDesk,
    Ended,
    Facts,
    Handlings,
    Open,
    Promised,
    Ratings,
    Received,
    Results,
)
from router.reports.figures import FIGURES
from router.reports.files import csv_of, safe, xlsx_of
from router.reports.page import COLUMNS, COUNCIL, SUMMARY, page_of
from router.reports.periods import Kind, period_with
from router.reports.report import Report, report_of
from router.reports.shown import shown

DAY = date(2026, 11, 18)
FORMULA = '=HYPERLINK("http://evil.example.org","x")'
BAD = [FORMULA, "+1", "-2+3", "@SUM(A1)", "\tx", "\rx"]


def facts(value: str = "roads") -> Facts:
    """One group: 10 calls answered of 12, 3 mails, a busy agent."""
    place = ("roads", "voice")
    return Facts(
        results=[
            Results(value, "2026-11-18", *place, "answered", 9, 90 * SECOND),
            Results(value, "2026-11-18", *place, "threshold", 2, 60 * SECOND),
            Results(value, "2026-11-18", *place, "answered-late", 1, 60 * SECOND),
            Results(value, "2026-11-18", *place, "abandoned-late", 1, 50 * SECOND),
            Results(value, "2026-11-18", *place, "abandoned-short", 1, 2 * SECOND),
            Results(value, "2026-11-18", "roads", "mail", "answered", 2, 7200 * SECOND),
        ],
        received=[Received(value, "voice", 12), Received(value, "mail", 3)],
        ended=[
            Ended(value, "voice", "closed", 10, 10, 8, 1),
            Ended(value, "voice", "abandoned", 2, 0, 0, 0),
            Ended(value, "mail", "merged", 1, 0, 0, 0),
        ],
        open=[Open(value, "mail", "2026-11-18", 1), Open(value, "mail", "2026-10-01", 1)],
        handlings=[
            Handlings(value, "voice", "closed", 9, 9, 900 * SECOND, 90 * SECOND, 180 * SECOND),
            Handlings(value, "voice", "transferred", 1, 1, 100 * SECOND, 0, 0),
            Handlings(value, "voice", "returned", 2, 0, 0, 0, 0),
        ],
        ratings=[Ratings(value, "chat", 5, 3), Ratings(value, "chat", 2, 1)],
        at_desk=[AtDesk(None, 3600 * SECOND, 1200 * SECOND, 600 * SECOND)],
        adopted=[
            Adopted(*place, "2026-01-01", Promised("townline/1", 0.7, 30 * SECOND, "")),
            Adopted("roads", "mail", "2026-01-01", Promised("first-response/1", 0.9, 0, "2 days")),
        ],
        names={
            ("queue", "roads"): {"en": "Roads", "fr": "Voirie"},
            ("town", "t"): {"en": "Town of Example", "fr": "Ville d'Exemple"},
        },
    )


def report(value: str = "roads", by: By = By.QUEUE, language: str = "en") -> Report:
    return report_of(facts(value), period_with(Kind.MONTH, DAY), by, DAY, language)


def test_figures_are_made_as_anybody_would_with_a_pencil() -> None:
    rows = {row.channel: row for row in report().rows}
    calls, mail, chat, every = (rows[each].figures for each in ("voice", "mail", "chat", ""))
    assert (calls["offered"], calls["answered"], calls["service_level"]) == (12, 10, 0.818182)
    assert (calls["abandoned"], calls["abandoned_at_once"]) == (1, 1)
    assert calls["abandoned_share"] == round(1 / 11, 6)
    assert calls["answer_time"] == 15.0
    assert (calls["handled"], calls["handle_time"], calls["talk_time"]) == (10, 127.0, 100.0)
    assert (calls["hold_time"], calls["wrap_up_time"]) == (9.0, 18.0)
    assert (calls["transfers"], calls["transfer_share"]) == (1, 0.1)
    assert (calls["requeues"], calls["requeue_share"]) == (2, round(2 / 12, 6))
    assert (calls["first_contact"], calls["reopened"]) == (0.8, 1)
    assert (mail["first_response"], mail["service_level"], mail["merged"]) == (3600.0, 1.0, 1)
    assert (mail["open_at_end"], mail["open_over_30_days"]) == (2, 1)
    assert (chat["ratings"], chat["satisfaction"], chat["score"]) == (4, 0.75, 4.25)
    assert (every["received"], every["received_per_day"]) == (15, round(15 / 18, 2))
    assert (every["service_level"], every["offered"], every["at_desk"]) == (None, None, None)
    (whole,) = [row.figures for row in report().total if not row.channel]
    assert (whole["at_desk"], whole["worked"], whole["occupancy"]) == (1.5, 1.0, 0.75)
    assert rows["voice"].promised == "70% in 30 s"
    assert rows["mail"].promised == "90% in 2 days"


def test_every_figure_has_a_name_and_one_sentence_in_each_language() -> None:
    keys = [each.key for each in FIGURES]
    assert len(set(keys)) == len(keys)
    for texts in TEXTS.values():
        assert list(texts) == keys
        assert len({name for name, _ in texts.values()}) == len(keys)
        for _, definition in texts.values():
            assert definition.endswith(".")
            assert definition.count(". ") == 0
    assert {*SUMMARY, *(key for each in COLUMNS.values() for key in each)} <= set(keys)


# --- spreadsheets --------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD)
def test_no_cell_of_a_csv_is_a_formula(bad: str) -> None:
    lines = list(csv.reader(io.StringIO(csv_of(report(bad, By.WARD)).decode(), newline="")))
    assert lines[1][3] == f"'{bad}"
    for cell in (cell for line in lines[1:] for cell in line):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text(max_size=20))
def test_what_is_safe_is_left_as_it_is(text: str) -> None:
    assert safe(text).removeprefix("'") == text.removeprefix("'") or safe(text) == f"'{text}"
    assert safe(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("bad", BAD[:4])
def test_no_cell_of_a_workbook_is_a_formula(bad: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_of(report(bad, By.WARD))))
    cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert bad in [cell.value for cell in cells]


def test_a_workbook_has_numbers_where_there_are_numbers() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_of(report()))).worksheets[0]
    head, first = list(sheet.iter_rows(values_only=True))[:2]
    told = dict(zip(head, first, strict=True))
    assert (told["Received"], told["Service level"], told["formula"]) == (
        12,
        0.818182,
        "townline/1",
    )
    assert told["First response"] is None


# --- the page ------------------------------------------------------------------------------------


class Texts(HTMLParser):
    """All tags and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"style", "onload", "onclick"}

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def read(page: str) -> Texts:
    texts = Texts()
    texts.feed(page)
    return texts


def test_the_page_tells_each_section_with_definitions_and_the_period_before() -> None:
    page = read(page_of([report(by=by) for by in COUNCIL], report(), style="print.css"))
    for title in ("By channel", "By queue", "By category", "By ward", "Beside the period before"):
        assert title in page.texts
    assert "Town of Example" in page.texts
    assert TEXTS["en"]["first_contact"][1] in page.texts
    assert "By agent" not in page.texts
    assert not {"script", "style"} & set(page.tags)
    assert page.tags.count("table") == 5


def test_a_page_in_a_file_has_its_style_in_it() -> None:
    page = page_of([report(language="fr")], None)
    assert "@page" in page
    assert "<link" not in page
    assert "81,8\N{NO-BREAK SPACE}%" in page
    assert "Voirie" in page


def test_what_is_called_like_a_tag_is_text() -> None:
    page = page_of([report("<script>alert(1)</script>", By.WARD)], None, style="print.css")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "share", "–"),  # noqa: RUF001 the dash that stands for no figure
        (0, "count", "0"),
        (1234567, "count", "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"),
        (59.6, "seconds", "1:00"),
        (3725.0, "seconds", "1 h 02 min"),
        (0.125, "share", "12.5\N{NO-BREAK SPACE}%"),
    ],
)
def test_figures_are_shown_as_people_read_them(value: float, unit: str, text: str) -> None:
    assert shown(value, unit, "en") == text
