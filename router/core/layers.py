"""Who answers at this instant: the layers of a service, each with its hours.

`townline check` has seen that at every instant exactly one layer's hours are open. Somebody may
have closed or opened hours by hand since: then the first layer that is open answers, or none.
"""

from __future__ import annotations

from router.core.hours import standing
from router.core.model import Instant
from router.core.policy import Policy
from router.core.queueing import emergency_of
from router.core.state import State


def layer_at(s: State, policy: Policy, service: str, now: Instant) -> str:
    """Return the layer that answers now; "" when every one was closed by hand."""
    for layer in policy.services[service]:
        for hours in layer.hours:
            if standing(policy.hours[hours], now, emergency_of(s, hours)).is_open:
                return layer.id
    return ""
