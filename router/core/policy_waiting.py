"""Compiled rules of how a queue notices that it comes under strain: when that begins, when it ends.

Two thresholds each, so that a queue at the edge does not change its mind with every call.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from router.core.model import Span


class Scope(StrEnum):
    """Of what a share of calls is foreseen."""

    INTERVAL = "interval"  # those that began in the present quarter of an hour
    DAY = "day"  # those that began today


class Forecast(msgspec.Struct, frozen=True, omit_defaults=True):
    """The share that will be reached if those who wait are answered at their expected wait."""

    of: Scope
    enter: float  # at risk below this share, 0..1
    leave: float  # and until it is that much again; above `enter`


class AtRisk(msgspec.Struct, frozen=True, omit_defaults=True):
    """The promise is at risk: the first in line has waited for so much of it, or it is foreseen."""

    enter: Span  # of calls: since their entry into the queue; 0 with a forecast
    leave: Span  # below `enter`
    chat_enter: Span = 0  # of chats, likewise; 0 = is not measured
    chat_leave: Span = 0
    enter_share: float = 0.0  # of texts: share of the time to the first answer; 0 = not measured
    leave_share: float = 0.0
    forecast: Forecast | None = None  # calls go by that instead


class LongWait(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who came now could expect to wait for so long: the middle of the range."""

    enter: Span
    leave: Span  # below `enter`
