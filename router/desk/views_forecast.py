"""The picture of what is foreseen of a queue's calls."""

from __future__ import annotations

from router.desk.view_types import View


class ForecastView(View, frozen=True, kw_only=True):
    """What is reached if those who wait are answered at their expected wait."""

    of: str  # interval | day
    level: float | None  # 0..1; None: nobody has come
    at_risk_below: float
    until: float
    counted_met: int
    counted: int
    waiting: int  # whose entry has not ended
    in_time: int  # of those
    why: str
