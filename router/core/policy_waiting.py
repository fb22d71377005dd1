"""Compiled rules of how a queue notices that it comes under strain: when that begins, when it ends.

Two thresholds each, so that a queue at the edge does not change its mind with every call.
"""

from __future__ import annotations

import msgspec

from router.core.model import Span


class AtRisk(msgspec.Struct, frozen=True, omit_defaults=True):
    """The service level is at risk: the first caller in line has waited for so long."""

    enter: Span  # since their entry into the queue
    leave: Span  # below `enter`


class LongWait(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who came now could expect to wait for so long: the middle of the range."""

    enter: Span
    leave: Span  # below `enter`
