"""What reports are made of: facts of a period, counted by the database, one line for each group.

`value` is what the line's group stands for: a queue, a ward ... as the report is made by. Spans are
nanoseconds, days ISO dates of the town, hours the town's time at which they begin, with its offset
from UTC: an hour that comes twice is two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from router.core.model import Span


class Results(NamedTuple):
    """Results that were counted for the service level."""

    value: str
    day: str
    queue: str
    channel: str
    result: str
    number: int
    waited: Span  # all together


class Received(NamedTuple):
    """Items that came in."""

    value: str
    channel: str
    number: int


class Ended(NamedTuple):
    """Items whose last end lies in the period."""

    value: str
    channel: str
    ending: str
    number: int
    handled: int  # of them, by an agent
    once: int  # handled once, never passed on, never reopened
    reopened: int


class Open(NamedTuple):
    """Items that were open when the period ended."""

    value: str | None  # None in a report by day or hour
    channel: str
    received_day: str
    number: int


class Handlings(NamedTuple):
    """Times that agents had an item, which ended in the period."""

    value: str
    channel: str
    ending: str
    number: int
    reached: int  # of them, with somebody on the line; the spans are theirs
    talked: Span
    held: Span
    noted: Span


class Ratings(NamedTuple):
    """What residents said of how it was, 1 to 5."""

    value: str
    channel: str
    score: int
    number: int


class AtDesk(NamedTuple):
    """Time of agents at their desks."""

    value: str | None  # None where time belongs to no group
    worked: Span
    ready: Span
    away: Span


class Promised(NamedTuple):
    """What a queue promises on a channel."""

    formula: str  # name and version
    share: float
    within: Span  # 0 of texts
    written: str  # of texts: the first response, as written


class Adopted(NamedTuple):
    """A promise, and since which day it holds."""

    queue: str
    channel: str
    day: str
    promised: Promised


class Facts(NamedTuple):
    """Everything that a report is made of."""

    results: Sequence[Results] = ()
    received: Sequence[Received] = ()
    ended: Sequence[Ended] = ()
    open: Sequence[Open] = ()
    handlings: Sequence[Handlings] = ()
    ratings: Sequence[Ratings] = ()
    at_desk: Sequence[AtDesk] = ()
    adopted: Sequence[Adopted] = ()  # oldest first
    # how things are called: (kind, id) -> language -> name; language "" = in every language
    names: Mapping[tuple[str, str], Mapping[str, str]] = {}
