"""The duty that reads the journal into the tables of reports, exactly once, at its own position.

Beside `HistoryFeeder`, because reports can be made again from the journal at any time, and words
and stories cannot be thrown away for that. The first time it reads all that the journal still has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete, select, tuple_

from router.core.events import AnyEvent, PolicyAdopted
from router.core.model import SECOND, PolicyHash, Span
from router.core.policy import Policy, decode
from router.core.service_level import day_in
from router.core.tallies import interval_of
from router.errors import StorageFailed
from router.history import report_tables as t
from router.history.database import Database
from router.history.pages import Numbered, Pages, Trouble
from router.history.report_ledger import FactLedger
from router.history.report_policies import formulas_of, latest_zone, names_of, promises_of
from router.history.report_rows import (
    AgentFact,
    HandlingFact,
    ItemFact,
    PolicyRow,
    Presence,
    RatingFact,
    ResultFact,
)
from router.history.report_sums import day_to_settle, settle, unsettle, unsettle_since
from router.history.upsert import upsert
from router.ports import Journal

# what is left of a journal that another one replaces: from when on it is made anew
_BEGUN: Final = (
    (t.report_items, "received_at"),
    (t.report_results, "counted_at"),
    (t.report_handlings, "began_at"),
    (t.report_ratings, "rated_at"),
    (t.report_agents, "interval"),
    (t.report_policies, "adopted_at"),
    (t.report_promises, "adopted_at"),
)


class ReportFeeder:
    """A `Duty`. Two of them at once do no harm: the slower one's page is rolled back."""

    name = "report-feeder"
    period: Span = SECOND

    def __init__(self, database: Database, journal: Journal, held: Callable[[], int] = int) -> None:
        """`held`: as of `Pages`."""
        self._database = database
        self._journal = journal
        self._policies: dict[PolicyHash, Policy] = {}  # that the page adopts
        self._pages = Pages(
            database,
            journal,
            t.report_feed,
            self._fold,
            held=held,
            prepare=self._prepare,
            begin=_begin,
        )
        self._trouble = Trouble("reports")

    async def __call__(self) -> None:
        """Bring the tables up to date. Errors: none of storage; they are logged once."""
        with self._trouble.told():
            if await self._pages.read():
                while (day := await self._database.read(day_to_settle)) is not None:
                    # each day by itself, so that lookups pass between two
                    await self._database.write(partial(settle, day=day))

    async def position(self) -> int:
        """Return the journal version up to which reports have read. Errors: `StorageFailed`."""
        return await self._pages.position()

    async def _prepare(self, events: Sequence[Numbered]) -> None:
        """Fetch the policies that the page adopts. Errors: `StorageFailed`."""
        adopted = {event.policy for _, event in events if isinstance(event, PolicyAdopted)}
        self._policies = {}
        for policy_hash in adopted:
            body = await self._journal.policy(policy_hash)
            if body is None:
                raise StorageFailed(f"policy {policy_hash} was adopted but is not stored")
            self._policies[policy_hash] = decode(body)

    def _fold(self, connection: Connection, events: Sequence[Numbered]) -> None:
        ledger = _ledger_for(connection, [event for _, event in events])
        before = [dict(rows) for rows in _rows_of(ledger)]
        for position, event in events:
            if isinstance(event, PolicyAdopted):
                self._adopt(connection, ledger, event)
            ledger.fold(position, event)
        days: set[str] = set()
        for table, old, new in zip(_TABLES, before, _rows_of(ledger), strict=True):
            changed = [key for key, row in new.items() if old.get(key) is not row]
            upsert(connection, table, [new[key] for key in changed])
            for row in (rows[key] for rows in (old, new) for key in changed if key in rows):
                days |= {getattr(row, name, "") for name in _DAYS}
        unsettle(connection, days)

    def _adopt(self, connection: Connection, ledger: FactLedger, event: PolicyAdopted) -> None:
        policy = self._policies[event.policy]
        ledger.zone = ZoneInfo(policy.time_zone)
        row = PolicyRow(event.at, event.policy, policy.time_zone)
        upsert(connection, t.report_policies, [row])
        promises = promises_of(policy, event.at, day_in(ledger.zone, event.at))
        upsert(connection, t.report_promises, promises)
        upsert(connection, t.report_names, names_of(policy))
        upsert(connection, t.report_formulas, formulas_of())


_DAYS: Final = ("day", "received_day", "ended_day")  # on which facts count

_TABLES: Final[tuple[Table, ...]] = (
    t.report_items,
    t.report_results,
    t.report_handlings,
    t.report_ratings,
    t.report_presence,
    t.report_agents,
)


def _rows_of(ledger: FactLedger) -> tuple[dict[Any, Any], ...]:
    """Return the rows, as they stand in `_TABLES`."""
    return (
        ledger.items,
        ledger.results,
        ledger.handlings,
        ledger.ratings,
        ledger.presences.rows,
        ledger.presences.times,
    )


def _begin(connection: Connection, first: AnyEvent) -> None:
    """Make everything anew that the journal tells from its beginning on."""
    unsettle_since(connection, day_in(latest_zone(connection), first.at))
    connection.execute(delete(t.report_presence))
    for table, column in _BEGUN:
        since = interval_of(first.at) if column == "interval" else first.at
        connection.execute(delete(table).where(table.c[column] >= since))


def _ledger_for(connection: Connection, events: Iterable[AnyEvent]) -> FactLedger:
    """Return what is stored of the items that the events are about, and of all agents."""
    ids = {getattr(event, "item", "") or "" for event in events} - {""}
    presences = _read(connection, t.report_presence, Presence)
    counted = [(row.agent, interval_of(row.since)) for row in presences]
    table = t.report_agents
    times = select(table).where(tuple_(table.c.agent, table.c.interval).in_(counted))
    return FactLedger(
        latest_zone(connection),
        _read(connection, t.report_items, ItemFact, "id", ids),
        _read(connection, t.report_results, ResultFact, "item", ids),
        _read(connection, t.report_handlings, HandlingFact, "item", ids),
        _read(connection, t.report_ratings, RatingFact, "item", ids),
        presences,
        [AgentFact(**row._mapping) for row in connection.execute(times)],
    )


def _read(
    connection: Connection,
    table: Table,
    kind: Callable[..., Any],
    column: str = "",
    values: Collection[str] = (),
) -> list[Any]:
    query = select(table)
    if column:
        query = query.where(table.c[column].in_(values))
    return [kind(**row._mapping) for row in connection.execute(query)]
