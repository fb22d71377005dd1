"""The facts of a period, counted by the database: a few queries over sums and indexed rows.

Which day it is in the town follows from the latest policy that reports have read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Subquery, func, null, select

from router.core.model import SECOND, Instant
from router.core.service_level import day_in
from router.core.tallies import beginning_of
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
    by_hour,
    summed,
)
from router.ports import Clock
from router.reports import facts as f
from router.reports.choices import By
from router.reports.own import Own, own_of
from router.reports.periods import Kind, period_with
from router.reports.report import Report, report_of

Group = ColumnElement[Any]
_OF_TIME: Final = (By.DAY, By.HOUR)


class Asked(NamedTuple):
    """What is asked for: facts of these days, both included, grouped so."""

    by: By
    first: str
    last: str
    zone: ZoneInfo  # of the town
    agent: str = ""  # of this one alone, by agent

    def sums(self, kind: str) -> Subquery:
        """Return the sums, with a column that is called like what they are grouped by."""
        if self.by is not By.HOUR:
            return summed(kind, self.first, self.last, self.agent)
        return by_hour(kind, self.first, beginning_of(self.zone, date.fromisoformat(self.first)))

    def called(self, value: Any) -> Any:
        """Return what a group stands for as `facts` have it."""
        return _local(value, self.zone) if self.by is By.HOUR and value is not None else value


class Reports:
    """Makes reports. Errors: `StorageFailed`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, kind: Kind, day: date | None, by: By, language: str) -> Report:
        """Return the report of the period that holds the day; today's if none is given.

        By hour there is a day's alone: see `may_be_by`.
        """

        def made(connection: Connection) -> Report:
            zone = latest_zone(connection)
            today = date.fromisoformat(day_in(zone, self._clock.now()))
            period = period_with(kind, day or today)
            asked = Asked(by, period.first.isoformat(), period.last.isoformat(), zone)
            return report_of(facts_of(connection, asked), period, by, today, language)

        return await self._database.read(made)

    async def own(self, agent: str, language: str) -> Own:
        """Return an agent's own figures of today, time at the desk up to now."""

        def made(connection: Connection) -> Own:
            zone, now = latest_zone(connection), self._clock.now()
            today = date.fromisoformat(day_in(zone, now))
            period = period_with(Kind.DAY, today)
            asked = Asked(By.AGENT, period.first.isoformat(), period.last.isoformat(), zone, agent)
            facts = own_facts(connection, asked)
            time = [*facts.at_desk, *at_desk_since(connection, agent, zone, now)]
            offers = offers_of(connection, agent, zone, today)
            facts = facts._replace(at_desk=time)
            return own_of(facts, offers, agent, today, period, language)

        return await self._database.read(made)


def own_facts(connection: Connection, asked: Asked) -> f.Facts:
    """Return one agent's facts of the period, by agent."""
    return f.Facts(
        ended=_ended(connection, asked),
        handlings=_handlings(connection, asked),
        ratings=_ratings(connection, asked),
        at_desk=_at_desk(connection, asked),
    )


def facts_of(connection: Connection, asked: Asked) -> f.Facts:
    """Return the period's facts, grouped as the report is made by."""
    of_agents = asked.by is By.AGENT
    return f.Facts(
        results=() if of_agents else _results(connection, asked),
        received=() if of_agents else _received(connection, asked),
        ended=_ended(connection, asked),
        open=() if of_agents else _open(connection, asked),
        handlings=_handlings(connection, asked),
        ratings=_ratings(connection, asked),
        at_desk=_at_desk(connection, asked),
        adopted=_adopted(connection),
        names=_names(connection),
    )


# --- queries -------------------------------------------------------------------------------------


def _counted(
    connection: Connection, asked: Asked, kind: str, groups: Sequence[str], sums: int
) -> Iterator[list[Any]]:
    """Yield for each group what it is, how many facts it has, and so many of `SUMS` of them.

    What it stands for comes first, then what else the facts are told apart by.
    """
    rows = asked.sums(kind).c
    apart = [rows[name] for name in (asked.by.value, *groups)]
    added = [func.sum(rows[name]) for name in ("number", *SUMS[:sums])]
    for row in connection.execute(select(*apart, *added).group_by(*_apart(apart))):
        value, *others = _whole(row)
        yield [asked.called(value), *others]


def _results(connection: Connection, asked: Asked) -> list[f.Results]:
    groups = ("day", "queue", "channel", "name")
    return [f.Results(*row) for row in _counted(connection, asked, RESULT, groups, 1)]


def _received(connection: Connection, asked: Asked) -> list[f.Received]:
    return [f.Received(*row) for row in _counted(connection, asked, RECEIVED, ("channel",), 0)]


def _ended(connection: Connection, asked: Asked) -> list[f.Ended]:
    kind = ENDED_BY if asked.by is By.AGENT else ENDED
    return [f.Ended(*row) for row in _counted(connection, asked, kind, ("channel", "name"), 3)]


def _open(connection: Connection, asked: Asked) -> list[f.Open]:
    """What is open still, and what has ended since: two ranges of one index."""
    table = t.report_items.c
    # how it was after each day or hour is not asked
    kept: list[Group] = [] if asked.by in _OF_TIME else [table[asked.by.value]]
    groups = [*kept, table.channel, table.received_day]
    found = []
    for when in (table.ended_day == "", table.ended_day > asked.last):
        query = (
            select(*(kept or [null()]), table.channel, table.received_day, func.count())
            .where(when, table.received_day <= asked.last)
            .group_by(*_apart(groups))
        )
        found += [f.Open(*_whole(row)) for row in connection.execute(query)]
    return found


def _handlings(connection: Connection, asked: Asked) -> list[f.Handlings]:
    kind = HANDLED_BY if asked.by is By.AGENT else HANDLED
    groups = ("channel", "name")
    return [f.Handlings(*row) for row in _counted(connection, asked, kind, groups, 4)]


def _ratings(connection: Connection, asked: Asked) -> list[f.Ratings]:
    kind = RATED_BY if asked.by is By.AGENT else RATED
    found = _counted(connection, asked, kind, ("channel", "name"), 0)
    return [f.Ratings(value, channel, int(score), n) for value, channel, score, n in found]


def _at_desk(connection: Connection, asked: Asked) -> list[f.AtDesk]:
    rows = asked.sums(AT_DESK).c
    sums = (func.sum(rows.sum_a), func.sum(rows.sum_b), func.sum(rows.sum_c))
    if asked.by in (By.AGENT, *_OF_TIME):
        group = rows[asked.by.value]
        query = select(group, *sums).group_by(group)
    else:
        query = select(null(), *sums).having(func.count() > 0)
    found = (_whole(row) for row in connection.execute(query))
    return [f.AtDesk(asked.called(value), *spans) for value, *spans in found]


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


def _local(instant: Instant, zone: ZoneInfo) -> str:
    """Return the town's time of the instant, as in 2026-11-23T08:00-05:00."""
    return datetime.fromtimestamp(instant // SECOND, zone).isoformat(timespec="minutes")
