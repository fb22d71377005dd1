"""Checks that every queue opens: what is kept for a queue that never does is never looked at."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from router.core.hours import HORIZON_DAYS, next_open
from router.core.model import SECOND
from router.policy.compile_hours import compile_all_hours
from router.policy.compile_queues import merged
from router.policy.sources import Sources


def check_openings(sources: Sources, today: date) -> None:
    """Complain about queues whose hours have no opening within the horizon."""
    hours, queues, town = sources.hours.model, sources.queues.model, sources.town.model
    if hours is None or queues is None or town is None:
        return
    midnight = datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(town.time_zone))
    now = int(midnight.timestamp()) * SECOND
    try:
        compiled = compile_all_hours(hours, town.time_zone, today, "en")
    except NotImplementedError:
        return  # said elsewhere
    opens = {name: next_open(each, now) is not None for name, each in compiled.items()}
    for name, queue in queues.queues.items():
        used = merged(queue, queues.defaults)["hours"]
        if not opens.get(used, True):
            sources.queues.document.complain(
                ("queues", name),
                f"its hours {used!r} do not open once in {HORIZON_DAYS} days, so that nobody ever"
                " looks at what is kept for it; give it other hours, or give them an opening",
                at_key=True,
            )
