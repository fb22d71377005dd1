"""How long agents worked, were ready and were away, by quarters of an hour.

Pure: rows in, rows out. `Presences` holds how each agent stands; what happens to one counts the
time until then. Time that nobody ran counts for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from router.core import events as e
from router.core.model import AgentStatus, Instant
from router.core.tallies import INTERVAL, interval_of
from router.history.report_rows import AgentFact, Presence

_AT_DESK: Final = {AgentStatus.AVAILABLE.value: "ready", AgentStatus.AWAY.value: "away"}

DayOf = Callable[[Instant], str]


class Presences:
    """Begins with every agent's row, and that of the quarter of an hour up to which it counts."""

    def __init__(self, rows: Iterable[Presence], times: Iterable[AgentFact], day_of: DayOf) -> None:
        self.rows = {row.agent: row for row in rows}
        self.times = {(row.agent, row.interval): row for row in times}
        self._day_of = day_of

    def fold(self, event: e.Event) -> None:
        """Take in that agents come, go, choose a status or were there all the time."""
        match event:
            case e.AgentSignedIn():
                if self._of(event.agent, event.at).status == AgentStatus.OFFLINE.value:
                    self._set(event.agent, event.at, AgentStatus.AWAY)
            case e.AgentSignedOut():
                self._set(event.agent, event.at, AgentStatus.OFFLINE)
            case e.AgentStatusSet() if not event.after_item:
                self._set(event.agent, event.at, event.status)
            case e.LeasesRenewed():
                for agent in event.agents:  # so that today's report is a quarter of an hour old
                    since = self._of(agent, event.at).since
                    if interval_of(since) != interval_of(event.at):
                        self.count(agent, event.at)
            case e.ServiceResumed():
                for known in list(self.rows):
                    row = self.count(known, event.since)
                    self.rows[known] = replace(row, since=event.at)

    def take(self, agent: str, at: Instant) -> None:
        """The agent has one more item in hand."""
        row = self.count(agent, at)
        self.rows[agent] = replace(row, in_hand=row.in_hand + 1)

    def let_go(self, agent: str, at: Instant) -> None:
        """The agent has one item less in hand."""
        row = self.count(agent, at)
        self.rows[agent] = replace(row, in_hand=max(0, row.in_hand - 1))

    def _of(self, agent: str, at: Instant) -> Presence:
        return self.rows.get(agent) or Presence(agent, AgentStatus.OFFLINE.value, 0, at)

    def _set(self, agent: str, at: Instant, status: AgentStatus) -> None:
        self.rows[agent] = replace(self.count(agent, at), status=status.value)

    def count(self, agent: str, until: Instant) -> Presence:
        """Count the time up to then for what the agent did; return how they stand."""
        row = self._of(agent, until)
        kind = _AT_DESK.get(row.status, "")
        begin = row.since
        while kind and begin < until:
            end = min(until, interval_of(begin) + INTERVAL)
            self._add(agent, interval_of(begin), "worked" if row.in_hand else kind, end - begin)
            begin = end
        self.rows[agent] = replace(row, since=max(row.since, until))
        return self.rows[agent]

    def _add(self, agent: str, interval: Instant, kind: str, span: int) -> None:
        key = (agent, interval)
        row = self.times.get(key) or AgentFact(agent, interval, self._day_of(interval))
        self.times[key] = replace(row, **{kind: getattr(row, kind) + span})
