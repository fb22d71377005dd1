"""Facts of a day added up, so that a report of a month reads sums and not a million rows.

A day whose facts have changed is unsettled: reports count its facts themselves, by the statement
that settling stores the result of. So sums are never a second truth: they are thrown away and made
again, and what is told is the same before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Label,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy import String as Text

from router.core.model import HOUR, Instant
from router.core.text_level import CHANNELS_OF_TEXTS
from router.history import report_tables as t
from router.history.upsert import insert_missing

PLACE: Final = ("queue", "channel", "category", "ward")
BY_AGENT: Final = ("channel", "agent")
GROUPS: Final = (*PLACE, "agent")
SUMS: Final = ("sum_a", "sum_b", "sum_c", "sum_d")

HOUR_BEGAN: Final = "hour"  # the column of `by_hour`

Sum = ColumnElement[Any]


class Summed(NamedTuple):
    """How facts of one kind are added up."""

    table: Table
    day: Column[str]
    at: Sum  # on that day: the instant at which it counts
    groups: tuple[str, ...]  # of GROUPS; the others stay empty
    name: ColumnElement[str] | None = None  # what is told apart besides
    sums: tuple[Sum, ...] = ()  # at most as many as SUMS
    only: ColumnElement[bool] | None = None


def _one_if(condition: ColumnElement[bool]) -> Sum:
    return case((condition, 1), else_=0)


_I, _R, _H = t.report_items.c, t.report_results.c, t.report_handlings.c
_S, _A = t.report_ratings.c, t.report_agents.c
# calls and chats when they got in line, texts when it came true: as their days are
_TEXTS: Final = _R.channel.in_(sorted(each.value for each in CHANNELS_OF_TEXTS))
_RESULTED: Final = case((_TEXTS, _R.counted_at), else_=_R.interval)
_ONCE: Final = and_(_I.handlings == 1, _I.passed_on == 0, _I.reopened == 0)
_REACHED: Final = _H.unreached == 0
_ENDED: Final = (_one_if(_I.handlings > 0), _one_if(_ONCE), _one_if(_I.reopened > 0))
_HANDLED: Final = (
    _one_if(_REACHED),
    *(case((_REACHED, each), else_=0) for each in (_H.talked, _H.held, _H.noted)),
)
_SCORE: Final = cast(_S.score, Text(1))
_TIMES: Final = tuple(_A[each] for each in ("worked", "ready", "away"))

RECEIVED: Final = "received"
ENDED: Final = "ended"
ENDED_BY: Final = "ended-by"
RESULT: Final = "result"
HANDLED: Final = "handled"
HANDLED_BY: Final = "handled-by"
RATED: Final = "rated"
RATED_BY: Final = "rated-by"
AT_DESK: Final = "at-desk"

SUMMED: Final[dict[str, Summed]] = {
    RECEIVED: Summed(t.report_items, _I.received_day, _I.received_at, PLACE),
    ENDED: Summed(t.report_items, _I.ended_day, _I.ended_at, PLACE, _I.ending, _ENDED),
    ENDED_BY: Summed(
        t.report_items, _I.ended_day, _I.ended_at, BY_AGENT, _I.ending, _ENDED, _I.agent != ""
    ),
    RESULT: Summed(t.report_results, _R.day, _RESULTED, PLACE, _R.result, (_R.waited,)),
    HANDLED: Summed(t.report_handlings, _H.day, _H.ended_at, PLACE, _H.ending, _HANDLED),
    HANDLED_BY: Summed(t.report_handlings, _H.day, _H.ended_at, BY_AGENT, _H.ending, _HANDLED),
    RATED: Summed(t.report_ratings, _S.day, _S.rated_at, PLACE, _SCORE),
    RATED_BY: Summed(t.report_ratings, _S.day, _S.rated_at, BY_AGENT, _SCORE),
    AT_DESK: Summed(t.report_agents, _A.day, _A.interval, ("agent",), None, _TIMES),
}


def summed(kind: str, first: str, last: str, agent: str = "") -> Subquery:
    """Return the sums of the days from first to last, of settled days and of the others.

    `agent`: of this one alone, where facts of the kind are told apart by agent.

    Shape: the columns of `report_sums`, without `kind`; a group may have several rows.
    """
    stored, how = t.report_sums.c, SUMMED[kind]
    unsettled = select(t.report_unsettled.c.day).where(
        t.report_unsettled.c.day.between(first, last)
    )
    columns = [stored[name] for name in ("day", *GROUPS, "name", "number", *SUMS)]
    settled = select(*columns).where(
        stored.kind == kind, stored.day.between(first, last), stored.day.not_in(unsettled)
    )
    when: ColumnElement[bool] = how.day.in_(unsettled)
    if agent:
        settled = settled.where(stored.agent == agent)
        when = and_(when, how.table.c.agent == agent)
    return union_all(settled, _count(how, when)).subquery()


def by_hour(kind: str, day: str, began: Instant) -> Subquery:
    """Return the sums of one day, which began at the instant, with the hours apart; never stored.

    Shape: that of `summed`, and `HOUR_BEGAN`, the instant at which the hour began. All facts of the
    day are counted: a day is little beside a month.
    """
    how = SUMMED[kind]
    hour = began + (how.at - began) // HOUR * HOUR
    return _count(how, how.day == day, hour.label(HOUR_BEGAN)).subquery()


def day_to_settle(connection: Connection) -> str | None:
    """Return the oldest day that is unsettled, but for the newest; None when there is none.

    The newest is today, or as good as: its facts still change.
    """
    days = select(t.report_unsettled.c.day).order_by(t.report_unsettled.c.day).limit(2)
    found = list(connection.execute(days).scalars())
    return found[0] if len(found) == 2 else None


def settle(connection: Connection, day: str) -> None:
    """Add up the day; harmless twice."""
    connection.execute(delete(t.report_sums).where(t.report_sums.c.day == day))
    columns = ["kind", "day", *GROUPS, "name", "number", *SUMS]
    for kind, how in SUMMED.items():
        rows = _count(how, how.day == day).subquery()
        query = select(literal(kind), *rows.c)
        connection.execute(insert(t.report_sums).from_select(columns, query))
    connection.execute(delete(t.report_unsettled).where(t.report_unsettled.c.day == day))


def unsettle(connection: Connection, days: Iterable[str]) -> None:
    """Have these days added up again; "" is no day."""
    insert_missing(
        connection, t.report_unsettled, [{"day": day} for day in sorted(set(days) - {""})]
    )


def unsettle_since(connection: Connection, day: str) -> None:
    """Have all days from this one on added up again."""
    stored = t.report_sums.c.day
    days = select(stored).where(stored >= day).distinct()
    unsettle(connection, [day, *connection.execute(days).scalars()])


def _count(how: Summed, when: ColumnElement[bool], *apart: Label[Any]) -> Select[*tuple[Any, ...]]:
    """Return the statement that adds facts up, with the columns of `summed` and what is apart."""
    empty, nothing = literal(""), literal(0)
    groups = [how.table.c[name] if name in how.groups else empty for name in GROUPS]
    name = empty if how.name is None else how.name
    sums: list[Sum] = [func.sum(each) for each in how.sums]
    sums += [nothing] * (len(SUMS) - len(sums))
    labels = (*GROUPS, "name", "number", *SUMS)
    columns = (*groups, name, func.count(), *sums)
    query = select(
        how.day.label("day"),
        *(c.label(label) for c, label in zip(columns, labels, strict=True)),
        *apart,
    ).where(when)
    if how.only is not None:
        query = query.where(how.only)
    grouped: list[Sum] = [how.table.c[name] for name in how.groups]
    grouped += [] if how.name is None else [how.name]
    # by name: PostgreSQL does not see that two statements with parameters are one
    return query.group_by(how.day, *grouped, *(literal_column(each.name) for each in apart))
