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
