"""Prints what a queue promises on each channel, and how that is judged."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.formulas import FORMULAS
from router.core.policy import Queue
from router.policy.spans import written_span


def promised(queue: Queue) -> Iterator[str]:
    """Yield a line for each channel on which somebody waits there and then."""
    for channel, promise in queue.promises.items():
        short = f", at once is {written_span(promise.short)}" if promise.short else ""
        yield (
            f"{channel.value}: {promise.share:.0%} within {written_span(promise.within)}, judged by"
            f" {promise.formula} ({FORMULAS[promise.formula].definition}){short}"
        )
