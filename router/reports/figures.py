"""Every figure of a report: its unit, where it means something, and how it is made of sums.

Shares and means are made of added sums, never of other shares. A figure that nothing was counted
for is None, not zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from router.core.model import HOUR, SECOND
from router.reports.summing import Sums

Value = int | float | None
Compute = Callable[[Sums], Value]

# where a figure means something
ALL: Final = ""  # in each row
NO_AGENT: Final = "no-agent"  # not of agents
ONE_CHANNEL: Final = "one-channel"  # not of agents, and channels are never added up
AT_END: Final = "at-end"  # not of agents, and of the whole period only
AT_DESK: Final = "at-desk"  # of agents, days and hours, over all channels


class Figure(NamedTuple):
    """One figure; `definitions` has its texts."""

    key: str
    unit: str  # count | per_day | share | seconds | hours | score
    where: str
    of: Compute


def _count(key: str) -> Compute:
    return lambda sums: sums.counts[key]


def _share(part: str, *whole: str) -> Compute:
    def share(sums: Sums) -> Value:
        total = sum(sums.counts[each] for each in whole)
        return round(sums.counts[part] / total, 6) if total else None

    return share


def _mean(number: str, *spans: str, unit: int = SECOND) -> Compute:
    def mean(sums: Sums) -> Value:
        many, total = sums.counts[number], sum(sums.counts[each] for each in spans)
        return round(total / many / unit, 3) if many else None

    return mean


def _hours(*spans: str) -> Compute:
    return lambda sums: round(sum(sums.counts[each] for each in spans) / HOUR, 3)


def _per_day(sums: Sums) -> Value:
    return round(sums.counts["received"] / sums.days, 2) if sums.days else None


def _promised_share(sums: Sums) -> Value:
    shares = {each.share for each in sums.promises}
    return shares.pop() if len(shares) == 1 else None


FIGURES: Final = (
    Figure("received", "count", NO_AGENT, _count("received")),
    Figure("received_per_day", "per_day", NO_AGENT, _per_day),
    Figure("closed", "count", ALL, _count("ended_closed")),
    Figure("merged", "count", NO_AGENT, _count("ended_merged")),
    Figure("diverted", "count", NO_AGENT, _count("ended_diverted")),
    Figure("open_at_end", "count", AT_END, _count("open")),
    Figure("open_over_7_days", "count", AT_END, _count("open_7")),
    Figure("open_over_30_days", "count", AT_END, _count("open_30")),
    Figure("offered", "count", ONE_CHANNEL, _count("offered")),
    Figure("answered", "count", ONE_CHANNEL, _count("answered")),
    Figure("service_level", "share", ONE_CHANNEL, _share("met", "looked_at")),
    Figure("promised_share", "share", ONE_CHANNEL, _promised_share),
    Figure("answer_time", "seconds", ONE_CHANNEL, _mean("live_answered", "live_waited")),
    Figure("first_response", "seconds", ONE_CHANNEL, _mean("text_answered", "text_waited")),
    Figure("overdue", "count", ONE_CHANNEL, _count("overdue")),
    Figure("abandoned", "count", ONE_CHANNEL, _count("abandoned")),
    Figure("abandoned_at_once", "count", ONE_CHANNEL, _count("short")),
    Figure("abandoned_share", "share", ONE_CHANNEL, _share("abandoned", "stayed")),
    Figure("callbacks", "count", ONE_CHANNEL, _count("callback")),
    Figure("left_otherwise", "count", ONE_CHANNEL, _count("left")),
    Figure("handled", "count", ALL, _count("handled")),
    Figure("handle_time", "seconds", ALL, _mean("handled", "talked", "held", "noted")),
    Figure("talk_time", "seconds", ALL, _mean("handled", "talked")),
    Figure("hold_time", "seconds", ALL, _mean("handled", "held")),
    Figure("wrap_up_time", "seconds", ALL, _mean("handled", "noted")),
    Figure("transfers", "count", ALL, _count("transferred")),
    Figure("transfer_share", "share", ALL, _share("transferred", "handled")),
    Figure("requeues", "count", ALL, _count("returned")),
    Figure("requeue_share", "share", ALL, _share("returned", "accepted")),
    Figure("first_contact", "share", ALL, _share("first_contact", "closed_handled")),
    Figure("reopened", "count", ALL, _count("reopened")),
    Figure("ratings", "count", ALL, _count("ratings")),
    Figure("satisfaction", "share", ALL, _share("satisfied", "ratings")),
    Figure("score", "score", ALL, _mean("ratings", "score", unit=1)),
    Figure("at_desk", "hours", AT_DESK, _hours("worked", "ready", "away")),
    Figure("worked", "hours", AT_DESK, _hours("worked")),
    Figure("ready", "hours", AT_DESK, _hours("ready")),
    Figure("away", "hours", AT_DESK, _hours("away")),
    Figure("occupancy", "share", AT_DESK, _share("worked", "worked", "ready")),
)
