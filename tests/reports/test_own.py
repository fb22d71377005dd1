"""One's own figures are the report's rows of one agent, with what became of offers."""

from __future__ import annotations

from datetime import date

import pytest

from router.core.model import HOUR, MINUTE
from router.reports.definitions import TEXTS
from router.reports.facts import AtDesk, Facts, Handlings
from router.reports.own import OFFER_ENDINGS, own_of
from router.reports.periods import Kind, Period, period_with

TODAY = date(2026, 11, 23)
FACTS = Facts(
    handlings=[
        Handlings("amina", "voice", "closed", 2, 2, 6 * MINUTE, 0, 2 * MINUTE),
        Handlings("amina", "mail", "transferred", 1, 1, 4 * MINUTE, 0, 0),
    ],
    at_desk=[AtDesk("amina", 2 * HOUR, HOUR, 0), AtDesk("amina", 0, HOUR, 0)],
)


def test_the_last_row_is_of_all_channels_and_has_the_offers() -> None:
    own = own_of(FACTS, {"missed": 3, "accepted": 3}, "amina", TODAY, _today(), "en")
    assert [row.channel for row in own.rows] == ["voice", "mail", ""]
    voice, mail, whole = (row.figures for row in own.rows)
    assert (voice["handled"], voice["handle_time"], voice["wrap_up_time"]) == (2, 240, 60)
    assert (mail["handled"], mail["transfers"]) == (1, 1)
    assert (whole["handled"], whole["worked"], whole["ready"]) == (3, 2.0, 2.0)
    assert (whole["missed"], whole["declined"]) == (3, 0)
    assert "missed" not in voice


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_figure_is_defined_and_those_of_reports_as_reports_do(language: str) -> None:
    own = own_of(FACTS, {}, "amina", TODAY, _today(), language)
    named = {each.key: (each.name, each.definition) for each in own.definitions}
    assert set(named) == set(own.rows[-1].figures)
    assert all(named[key] == TEXTS[language][key] for key in set(named) - set(OFFER_ENDINGS))


def test_nobody_elses_rows_are_in_it() -> None:
    facts = FACTS._replace(handlings=[Handlings("boris", "voice", "closed", 1, 1, 1, 0, 0)])
    own = own_of(facts, {}, "amina", TODAY, _today(), "en")
    assert own.rows[-1].figures["handled"] == 0


def _today() -> Period:
    return period_with(Kind.DAY, TODAY)
