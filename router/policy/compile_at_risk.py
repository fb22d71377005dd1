"""Compiles `at_risk` of queues.yaml: by the wait of the first in line, or by what is foreseen."""

from __future__ import annotations

from collections.abc import Mapping

from router.core.model import Channel
from router.core.policy_service_level import Promise
from router.core.policy_waiting import AtRisk, Forecast
from router.policy.models_steps import AtRiskShape


def compile_at_risk(
    shape: AtRiskShape | None, promised: Mapping[Channel, Promise]
) -> AtRisk | None:
    """Return when a queue that promises this is at risk; None: is not measured."""
    if shape is None:
        return None
    calls, chats = promised[Channel.VOICE], promised[Channel.CHAT]
    foreseen = _forecast(shape, calls)
    return AtRisk(
        enter=round(shape.enter * calls.within) if foreseen is None else 0,
        leave=round(shape.leave * calls.within) if foreseen is None else 0,
        chat_enter=round(shape.enter * chats.within),
        chat_leave=round(shape.leave * chats.within),
        enter_share=shape.enter,
        leave_share=shape.leave,
        forecast=foreseen,
    )


def _forecast(shape: AtRiskShape, promise: Promise) -> Forecast | None:
    if shape.forecast is None:
        return None
    below = promise.share if shape.below is None else shape.below
    until = (1 + below) / 2 if shape.until is None else shape.until
    return Forecast(of=shape.forecast, enter=below, leave=until)
