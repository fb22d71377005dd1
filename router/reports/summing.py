"""From facts of a period to sums of each group: the one place where facts are added up.

A service level is made of counts by the formula that was in force when the fact's day ended; what
several queues and days have is added up as met and looked at, never as a share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from router.core.formulas import (
    DEFAULT,
    DEFAULT_OF_TEXTS,
    FORMULAS,
    GONE,
    LATE,
    SHORT,
    THRESHOLD,
    ended,
    figure,
    offered,
)
from router.core.text_level import CHANNELS_OF_TEXTS
from router.reports.facts import Adopted, Facts, Promised
from router.reports.periods import Period

ALL_CHANNELS: Final = ""
_TEXTS: Final = frozenset(each.value for each in CHANNELS_OF_TEXTS)
_AGES: Final = {"open_7": 7, "open_30": 30}  # more than so many days before the last one
CLOSED: Final = "closed"
SATISFIED: Final = 4  # from this score on

Place = tuple[str | None, str]  # what a group stands for, None = all of them; its channel


class Sums:
    """What was added up for one group; `days` of the period have begun."""

    def __init__(self, days: int) -> None:
        self.days = days
        self.counts: Counter[str] = Counter()
        self.formulas: set[str] = set()
        self.promises: set[Promised] = set()

    def add(self, other: Sums) -> None:
        """Add another group's sums."""
        self.counts.update(other.counts)
        self.formulas |= other.formulas
        self.promises |= other.promises


def sums_of(facts: Facts, period: Period, today: date) -> dict[Place, Sums]:
    """Return the sums of each group on each channel; at-desk time stands with `ALL_CHANNELS`."""
    days = period.begun_days(today)
    groups: defaultdict[Place, Sums] = defaultdict(lambda: Sums(days))
    _add_results(groups, facts)
    for value, channel, count in facts.received:
        groups[value, channel].counts["received"] += count
    _add_ended(groups, facts)
    for each in facts.open:
        counts = groups[each.value, each.channel].counts
        counts["open"] += each.number
        for name, age in _AGES.items():
            if date.fromisoformat(each.received_day) + timedelta(age) < period.last:
                counts[name] += each.number
    _add_handlings(groups, facts)
    for value, channel, score, count in facts.ratings:
        more = {"ratings": count, "score": score * count}
        more["satisfied"] = count if score >= SATISFIED else 0
        groups[value, channel].counts.update(more)
    for time in facts.at_desk:
        more = {"worked": time.worked, "ready": time.ready, "away": time.away}
        groups[time.value, ALL_CHANNELS].counts.update(more)
    return dict(groups)


def together(groups: Mapping[Place, Sums], days: int) -> dict[Place, Sums]:
    """Return the groups, each over all channels as well, and all groups together."""
    found: defaultdict[Place, Sums] = defaultdict(lambda: Sums(days))
    for (value, channel), sums in groups.items():
        for place in {(v, c) for v in (value, None) for c in (channel, ALL_CHANNELS)}:
            found[place].add(sums)
    return dict(found)


def promises_by_place(adopted: Iterable[Adopted]) -> dict[tuple[str, str], list[Adopted]]:
    """Return each queue's and channel's promises, newest first."""
    found: defaultdict[tuple[str, str], list[Adopted]] = defaultdict(list)
    for each in adopted:
        found[each.queue, each.channel].insert(0, each)
    return dict(found)


def in_force(adopted: Iterable[Adopted], day: str, channel: str) -> Promised:
    """Return what was promised when the day ended; of a queue without one, the default formula."""
    for each in adopted:
        if each.day <= day:
            return each.promised
    formula = DEFAULT_OF_TEXTS if channel in _TEXTS else DEFAULT
    return Promised(formula.id, 0.0, 0, "")


def _add_results(groups: defaultdict[Place, Sums], facts: Facts) -> None:
    promises = promises_by_place(facts.adopted)
    counts: defaultdict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for value, day, queue, channel, result, count, waited in facts.results:
        counts[value, channel, queue, day][result] += count
        if result.removesuffix(LATE) == "answered":
            kind = "text" if channel in _TEXTS else "live"
            more = {f"{kind}_answered": count, f"{kind}_waited": waited}
            groups[value, channel].counts.update(more)
    for (value, channel, queue, day), found in counts.items():
        promised = in_force(promises.get((queue, channel), ()), day, channel)
        sums, made = groups[value, channel], figure(FORMULAS[promised.formula], found)
        abandoned = found["abandoned"] + found["abandoned-late"]
        sums.formulas.add(promised.formula)
        sums.promises.add(promised)
        sums.counts.update(
            {
                "met": made.met,
                "looked_at": made.looked_at,
                "offered": offered(found),
                "stayed": offered(found) - found[SHORT],
                "answered": ended(found, "answered"),
                "short": found[SHORT],
                "abandoned": abandoned,
                "callback": ended(found, "callback"),
                "left": sum(ended(found, each) for each in GONE),
                "overdue": found[THRESHOLD] if channel in _TEXTS else 0,
            }
        )


def _add_ended(groups: defaultdict[Place, Sums], facts: Facts) -> None:
    for value, channel, ending, number, handled, once, reopened in facts.ended:
        counts = groups[value, channel].counts
        counts[f"ended_{ending}"] += number
        if ending == CLOSED:
            more = {"closed_handled": handled, "first_contact": once, "reopened": reopened}
            counts.update(more)


def _add_handlings(groups: defaultdict[Place, Sums], facts: Facts) -> None:
    for each in facts.handlings:
        counts = groups[each.value, each.channel].counts
        counts["accepted"] += each.number
        counts["transferred"] += each.number * (each.ending == "transferred")
        counts["returned"] += each.number * (each.ending == "returned")
        more = {"talked": each.talked, "held": each.held, "noted": each.noted}
        counts.update({"handled": each.reached, **more})
