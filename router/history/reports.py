"""The facts of a period, counted by the database: a few queries over indexed rows.

Each query groups by the columns of its index up to the one that is asked for, in their order, so
that the database counts while it reads and sorts nothing; what that leaves apart is added up by
`router.reports.summing`. The day in the town that it is now follows from the latest policy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, Connection, Table, case, func, null, select

from router.core.model import SECOND
from router.history import report_tables as t
from router.history.database import Database
from router.ports import Clock
from router.reports import facts as f
from router.reports.choices import By
from router.reports.periods import Kind, Period, period_with
from router.reports.report import Report, report_of

# columns of each index that are grouped by, and after which of them each choice is known
_PLACE: Final = ("queue", "channel", "category", "ward")
_ENDED: Final = ("queue", "channel", "ending", "category", "ward", "agent")
_HANDLED: Final = ("queue", "channel", "unreached", "ending", "category", "ward")
_COUNTED: Final = ("queue", "channel", "result", "category", "ward")
_RATED: Final = ("queue", "channel", "category", "ward", "agent", "score")

Columns = Mapping[str, ColumnElement[Any]]


class Reports:
    """Makes reports. Errors: `StorageFailed`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, kind: Kind, day: date | None, by: By, language: str) -> Report:
        """Return the report of the period that holds the day; today's if none is given."""

        def made(connection: Connection) -> Report:
            today = self._today(connection)
            period = period_with(kind, day or today)
            return report_of(facts_of(connection, period, by), period, by, today, language)

        return await self._database.read(made)

    def _today(self, connection: Connection) -> date:
        table = t.report_policies
        latest = select(table.c.time_zone).order_by(table.c.adopted_at.desc()).limit(1)
        zone = ZoneInfo(connection.execute(latest).scalar() or "UTC")
        return datetime.fromtimestamp(self._clock.now() // SECOND, UTC).astimezone(zone).date()


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


def _results(connection: Connection, by: By, first: str, last: str) -> list[f.Results]:
    table = t.report_results.c
    columns = _upto(t.report_results, "day", _COUNTED, by, "result")
    query = (
        select(
            columns[by.value], columns["day"], columns["queue"], columns["channel"],
            columns["result"], func.count(), func.sum(table.waited),
        )
        .where(table.day.between(first, last))
        .group_by(*columns.values())
    )  # fmt: skip
    return [f.Results(*_whole(row)) for row in connection.execute(query)]


def _received(connection: Connection, by: By, first: str, last: str) -> list[f.Received]:
    columns = _upto(t.report_items, "received_day", _PLACE, by, "channel")
    query = (
        select(columns[by.value], columns["channel"], func.count())
        .where(t.report_items.c.received_day.between(first, last))
        .group_by(*columns.values())
    )
    return [f.Received(*row) for row in connection.execute(query)]


def _ended(connection: Connection, by: By, first: str, last: str) -> list[f.Ended]:
    table = t.report_items.c
    columns = _upto(t.report_items, "ended_day", _ENDED, by, "ending")
    handled, reopened = table.handlings > 0, table.reopened > 0
    once = (table.handlings == 1) & (table.passed_on == 0) & ~reopened
    query = (
        select(
            columns[by.value], columns["channel"], columns["ending"], func.count(),
            func.sum(_one_if(handled)), func.sum(_one_if(once)), func.sum(_one_if(reopened)),
        )
        .where(table.ended_day.between(first, last))
        .group_by(*columns.values())
    )  # fmt: skip
    return [f.Ended(*_whole(row)) for row in connection.execute(query)]


def _open(connection: Connection, by: By, last: str) -> list[f.Open]:
    """Two ranges of one index: what is open still, and what has ended since."""
    table = t.report_items.c
    columns = _upto(t.report_items, "ended_day", _ENDED, by, "channel")
    found = []
    for when in (table.ended_day == "", table.ended_day > last):
        query = (
            select(columns[by.value], columns["channel"], table.received_day, func.count())
            .where(when, table.received_day <= last)
            .group_by(*columns.values(), table.received_day)
        )
        found += [f.Open(*row) for row in connection.execute(query)]
    return found


def _handlings(connection: Connection, by: By, first: str, last: str) -> list[f.Handlings]:
    table = t.report_handlings.c
    known = ("agent", "channel", "unreached", "ending") if by is By.AGENT else _HANDLED
    columns = _upto(t.report_handlings, "day", known, by, "ending")
    query = (
        select(
            columns[by.value], columns["channel"], columns["unreached"] == 0, columns["ending"],
            func.count(), func.sum(table.talked), func.sum(table.held), func.sum(table.noted),
        )
        .where(table.day.between(first, last))
        .group_by(*columns.values())
    )  # fmt: skip
    return [f.Handlings(*_whole(row)) for row in connection.execute(query)]


def _ratings(connection: Connection, by: By, first: str, last: str) -> list[f.Ratings]:
    columns = _upto(t.report_ratings, "day", _RATED, by, "score")
    query = (
        select(columns[by.value], columns["channel"], columns["score"], func.count())
        .where(t.report_ratings.c.day.between(first, last))
        .group_by(*columns.values())
    )
    return [f.Ratings(*row) for row in connection.execute(query)]


def _at_desk(connection: Connection, by: By, first: str, last: str) -> list[f.AtDesk]:
    table = t.report_agents.c
    groups: dict[By, Column[Any]] = {By.AGENT: table.agent, By.DAY: table.day}
    value: ColumnElement[Any] = groups.get(by, null())
    sums = (func.sum(table.worked), func.sum(table.ready), func.sum(table.away))
    query = select(value, *sums).where(table.day.between(first, last))
    if by in groups:
        query = query.group_by(value)
    return [
        f.AtDesk(*_whole(row))
        for row in connection.execute(query)
        if row[1] is not None  # nobody was there
    ]


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


# --- pieces --------------------------------------------------------------------------------------


def _upto(table: Table, day: str, known: Sequence[str], by: By, least: str) -> Columns:
    """Return the columns to group by: of the index, up to what is asked for and `least`."""
    wanted = {least, by.value} & set(known)
    last = max(known.index(each) for each in wanted)
    return {"day": table.c[day], **{name: table.c[name] for name in known[: last + 1]}}


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _whole(row: Iterable[Any]) -> list[Any]:
    """Return the row with sums as integers; PostgreSQL makes decimals of them."""
    return [int(each) if isinstance(each, Decimal) else each for each in row]
