"""Too much at once, as a chat client is told of it."""

from __future__ import annotations

from channels.buckets import Buckets
from channels.chat.refusals import Refused
from router.core.model import Span


def take(buckets: Buckets, name: str, count_max: int, span: Span) -> None:
    """Take a token. Raises Refused: 429 with the seconds until there is one."""
    wait_s = buckets.wait_s(name, count_max, span)
    if wait_s:
        message = f"too much at once: again in {wait_s} s"
        raise Refused(429, "TooManyRequests", message, retry_after_s=wait_s)
