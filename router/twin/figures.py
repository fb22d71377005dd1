"""From what became of everybody to figures: service level, waits, who gave up, how busy.

A tally is kept per queue, channel and quarter of an hour of the day (town-local), and tallies add
up. Shares and means are of all who came and whose end is known.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from router.core.formulas import LATE, SHORT, THRESHOLD, Formula, figure
from router.core.model import MINUTE, SECOND, AgentId, Channel, Instant, QueueId, Span
from router.twin.attention import Hands
from router.twin.contacts import LIVE, Presence
from router.twin.simulation import Ending, Result

QUARTER_MIN: Final = 15
QUARTER: Final[Span] = QUARTER_MIN * MINUTE
LONG: Final = (2 * MINUTE, 3 * MINUTE, 5 * MINUTE)  # waits that people tell others about


def answered_in_time(result: Result) -> bool:
    """Say whether a contact counts as good: answered within its target, of all that were offered.

    Who gave up or was sent away counts against it, however short the wait was.
    """
    in_time = result.target is None or result.waited <= result.target
    return result.ending is Ending.ANSWERED and in_time


def counted_as(result: Result) -> Iterator[str]:
    """Yield the results of `router.core.formulas` as which somebody who waits there counts."""
    if result.target is None:
        return
    late = LATE if result.waited >= result.target else ""
    if late:
        yield THRESHOLD
    ending = ENDINGS.get(result.ending)
    if ending is not None:
        is_short = result.ending is Ending.GAVE_UP and result.waited < result.short
        yield SHORT if is_short else ending + late


ENDINGS: Final = {
    Ending.ANSWERED: "answered",
    Ending.GAVE_UP: "abandoned",
    Ending.SENT_AWAY: "timeout",
}
FORMULA: Final = "answered in time / offered"


class Where(NamedTuple):
    """What a tally is about."""

    queue: QueueId
    channel: Channel
    quarter: int  # of the day, 0 = from midnight on


@dataclass(slots=True)
class Tally:
    """Counts and sums that add up."""

    offered: int = 0
    in_time: int = 0
    answered: int = 0
    gave_up: int = 0
    sent_away: int = 0
    waiting: int = 0  # when the run ended, and still in time: in no share
    waited_s: float = 0.0
    over_2_min: int = 0
    over_3_min: int = 0
    over_5_min: int = 0
    longest_s: float = 0.0
    results: Counter[str] = field(default_factory=Counter)  # of callers and chats, for formulas

    def add(self, other: Tally) -> None:
        """Add another's counts."""
        longest = max(self.longest_s, other.longest_s)
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.longest_s = longest


@dataclass(slots=True)
class Figures:
    """Of one replication."""

    tallies: dict[Where, Tally]
    busy: dict[AgentId, float]  # ns of work
    there: dict[AgentId, Span]

    @property
    def occupancy(self) -> float:
        """Return the share of their time for which agents worked."""
        there = sum(self.there.values())
        return sum(self.busy.values()) / there if there else math.nan


def figures_of(
    results: Iterable[Result],
    hands: Mapping[AgentId, Hands],
    presences: Iterable[Presence],
    zone: str,
) -> Figures:
    """Count one run; who works on after they were to go is there until that is done."""
    tallies, quarters = dict[Where, Tally](), dict[int, int]()
    for result in results:
        contact = result.contact
        slot = contact.at // QUARTER
        if slot not in quarters:
            quarters[slot] = local_quarter(contact.at, zone)
        where = Where(contact.queue, contact.channel, quarters[slot])
        _count(tallies.setdefault(where, Tally()), result)
    there: dict[AgentId, Span] = {}
    for presence in presences:
        there[presence.agent] = there.get(presence.agent, 0) + presence.end - presence.begin
    for agent, each in hands.items():
        if agent in there:
            there[agent] += each.over
    return Figures(tallies, {agent: each.busy for agent, each in hands.items()}, there)


def local_quarter(instant: Instant, zone: str) -> int:
    """Return in which quarter of an hour of the local day an instant lies."""
    local = datetime.fromtimestamp(instant // SECOND, UTC).astimezone(ZoneInfo(zone))
    return (local.hour * 60 + local.minute) // QUARTER_MIN


def _count(tally: Tally, result: Result) -> None:
    if not result.decided:
        tally.waiting += 1
        return
    tally.offered += 1
    if result.contact.channel in LIVE:
        tally.results.update(counted_as(result))
    tally.in_time += answered_in_time(result)
    tally.answered += result.ending is Ending.ANSWERED
    tally.gave_up += result.ending is Ending.GAVE_UP
    tally.sent_away += result.ending is Ending.SENT_AWAY
    tally.waited_s += result.waited / SECOND
    tally.over_2_min += result.waited > LONG[0]
    tally.over_3_min += result.waited > LONG[1]
    tally.over_5_min += result.waited > LONG[2]
    tally.longest_s = max(tally.longest_s, result.waited / SECOND)


def _share(name: str) -> Callable[[Tally], float]:
    return lambda tally: getattr(tally, name) / tally.offered if tally.offered else math.nan


MEASURES: Final[dict[str, Callable[[Tally], float]]] = {
    "service_level": _share("in_time"),
    "wait_mean_s": _share("waited_s"),
    "over_2_min": _share("over_2_min"),
    "over_3_min": _share("over_3_min"),
    "over_5_min": _share("over_5_min"),
    "longest_s": lambda tally: tally.longest_s if tally.offered else math.nan,
    "gave_up": _share("gave_up"),
    "sent_away": _share("sent_away"),
}


def level_by(formula: Formula) -> Callable[[Tally], float]:
    """Return what the formula makes of a tally; nan where nothing was counted."""

    def level(tally: Tally) -> float:
        found = figure(formula, tally.results).level
        return math.nan if found is None else found

    return level


def together(figures: Figures, holds: Callable[[Where], bool]) -> Tally:
    """Return the sum of the tallies for which `holds` is true."""
    total = Tally()
    for where, tally in figures.tallies.items():
        if holds(where):
            total.add(tally)
    return total
