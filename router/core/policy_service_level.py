"""What a queue promises those who wait on the line; part of `router.core.policy.Queue`."""

from __future__ import annotations

import msgspec

from router.core.model import Span


class Promise(msgspec.Struct, frozen=True, omit_defaults=True):
    """So many of them are answered before that time is over, judged by that formula."""

    share: float  # 0..1
    within: Span
    formula: str = "townline/1"  # name and version, see `router.core.formulas`
    short: Span = 0  # who gives up before has given up at once; 0 = nobody


class FirstResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a text must have had its first response."""

    written: str  # "2 business days"
    span: Span  # 0 when days are meant
    days: int  # business days; 0 when a span is meant
    business: bool  # the span counts opening time only
    same_day: bool = False  # by the end of the business day on which it came
