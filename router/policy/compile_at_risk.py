"""Compiles `at_risk` of queues.yaml: by the first caller's wait, or by what is foreseen."""

from __future__ import annotations

from router.core.policy_service_level import Promise
from router.core.policy_waiting import AtRisk, Forecast
from router.policy.models_steps import AtRiskShape


def compile_at_risk(shape: AtRiskShape | None, promise: Promise) -> AtRisk | None:
    """Return when a queue that promises this to its callers is at risk; None: is not measured."""
    if shape is None:
        return None
    if shape.forecast is None:
        enter, leave = round(shape.enter * promise.within), round(shape.leave * promise.within)
        return AtRisk(enter=enter, leave=leave)
    below = promise.share if shape.below is None else shape.below
    until = (1 + below) / 2 if shape.until is None else shape.until
    return AtRisk(enter=0, leave=0, forecast=Forecast(of=shape.forecast, enter=below, leave=until))
