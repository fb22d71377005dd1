"""What a form's page shows of the town at this moment: its policy, when one may be called back."""

from __future__ import annotations

import msgspec

from channels.moments import iso, span_of_day
from channels.webform.codec import time_field
from router.core.model import Instant, Span
from router.core.policy import Policy
from router.core.state import State
from router.core.windows import WRITTEN_MAX, offered


class Surroundings(msgspec.Struct, frozen=True):
    """As they were stored when the page was asked for."""

    policy: Policy
    starts: tuple[Instant, ...] = ()  # of the windows of the form's queue that are left
    length: Span = 0  # of one of them

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
    if policy is None or rule is None or time_field(rule) is None:
        return None if policy is None else Surroundings(policy)
    queue = policy.queues[rule.queue]
    windows = queue.callback.windows if queue.callback is not None else None
    if windows is None:
        return Surroundings(policy)
    return Surroundings(policy, offered(state, now, queue, WRITTEN_MAX), windows.length)
