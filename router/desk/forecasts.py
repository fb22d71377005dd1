"""What is foreseen of a queue's calls, where its policy asks for it. Pure."""

from __future__ import annotations

from router.core.forecast import forecast
from router.core.model import Instant
from router.core.policy import Queue
from router.core.state import State
from router.desk.views_forecast import ForecastView


def forecast_view(state: State, rule: Queue, now: Instant) -> ForecastView | None:
    """Return what is foreseen; None where `at_risk` asks for no forecast."""
    by = rule.at_risk.forecast if rule.at_risk is not None else None
    if by is None:
        return None
    seen = forecast(state, now, rule, by.of)
    return ForecastView(
        of=by.of.value,
        level=None if seen.level is None else round(seen.level, 4),
        at_risk_below=by.enter,
        until=by.leave,
        counted_met=seen.counted.met,
        counted=seen.counted.looked_at,
        waiting=seen.waiting,
        in_time=seen.in_time,
        why=seen.said(),
    )
