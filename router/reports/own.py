"""An agent's own figures of the day: those of a report by agent, and what became of their offers.

Figures and definitions are those of reports; only what nobody reports about others is defined here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from router.reports.choices import By
from router.reports.facts import Facts
from router.reports.figures import Value
from router.reports.periods import Period
from router.reports.report import Definition, Row, definitions, report_of
from router.reports.summing import ALL_CHANNELS

_OFFERS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "en": {
        "missed": ("Offers missed", "Offers that this desk showed and that nobody answered."),
        "declined": ("Offers declined", "Offers that you left to somebody else."),
    },
    "fr": {
        "missed": ("Offres manquées", "Offres montrées à ce poste et restées sans réponse."),
        "declined": ("Offres refusées", "Offres que vous avez laissées à quelqu'un d'autre."),
    },
}
OFFER_ENDINGS: Final = tuple(_OFFERS["en"])


class Own(msgspec.Struct, frozen=True):
    """See the module's text."""

    day: date
    definitions: tuple[Definition, ...]
    rows: tuple[Row, ...]  # one for each channel, the last one for all; none without facts


def own_of(
    facts: Facts, offers: Mapping[str, int], agent: str, today: date, period: Period, language: str
) -> Own:
    """Return the figures; `facts` are the agent's, `offers` count them by how they ended."""
    report = report_of(facts, period, By.AGENT, today, language)
    counted: dict[str, Value] = {ending: offers.get(ending, 0) for ending in OFFER_ENDINGS}
    rows = [row for row in report.rows if row.value == agent]
    return Own(
        day=today,
        definitions=(
            *definitions(language, By.AGENT),
            *(Definition(key, "count", *text) for key, text in _OFFERS[language].items()),
        ),
        rows=tuple(
            msgspec.structs.replace(row, figures=row.figures | counted)
            if row.channel == ALL_CHANNELS
            else row
            for row in rows
        ),
    )
