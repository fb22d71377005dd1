"""A report: rows of figures for a period, by what they were asked for, with all definitions.

Shape: a row for each group and channel, one for the group over all channels, and the same for all
groups together. Figures of waiting stand in rows of one channel only: channels are never added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from router.core.model import SECOND, Channel
from router.reports.choices import By
from router.reports.definitions import TEXTS
from router.reports.facts import Facts, Promised
from router.reports.figures import (
    AT_DESK,
    AT_END,
    FIGURES,
    NO_AGENT,
    ONE_CHANNEL,
    Figure,
    Value,
)
from router.reports.formulas import formula_told
from router.reports.periods import Period
from router.reports.phrases import CHANNELS, PHRASES
from router.reports.summing import ALL_CHANNELS, Place, Sums, sums_of, together

_NOT_OF_AGENTS: Final = frozenset({NO_AGENT, ONE_CHANNEL, AT_END})
_OF_TIME: Final = frozenset({By.DAY, By.HOUR})
_KEEPS_TIME: Final = _OF_TIME | {By.AGENT}
_ORDER: Final = [*(each.value for each in Channel), ALL_CHANNELS]


class Definition(msgspec.Struct, frozen=True):
    """What a figure is."""

    key: str
    unit: str  # count | per_day | share | seconds | hours | score
    name: str
    definition: str


class Row(msgspec.Struct, frozen=True):
    """The figures of one group on one channel."""

    # id of the queue, category, agent; the ward, channel, day, begin of the hour; None = all
    value: str | None
    name: str
    channel: str  # "" = all
    channel_name: str
    formulas: tuple[str, ...]  # of the service level; none where it is not told
    promised: str  # "70 % in 30 s", where it is one and the same
    figures: dict[str, Value]


class Report(msgspec.Struct, frozen=True):
    """See the module's text. Spans are seconds or hours, shares 0..1."""

    period: str  # 2026-11-18, 2026-W47 or 2026-11
    kind: str
    first: date
    last: date
    by: By
    language: str
    town: str
    is_over: bool  # the last day has ended
    definitions: tuple[Definition, ...]
    formulas: dict[str, str]  # of the service levels told here: name and version -> definition
    rows: tuple[Row, ...]
    total: tuple[Row, ...]


def definitions(language: str, by: By | None = None) -> tuple[Definition, ...]:
    """Return what the figures are; only those that there are by agent, say, if `by` is given."""
    texts = TEXTS[language]
    return tuple(
        Definition(each.key, each.unit, *texts[each.key])
        for each in FIGURES
        if by is None or _is_told(each, by)
    )


def report_of(facts: Facts, period: Period, by: By, today: date, language: str) -> Report:
    """Return the report of the period; `today` is the day in the town, `language` en or fr."""
    groups = together(sums_of(facts, period, today), period.begun_days(today))
    told = [each for each in FIGURES if _is_told(each, by)]
    names = _Names(facts.names, by, language)
    rows = [_row(place, sums, told, by, names) for place, sums in _sorted(groups, by)]
    used = sorted({formula for row in rows for formula in row.formulas})
    return Report(
        period=period.name,
        kind=period.kind.value,
        first=period.first,
        last=period.last,
        by=by,
        language=language,
        town=names.town(),
        is_over=period.last < today,
        definitions=definitions(language, by),
        formulas={each: formula_told(each, language) for each in used},
        rows=tuple(row for row in rows if row.value is not None),
        total=tuple(row for row in rows if row.value is None),
    )


def _is_told(figure: Figure, by: By) -> bool:
    return not (by is By.AGENT and figure.where in _NOT_OF_AGENTS)


def _sorted(groups: Mapping[Place, Sums], by: By) -> list[tuple[Place, Sums]]:
    """Return the groups in order, all together last; a channel is not told over all channels."""
    found = [
        (place, sums)
        for place, sums in groups.items()
        if by is not By.CHANNEL or place[0] is None or place[1] != ALL_CHANNELS
    ]

    def place_in_order(each: tuple[Place, Sums]) -> tuple[bool, str, int]:
        value, channel = each[0]
        shown_at = _instant(value) if by is By.HOUR and value else value or ""
        return value is None, shown_at, _ORDER.index(channel)

    return sorted(found, key=place_in_order)


def _instant(hour: str) -> str:
    """Return the hour's begin so that text sorts as time does, when the clocks go back, too."""
    return datetime.fromisoformat(hour).astimezone(UTC).isoformat()


def _row(place: Place, sums: Sums, told: Sequence[Figure], by: By, names: _Names) -> Row:
    value, channel = place
    level = channel != ALL_CHANNELS and by is not By.AGENT
    return Row(
        value=value,
        name=names.of(value),
        channel=channel,
        channel_name=names.phrase("all_channels") if channel == "" else names.channel(channel),
        formulas=tuple(sorted(sums.formulas)) if level else (),
        promised=_promised(sums.promises, names.phrase("promise")) if level else "",
        figures={each.key: _value(each, place, sums, by) for each in told},
    )


def _value(figure: Figure, place: Place, sums: Sums, by: By) -> Value:
    value, channel = place
    if figure.where == ONE_CHANNEL and channel == ALL_CHANNELS:
        return None
    if figure.where == AT_END and value is not None and by in _OF_TIME:
        return None
    if figure.where == AT_DESK and (
        channel != ALL_CHANNELS or (value is not None and by not in _KEEPS_TIME)
    ):
        return None
    return figure.of(sums)


def _promised(promises: Iterable[Promised], phrase: str) -> str:
    texts = {
        phrase.format(each.share, each.written or f"{each.within // SECOND} s")
        for each in promises
        if each.written or each.within
    }
    return texts.pop() if len(texts) == 1 else ""


class _Names:
    """How groups are called."""

    def __init__(
        self, names: Mapping[tuple[str, str], Mapping[str, str]], by: By, language: str
    ) -> None:
        self._names = names
        self._by = by
        self._language = language

    def of(self, value: str | None) -> str:
        if value is None:
            return self.phrase("all")
        if not value:
            return self.phrase("none")
        if self._by is By.CHANNEL:
            return self.channel(value)
        if self._by is By.HOUR:
            return f"{datetime.fromisoformat(value):%H:%M}"
        return self._called(self._names.get((self._by.value, value), {}), value)

    def channel(self, channel: str) -> str:
        return CHANNELS[self._language].get(channel, channel)

    def phrase(self, key: str) -> str:
        return PHRASES[self._language][key]

    def town(self) -> str:
        towns = [texts for (kind, _), texts in self._names.items() if kind == "town"]
        return self._called(towns[-1], "") if towns else ""

    def _called(self, texts: Mapping[str, str], otherwise: str) -> str:
        own = texts.get(self._language) or texts.get("")
        return own or next(iter(texts.values()), otherwise)
