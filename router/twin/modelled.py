"""From a traffic file to demand: weekdays and times of day become instants of the town's zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from router.core.hours import Hours, Range, openings_of
from router.core.model import SECOND, AgentId, Instant, QueueId
from router.core.policy import Policy
from router.policy.clock_times import DAY_MIN
from router.policy.models_traffic import (
    ContactsShape,
    Spread,
    StaffShiftShape,
    TimesShape,
    TrafficFile,
)
from router.twin.contacts import LIVE
from router.twin.demand import Demand, Duty, Kind, Piece, Times, without

Spans = list[tuple[Instant, Instant]]


def demand_of(traffic: TrafficFile, policy: Policy, days: int) -> Demand:
    """Return what comes on `days` days from the file's first day on, and who is there.

    Shape: the file has been held against this policy.
    """
    dates = [traffic.first_day + timedelta(days=ahead) for ahead in range(days)]
    hours = [policy.hours[queue.hours] for queue in policy.queues.values()]
    working = [day for day in dates if any(openings_of(each, day) for each in hours)]
    return Demand(
        begin=_instant(hours[0], dates[0], 0),
        end=_instant(hours[0], dates[-1] + timedelta(days=1), 0),
        days=days,
        kinds=tuple(
            _kind(name, each, traffic, policy, dates) for name, each in traffic.contacts.items()
        ),
        duties=tuple(
            duty for shift in traffic.shifts for duty in _duties(shift, hours[0], working)
        ),
        no_shows=traffic.no_shows,
    )


def _kind(
    name: str, each: ContactsShape, traffic: TrafficFile, policy: Policy, dates: list[date]
) -> Kind:
    hours = policy.hours[policy.queues[QueueId(each.queue)].hours]
    weights = traffic.profiles.get(each.profile, {0: 1.0})
    pieces = [
        piece for day in dates for piece in _pieces(each, weights, hours, day, _expected(each, day))
    ]
    return Kind(
        name=name,
        queue=QueueId(each.queue),
        channel=each.channel,
        languages=tuple(each.languages.items()) or ((policy.languages[0].id, 1.0),),
        pieces=tuple(pieces),
        handling=_times(each.handling),
        patience=None if each.patience is None else _times(each.patience),
        attention=each.attention,
    )


def _expected(each: ContactsShape, day: date) -> float:
    return next((count for days, count in each.a_day.items() if day.weekday() in days), 0.0)


def _pieces(
    each: ContactsShape, weights: dict[int, float], hours: Hours, day: date, expected: float
) -> Iterator[Piece]:
    """Yield the day's pieces, which together expect the day's contacts."""
    whole: Spans = [(_instant(hours, day, 0), _instant(hours, day, DAY_MIN))]
    spans = list(openings_of(hours, day)) if each.channel in LIVE else whole
    weighted = [
        (begin, end, weight)
        for first, last, weight in _weighted(weights, hours, day)
        for begin, end in ((max(first, one), min(last, other)) for one, other in spans)
        if begin < end and weight
    ]
    total = sum((end - begin) * weight for begin, end, weight in weighted)
    for begin, end, weight in sorted(weighted):
        yield Piece(begin, end, expected * (end - begin) * weight / total)


def _weighted(
    weights: dict[int, float], hours: Hours, day: date
) -> Iterator[tuple[Instant, Instant, float]]:
    edges = sorted(weights)
    for edge, end in zip(edges, [*edges[1:], DAY_MIN], strict=True):
        yield _instant(hours, day, edge), _instant(hours, day, end), weights[edge]


def _duties(shift: StaffShiftShape, hours: Hours, working: list[date]) -> Iterator[Duty]:
    for day in working:
        if day.weekday() in shift.days:
            breaks = _spans(hours, day, shift.breaks)
            spans = [
                part
                for work in _spans(hours, day, shift.work)
                for part in without(work, [each for each in breaks if work[0] <= each[0] < work[1]])
            ]
            for agent in shift.agents:
                yield Duty(AgentId(agent), day.isoformat(), tuple(spans))


def _spans(hours: Hours, day: date, ranges: tuple[Range, ...]) -> Spans:
    return [(_instant(hours, day, each.start), _instant(hours, day, each.end)) for each in ranges]


def _instant(hours: Hours, day: date, minute: int) -> Instant:
    """Return the instant of a local time; 1440 and more lie on the next day."""
    wall = datetime.combine(day, time(), ZoneInfo(hours.time_zone)) + timedelta(minutes=minute)
    return int(wall.timestamp()) * SECOND


def _times(shape: TimesShape) -> Times:
    deviation = shape.deviation if shape.spread is Spread.LOGNORMAL else 0.0
    return Times(float(shape.mean_s), deviation)
