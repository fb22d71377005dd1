"""Opening hours: is it open, since which rule, and when does that change?

Decides for one instant, in this order: emergency, dated override, holiday, weekly closed, open.
All dates are expanded when a policy is compiled; nothing here knows a calendar of holidays.

* A range belongs to the local date on which it starts, also where it runs past midnight. An
  override or holiday replaces the ranges that start on its date. A date that is closed altogether
  is closed from its first minute, so what ran into it from the evening before is cut at midnight;
  an ordinary weekday without ranges cuts nothing.
* Local times become UTC with the zone's rules: a time that the clock jumps over is the instant of
  the jump; of a time that occurs twice a start takes the first and an end the second.
* Where several overrides cover a date, the shortest period wins, then the closed one, then the
  one written first.

Never asks for the time and never changes anything but its own memo.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

_SECOND: Final = 1_000_000_000
HORIZON_DAYS: Final = 400  # hours that stay as they are for so long are said never to change
HORIZON: Final = HORIZON_DAYS * 86_400 * _SECOND
_CALENDARS_MAX: Final = 256
_DAYS_MAX: Final = 2_000  # memo of one calendar; more than the horizon, or it would be useless


class Range(msgspec.Struct, frozen=True):
    """Open from `start` to before `end`, in minutes after local midnight; past 1440 = next day."""

    start: int  # 0 <= start < end
    end: int  # <= 2880

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= 2880:
            raise ValueError(
                f"range {self.start}-{self.end}: want 0 <= start < end <= 2880 minutes"
            )


class Override(msgspec.Struct, frozen=True):
    """Other hours on every date from `first` to `last`, both included; no ranges = closed."""

    first: str  # ISO date
    last: str  # ISO date
    ranges: tuple[Range, ...] = ()
    reason: str = ""


class Hours(msgspec.Struct, frozen=True):
    """Compiled hours of one place."""

    id: str
    time_zone: str  # IANA name
    weekly: tuple[tuple[Range, ...], ...]  # seven entries, Monday first
    holidays: dict[str, str] = {}  # ISO date -> name of the holiday
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError(f"hours {self.id!r}: want 7 weekdays, found {len(self.weekly)}")


class Emergency(msgspec.Struct, frozen=True):
    """Somebody closed, or forced open, by hand; it ends by itself at `until`."""

    closed: bool  # True = closed, False = forced open
    since: int  # Instant
    until: int | None = None  # Instant, excluded; None = until it is taken back
    reason: str = ""


class Standing(msgspec.Struct, frozen=True):
    """What holds at one instant."""

    is_open: bool
    rule: str  # emergency | override | holiday | closed | open
    reason: str  # name of the holiday, reason of the override or emergency; "" otherwise
    changes_at: int | None  # next Instant at which one of the above differs; None = not in sight


def standing(hours: Hours, now: int, emergency: Emergency | None = None) -> Standing:
    """What holds at `now`, and until when.

    Shape: an emergency counts from `since` to before `until`; one that is still to come bounds
        `changes_at`, one that is over is ignored.
    """
    if emergency is not None and (emergency.until is None or now < emergency.until):
        if emergency.since <= now:
            return Standing(not emergency.closed, "emergency", emergency.reason, emergency.until)
        usual = calendar_of(hours).standing(now)
        if emergency.until is None or emergency.since < emergency.until:
            changes = usual.changes_at
            begins = emergency.since if changes is None else min(changes, emergency.since)
            return msgspec.structs.replace(usual, changes_at=begins)
        return usual
    return calendar_of(hours).standing(now)


def next_open(hours: Hours, now: int, emergency: Emergency | None = None) -> int | None:
    """The first instant >= `now` at which it is open; None = not in sight."""
    return _first(hours, now, emergency, is_open=True)


def next_close(hours: Hours, now: int, emergency: Emergency | None = None) -> int | None:
    """The first instant >= `now` at which it is closed; None = not in sight."""
    return _first(hours, now, emergency, is_open=False)


def open_intervals(hours: Hours, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Every opening within [start, end), cut to it; emergencies do not count.

    Shape: half-open pairs of instants, ascending, never touching; nothing when end <= start.
    """
    calendar = calendar_of(hours)
    day = calendar.day_of(start)
    since: int | None = None
    till = start
    while calendar.midnight(day) < end:
        for span in calendar.spans(day):
            begin, stop = max(span.start, start), min(span.end, end)
            if begin >= stop or not span.is_open:
                continue
            if since is None or begin > till:
                if since is not None:
                    yield since, till
                since = begin
            till = stop
        day += 1
    if since is not None:
        yield since, till


def local_date(hours: Hours, now: int) -> date:
    """The date at the place of these hours."""
    return date.fromordinal(calendar_of(hours).day_of(now))


def openings_of(hours: Hours, day: date) -> tuple[tuple[int, int], ...]:
    """The openings that start on this local date, to their ends, even past midnight.

    Shape: half-open pairs of instants, ascending, never touching; () on a closed date.
    """
    return calendar_of(hours).own(day.toordinal())


def _first(hours: Hours, now: int, emergency: Emergency | None, *, is_open: bool) -> int | None:
    at = now
    while True:
        holds = standing(hours, at, emergency)
        if holds.is_open == is_open:
            return at
        if holds.changes_at is None or holds.changes_at > now + HORIZON:
            return None
        at = holds.changes_at


class _DayRule(NamedTuple):
    ranges: tuple[Range, ...]
    opened: str  # name of the rule while it is open
    closed: str  # name of the rule while it is closed
    reason: str

    @property
    def shuts(self) -> bool:
        """Closed by declaration for the whole date, so that nothing runs into it."""
        return not self.ranges and self.closed != "closed"


class _Span(NamedTuple):
    start: int
    end: int
    is_open: bool
    rule: str
    reason: str


class Calendar:
    """One Hours laid out day by day, as far as anybody asked; days are proleptic ordinals."""

    def __init__(self, hours: Hours) -> None:
        self.hours = hours  # holding it keeps its id() from being used again
        self._zone = ZoneInfo(hours.time_zone)
        periods = [
            (date.fromisoformat(o.first).toordinal(), date.fromisoformat(o.last).toordinal(), o)
            for o in hours.overrides
        ]
        self._overrides = sorted(periods, key=lambda p: (p[1] - p[0], bool(p[2].ranges)))
        self._midnights: dict[int, int] = {}
        self._own: dict[int, tuple[tuple[int, int], ...]] = {}
        self._spans: dict[int, tuple[_Span, ...]] = {}
        self._standings: dict[int, tuple[Standing, ...]] = {}
        self._recent: tuple[int, int, Standing] | None = None

    def standing(self, now: int) -> Standing:
        recent = self._recent
        if recent is not None and recent[0] <= now < recent[1]:
            return recent[2]
        day = self.day_of(now)
        spans = self.spans(day)
        at = bisect_right(spans, now, key=lambda span: span.start) - 1
        found = self._standings_of(day)[at]
        self._recent = (spans[at].start, spans[at].end, found)
        return found

    def day_of(self, now: int) -> int:
        """The day whose [midnight, next midnight) holds `now`."""
        day = datetime.fromtimestamp(now // _SECOND, self._zone).toordinal()
        # Where clocks go back across midnight the date shown repeats; the day does not.
        while now >= self.midnight(day + 1):
            day += 1
        return day

    def midnight(self, day: int) -> int:
        found = self._midnights.get(day)
        if found is None:
            found = self._midnights[day] = self._instant(day, 0, fold=0)
        return found

    def own(self, day: int) -> tuple[tuple[int, int], ...]:
        """Openings of the ranges that start on this day, merged, cut where a closed date begins."""
        found = self._own.get(day)
        if found is None:
            found = self._own[day] = self._openings(day)
        return found

    def _openings(self, day: int) -> tuple[tuple[int, int], ...]:
        limit = self.midnight(day + 1) if self._rule(day + 1).shuts else None
        merged: list[tuple[int, int]] = []
        for span in sorted(self._rule(day).ranges, key=lambda r: (r.start, r.end)):
            start = self._instant(day, span.start, fold=0)
            end = self._instant(day, span.end, fold=1)
            end = end if limit is None else min(end, limit)
            if start >= end:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return tuple(merged)

    def spans(self, day: int) -> tuple[_Span, ...]:
        """The day without gaps, from midnight to midnight; () for a date the zone skipped."""
        found = self._spans.get(day)
        if found is None:
            if len(self._spans) >= _DAYS_MAX:
                self._spans.clear()
                self._standings.clear()
                self._own.clear()
                self._midnights.clear()
            found = self._spans[day] = self._lay_out(day)
        return found

    def _lay_out(self, day: int) -> tuple[_Span, ...]:
        begin, end = self.midnight(day), self.midnight(day + 1)
        rule, before = self._rule(day), self._rule(day - 1)
        openings = [(s, e, rule) for s, e in self.own(day)]  # first, because they name the rule
        openings += [(s, e, before) for s, e in self.own(day - 1)]
        cuts = {begin, end} | {t for s, e, _ in openings for t in (s, e) if begin < t < end}
        spans: list[_Span] = []
        edges = sorted(cuts)
        for start, stop in pairwise(edges):
            by = next((r for s, e, r in openings if s <= start < e), None)
            if by is not None:
                span = _Span(start, stop, True, by.opened, by.reason)
            else:
                span = _Span(start, stop, False, rule.closed, rule.reason)
            if spans and spans[-1][2:] == span[2:]:
                span = span._replace(start=spans.pop().start)
            spans.append(span)
        return tuple(spans)

    def _standings_of(self, day: int) -> tuple[Standing, ...]:
        found = self._standings.get(day)
        if found is None:
            spans = self.spans(day)
            changes = [span.end for span in spans[:-1]] + [self._next_change(day, spans[-1])]
            found = self._standings[day] = tuple(
                Standing(span.is_open, span.rule, span.reason, change)
                for span, change in zip(spans, changes, strict=True)
            )
        return found

    def _next_change(self, day: int, last: _Span) -> int | None:
        for ahead in range(day + 1, day + 1 + HORIZON_DAYS):
            for span in self.spans(ahead):
                if span[2:] != last[2:]:
                    return span.start
        return None

    def _rule(self, day: int) -> _DayRule:
        for first, last, override in self._overrides:
            if first <= day <= last:
                return _DayRule(override.ranges, "override", "override", override.reason)
        on = date.fromordinal(day)
        holiday = self.hours.holidays.get(on.isoformat())
        if holiday is not None:
            return _DayRule((), "holiday", "holiday", holiday)
        return _DayRule(self.hours.weekly[on.weekday()], "open", "closed", "")

    def _instant(self, day: int, minute: int, *, fold: int) -> int:
        """The UTC instant of a local time; `fold` picks the first or second of two."""
        wall = datetime.fromordinal(day) + timedelta(minutes=minute)
        second = int(wall.replace(tzinfo=self._zone, fold=fold).timestamp())
        if self._at(second).replace(tzinfo=None) != wall:
            second = self._jump_over(wall)
        return second * _SECOND

    def _jump_over(self, wall: datetime) -> int:
        """The second at which the clock jumps over this local time, which does not exist."""
        late = int(wall.replace(tzinfo=self._zone, fold=0).timestamp())  # by the offset before
        early = int(wall.replace(tzinfo=self._zone, fold=1).timestamp())  # by the offset after
        new = self._at(late).utcoffset()
        seconds = range(early, late)
        return early + bisect_left(seconds, True, key=lambda s: self._at(s).utcoffset() == new)

    def _at(self, second: int) -> datetime:
        return datetime.fromtimestamp(second, UTC).astimezone(self._zone)


# By identity, because Hours holds a dict and cannot be hashed; a policy's hours live as long as it.
_calendars: dict[int, Calendar] = {}


def calendar_of(hours: Hours) -> Calendar:
    """The one calendar of these hours; what depends on them alone can be remembered by it."""
    found = _calendars.get(id(hours))
    if found is None:
        if len(_calendars) >= _CALENDARS_MAX:
            del _calendars[next(iter(_calendars))]
        found = _calendars[id(hours)] = Calendar(hours)
    return found
