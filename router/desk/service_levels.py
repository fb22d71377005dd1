"""A queue's service level today and in the present quarter of an hour, by its own formula.

Pure: from a state to views.
"""

from __future__ import annotations

from router.core import first_response
from router.core.formulas import FORMULAS, GONE, ended, figure, offered
from router.core.model import Channel, Instant, QueueId
from router.core.policy import Queue
from router.core.service_level import local_day, promise_of
from router.core.state import State
from router.core.tallies import TallyRow, interval_of, summed
from router.core.text_level import CHANNELS_OF_TEXTS
from router.desk.view_types import moment, seconds
from router.desk.views import IntervalView, ServiceLevelView


class Counted:
    """What was counted today in all queues, read once.

    Of mail and forms it is what was counted today, whenever they were received.
    """

    def __init__(self, state: State, now: Instant) -> None:
        self._present = interval_of(now)
        today = local_day(state, now)
        self._rows: dict[tuple[QueueId, Channel], list[TallyRow]] = {}
        for row in state.tallies.values():
            if row.day == today:
                self._rows.setdefault((row.queue, row.channel), []).append(row)

    def has_any(self, queue: QueueId, channel: Channel) -> bool:
        """Say whether anything was counted of the channel."""
        return (queue, channel) in self._rows

    def view(self, rule: Queue, channel: Channel) -> ServiceLevelView:
        """Return the figures by the queue's own formula."""
        mine = self._rows.get((rule.id, channel), [])
        counts = summed(mine)
        counts_now = summed(row for row in mine if row.interval == self._present)
        promise = promise_of(rule, channel)
        formula = FORMULAS[promise.formula]
        return ServiceLevelView(
            channel=channel.value,
            formula=formula.id,
            definition=formula.definition,
            level=_rounded(figure(formula, counts).level),
            target_share=promise.share,
            target_s=seconds(promise.within),
            offered=offered(counts),
            answered_in=counts["answered"],
            answered_late=counts["answered-late"],
            abandoned_in=counts["abandoned-short"] + counts["abandoned"],
            abandoned_late=counts["abandoned-late"],
            callbacks=ended(counts, "callback"),
            diverted=sum(ended(counts, each) for each in GONE),
            lost=ended(counts, "lost"),
            interval=IntervalView(
                begins=moment(self._present),
                level=_rounded(figure(formula, counts_now).level),
                offered=offered(counts_now),
            ),
            closed=ended(counts, "closed"),
            first_response=(
                first_response.promise_of(rule, channel).written
                if channel in CHANNELS_OF_TEXTS
                else ""
            ),
        )


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(level, 4)
