"""What history has of one agent's day: a few rows of today, whoever else works in the town."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from router.core.model import Instant
from router.core.service_level import day_in
from router.core.tallies import beginning_of
from router.history import report_tables as t
from router.history.presence import Presences
from router.history.report_rows import Presence
from router.history.tables import offers
from router.reports.facts import AtDesk


def at_desk_since(connection: Connection, agent: str, zone: ZoneInfo, now: Instant) -> list[AtDesk]:
    """Return the time at the desk that reports have not counted yet: since the last event."""
    table = t.report_presence
    row = connection.execute(select(table).where(table.c.agent == agent)).one_or_none()
    if row is None:
        return []
    presences = Presences([Presence(**row._mapping)], (), lambda instant: day_in(zone, instant))
    presences.count(agent, now)
    today = day_in(zone, now)
    return [
        AtDesk(agent, fact.worked, fact.ready, fact.away)
        for fact in presences.times.values()
        if fact.day == today
    ]


def offers_of(connection: Connection, agent: str, zone: ZoneInfo, today: date) -> dict[str, int]:
    """Return how many offers the agent was made today, by how they ended."""
    query = (
        select(offers.c.ending, func.count())
        .where(offers.c.agent == agent, offers.c.made_at >= beginning_of(zone, today))
        .group_by(offers.c.ending)
    )
    return {ending: count for ending, count in connection.execute(query)}
