"""Prints what a queue promises on each channel, and how that is judged."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import first_response
from router.core.formulas import FORMULAS
from router.core.policy import Queue
from router.core.policy_waiting import AtRisk, Scope
from router.core.text_level import CHANNELS_OF_TEXTS
from router.policy.spans import written_span


def promised(queue: Queue) -> Iterator[str]:
    """Yield a line for each channel."""
    for channel, promise in queue.promises.items():
        if channel in CHANNELS_OF_TEXTS:
            within = f"in {first_response.promise_of(queue, channel).written}"
        else:
            within = f"within {written_span(promise.within)}"
        short = f", at once is {written_span(promise.short)}" if promise.short else ""
        yield (
            f"{channel.value}: {promise.share:.0%} {within}, judged by"
            f" {promise.formula} ({FORMULAS[promise.formula].definition}){short}"
        )


def at_risk(rule: AtRisk) -> str:
    """Return when a queue is at risk, and until when."""
    if rule.forecast is None:
        enter, leave = written_span(rule.enter), written_span(rule.leave)
        return f"when the first caller has waited {enter}, until below {leave}"
    part = "quarter of an hour" if rule.forecast.of is Scope.INTERVAL else "day"
    enter, leave = f"{rule.forecast.enter:.0%}", f"{rule.forecast.leave:.0%}"
    return f"when less than {enter} of the present {part} is foreseen, until {leave} is"
