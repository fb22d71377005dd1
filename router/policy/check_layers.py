"""Checks the services: at every instant of the horizon exactly one layer answers.

Walks over the openings of all layers in order of time, so that the first instant at which nobody
or more than one answers is named, holidays and changes of the clock included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.core.hours import HORIZON_DAYS, Hours, open_intervals
from router.core.model import SECOND, Instant
from router.policy.compile_hours import compile_all_hours
from router.policy.complaints import unknown
from router.policy.models_flows import ServiceNode
from router.policy.models_layers import LayerShape
from router.policy.sources import Sources

_SHOWN: Final = "%a %Y-%m-%d %H:%M"


def check_layers(sources: Sources, today: date) -> None:
    """Complain about the first gap and the first overlap of each service."""
    _check_exits(sources)
    part, town = sources.hours, sources.town.model
    if part.model is None or town is None or not part.model.services or not part.whole:
        return
    shape, zone = part.model, ZoneInfo(town.time_zone)
    try:
        hours = compile_all_hours(shape, town.time_zone, today, "en")
    except NotImplementedError:
        return  # said elsewhere
    start = _instant(datetime(today.year, today.month, today.day, tzinfo=zone))
    end = _instant(
        datetime(today.year, today.month, today.day, tzinfo=zone) + timedelta(days=HORIZON_DAYS)
    )
    for name, layers in shape.services.items():
        if any(each not in hours for layer in layers for each in layer.hours):
            continue  # said elsewhere
        told: set[bool] = set()
        for since, until, who in _answering(hours, layers, start, end):
            if len(who) == 1 or bool(who) in told:
                continue
            told.add(bool(who))
            span = f"from {_local(since, zone)} until {_local(until, zone)}"
            message = (
                f"{' and '.join(who)} both answer {span}; let the hours of one end there"
                if who
                else f"nobody answers {span}; let the hours of one layer cover it"
            )
            part.document.complain(("services", name), message, at_key=True)


def _check_exits(sources: Sources) -> None:
    """Complain about `service` nodes that leave a layer without a way, or name one too many."""
    services = sources.hours.model.services if sources.hours.model is not None else {}
    for flow in sources.flows.values():
        for name, node in flow.model.nodes.items() if flow.model is not None else ():
            if not isinstance(node, ServiceNode) or node.service not in services:
                continue
            layers = dict.fromkeys(each.layer for each in services[node.service])
            path = ("nodes", name, "exits")
            for missing in (each for each in layers if each not in node.exits):
                message = f"layer {missing!r} of the service leads nowhere; name its node here"
                flow.document.complain(path, message, at_key=True)
            for each in node.exits:
                if each not in layers:
                    message = unknown("layer", each, layers)
                    flow.document.complain((*path, each), message, at_key=True)


def _answering(
    hours: dict[str, Hours], layers: list[LayerShape], start: Instant, end: Instant
) -> Iterator[tuple[Instant, Instant, tuple[str, ...]]]:
    """Yield (since, until, who answers), without gaps, over [start, end)."""
    changes: list[tuple[Instant, int, str]] = []
    for layer in layers:
        for name in layer.hours:
            for since, until in open_intervals(hours[name], start, end):
                changes += [(since, 1, layer.layer), (until, -1, layer.layer)]
    open_now = dict.fromkeys((layer.layer for layer in layers), 0)
    at = start
    for instant, step, name in sorted(changes):
        if instant > at:
            yield at, instant, tuple(each for each, count in open_now.items() if count)
            at = instant
        open_now[name] += step
    if at < end:
        yield at, end, tuple(each for each, count in open_now.items() if count)


def _instant(moment: datetime) -> Instant:
    return int(moment.timestamp()) * SECOND


def _local(instant: Instant, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant // SECOND, zone).strftime(_SHOWN)
