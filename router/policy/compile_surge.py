"""Compiles `surge` of fallback.yaml: seconds to spans."""

from __future__ import annotations

from router.core.model import SECOND, QueueId
from router.core.policy_surge import SurgeRule
from router.policy.models_surge import SurgeShape


def compile_surge(shape: SurgeShape) -> SurgeRule:
    """Return what holds while a surge does."""
    return SurgeRule(
        text=shape.say,
        first=tuple(QueueId(each) for each in shape.first),
        head_start=shape.head_start_s * SECOND,
        lasts_max=shape.lasts_max,
        begins_at=shape.begins_when_waiting,
        lasts=shape.lasts,
        written=shape.write,
    )
