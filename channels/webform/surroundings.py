"""What a form's page shows of the town at this moment: its policy, when one may be called back."""

from __future__ import annotations

import msgspec

from channels.moments import iso, span_of_day
from channels.webform.codec import time_field
from router.core.announced import Announced, announced
from router.core.model import Instant, Span
from router.core.policy import Policy
from router.core.state import State
from router.core.windows import WRITTEN_MAX, offered


class Surroundings(msgspec.Struct, frozen=True):
    """As they were stored when the page was asked for."""

    policy: Policy
    starts: tuple[Instant, ...] = ()  # of the windows of the form's queue that are left
    length: Span = 0  # of one of them
    announced: tuple[Announced, ...] = ()

    def times(self, language: str, now: Instant) -> tuple[tuple[str, str], ...]:
        """Return value and label of each window."""
        zone = self.policy.time_zone
        return tuple(
            (iso(start, zone), span_of_day(language, start, start + self.length, zone, now))
            for start in self.starts
        )


def surroundings_in(state: State, form: str, now: Instant) -> Surroundings | None:
    """Return them for the page of a form, "" for another page; None without a policy."""
    policy = state.policies.get(state.policy_hash)
    rule = policy.forms.get(form) if policy is not None else None
    if policy is None:
        return None
    said = announced(state, now)
    queue = policy.queues[rule.queue] if rule is not None and time_field(rule) else None
    callback = queue.callback if queue is not None else None
    if queue is None or callback is None or callback.windows is None:
        return Surroundings(policy, announced=said)
    starts = offered(state, now, queue, WRITTEN_MAX)
    return Surroundings(policy, starts, callback.windows.length, said)
