"""The facts of a period, counted by the database: a few queries over sums and indexed rows.

Which day it is in the town follows from the latest policy that reports have read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, null, select

from router.core.service_level import day_in
from router.history import report_tables as t
from router.history.database import Database
from router.history.report_own import at_desk_since, offers_of
from router.history.report_policies import latest_zone
from router.history.report_sums import (
    AT_DESK,
    ENDED,
    ENDED_BY,
    HANDLED,
    HANDLED_BY,
    RATED,
    RATED_BY,
    RECEIVED,
    RESULT,
    SUMS,
    summed,
)
from router.ports import Clock
from router.reports import facts as f
from router.reports.choices import By
from router.reports.own import Own, own_of
from router.reports.periods import Kind, Period, period_with
from router.reports.report import Report, report_of

Group = ColumnElement[Any]


class Reports:
    """Makes reports. Errors: `StorageFailed`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, kind: Kind, day: date | None, by: By, language: str) -> Report:
        """Return the report of the period that holds the day; today's if none is given."""

        def made(connection: Connection) -> Report:
            today = date.fromisoformat(day_in(latest_zone(connection), self._clock.now()))
            period = period_with(kind, day or today)
            return report_of(facts_of(connection, period, by), period, by, today, language)

        return await self._database.read(made)

    async def own(self, agent: str, language: str) -> Own:
        """Return an agent's own figures of today, time at the desk up to now."""

        def made(connection: Connection) -> Own:
            zone, now = latest_zone(connection), self._clock.now()
            today = date.fromisoformat(day_in(zone, now))
            period = period_with(Kind.DAY, today)
            facts = own_facts(connection, period, agent)
            time = [*facts.at_desk, *at_desk_since(connection, agent, zone, now)]
            offers = offers_of(connection, agent, zone, today)
            facts = facts._replace(at_desk=time)
            return own_of(facts, offers, agent, today, period, language)

        return await self._database.read(made)


def own_facts(connection: Connection, period: Period, agent: str) -> f.Facts:
    """Return one agent's facts of the period, by agent."""
    first, last = period.first.isoformat(), period.last.isoformat()
    return f.Facts(
        ended=_ended(connection, By.AGENT, first, last, agent),
        handlings=_handlings(connection, By.AGENT, first, last, agent),
        ratings=_ratings(connection, By.AGENT, first, last, agent),
        at_desk=_at_desk(connection, By.AGENT, first, last, agent),
    )


def facts_of(connection: Connection, period: Period, by: By) -> f.Facts:
    """Return the period's facts, grouped as the report is made by."""
    first, last = period.first.isoformat(), period.last.isoformat()
    of_agents = by is By.AGENT
    return f.Facts(
        results=() if of_agents else _results(connection, by, first, last),
        received=() if of_agents else _received(connection, by, first, last),
        ended=_ended(connection, by, first, last),
        open=() if of_agents else _open(connection, by, last),
        handlings=_handlings(connection, by, first, last),
        ratings=_ratings(connection, by, first, last),
        at_desk=_at_desk(connection, by, first, last),
        adopted=_adopted(connection),
        names=_names(connection),
    )


# --- queries -------------------------------------------------------------------------------------


def _counted(
    connection: Connection,
    kind: str,
    groups: Sequence[str],
    sums: int,
    first: str,
    last: str,
    agent: str = "",
) -> Iterator[list[Any]]:
    """Yield for each group what it is, how many facts it has, and so many of `SUMS` of them."""
    rows = summed(kind, first, last, agent).c
    apart = [rows[name] for name in groups]
    added = [func.sum(rows[name]) for name in ("number", *SUMS[:sums])]
    for row in connection.execute(select(*apart, *added).group_by(*_apart(apart))):
        yield _whole(row)


def _results(connection: Connection, by: By, first: str, last: str) -> list[f.Results]:
    groups = (by.value, "day", "queue", "channel", "name")
    return [f.Results(*row) for row in _counted(connection, RESULT, groups, 1, first, last)]


def _received(connection: Connection, by: By, first: str, last: str) -> list[f.Received]:
    groups = (by.value, "channel")
    return [f.Received(*row) for row in _counted(connection, RECEIVED, groups, 0, first, last)]


def _ended(connection: Connection, by: By, first: str, last: str, agent: str = "") -> list[f.Ended]:
    kind = ENDED_BY if by is By.AGENT else ENDED
    groups = (by.value, "channel", "name")
    return [f.Ended(*row) for row in _counted(connection, kind, groups, 3, first, last, agent)]


def _open(connection: Connection, by: By, last: str) -> list[f.Open]:
    """What is open still, and what has ended since: two ranges of one index."""
    table = t.report_items.c
    # how it was after each day is not asked
    kept: list[Group] = [] if by is By.DAY else [table[by.value]]
    groups = [*kept, table.channel, table.received_day]
    found = []
    for when in (table.ended_day == "", table.ended_day > last):
        query = (
            select(*(kept or [null()]), table.channel, table.received_day, func.count())
            .where(when, table.received_day <= last)
            .group_by(*_apart(groups))
        )
        found += [f.Open(*_whole(row)) for row in connection.execute(query)]
    return found


def _handlings(
    connection: Connection, by: By, first: str, last: str, agent: str = ""
) -> list[f.Handlings]:
    kind = HANDLED_BY if by is By.AGENT else HANDLED
    groups = (by.value, "channel", "name")
    return [f.Handlings(*row) for row in _counted(connection, kind, groups, 4, first, last, agent)]


def _ratings(
    connection: Connection, by: By, first: str, last: str, agent: str = ""
) -> list[f.Ratings]:
    kind = RATED_BY if by is By.AGENT else RATED
    found = _counted(connection, kind, (by.value, "channel", "name"), 0, first, last, agent)
    return [f.Ratings(value, channel, int(score), n) for value, channel, score, n in found]


def _at_desk(
    connection: Connection, by: By, first: str, last: str, agent: str = ""
) -> list[f.AtDesk]:
    rows = summed(AT_DESK, first, last, agent).c
    sums = (func.sum(rows.sum_a), func.sum(rows.sum_b), func.sum(rows.sum_c))
    if by in (By.AGENT, By.DAY):
        query = select(rows[by.value], *sums).group_by(rows[by.value])
    else:
        query = select(null(), *sums).having(func.count() > 0)
    return [f.AtDesk(*_whole(row)) for row in connection.execute(query)]


def _adopted(connection: Connection) -> list[f.Adopted]:
    table = t.report_promises
    return [
        f.Adopted(
            row.queue, row.channel, row.day,
            f.Promised(row.formula, row.share, row.within, row.written),
        )
        for row in connection.execute(select(table).order_by(table.c.adopted_at))
    ]  # fmt: skip


def _names(connection: Connection) -> Mapping[tuple[str, str], Mapping[str, str]]:
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for kind, id_, language, name in connection.execute(select(t.report_names)):
        found[kind, id_][language] = name
    return dict(found)


def _apart(columns: Sequence[Group]) -> list[Group]:
    """Return the columns to group by, each once: what is asked for may be one of the others.

    What is asked for comes last: the sums come in order of the others, nearly sorted.
    """
    return list(dict.fromkeys((*columns[1:], columns[0])))


def _whole(row: Iterable[Any]) -> list[Any]:
    """Return the row with sums as integers; PostgreSQL makes decimals of them."""
    return [int(each) if isinstance(each, Decimal) else each for each in row]
