"""When the first response to a text is due: by queue, and by channel where the queue says so."""

from __future__ import annotations

from router.core import business_time
from router.core.hours import Hours
from router.core.model import Channel, Instant
from router.core.policy import Queue
from router.core.policy_service_level import FirstResponse
from router.core.state import State


def promise_of(queue: Queue, channel: Channel) -> FirstResponse:
    """Return what the queue promises to those who come through this door."""
    own = queue.first_response_by.get(channel)
    if own is not None:
        return own
    return FirstResponse(
        written=queue.first_response,
        span=queue.first_response_span,
        days=queue.first_response_days,
        business=queue.first_response_business,
    )


def due_at(s: State, now: Instant, queue: Queue, channel: Channel) -> Instant | None:
    """Return when a text item must have had its first response; None without such a promise."""
    return due_by(promise_of(queue, channel), s.policy.hours[queue.hours], now)


def due_by(promise: FirstResponse, hours: Hours, now: Instant) -> Instant | None:
    """Return when what is promised at `now` is due by these hours.

    Errors: None when nothing is promised, or when it does not open within 400 days.
    """
    if promise.same_day or promise.days:
        return business_time.add_days(hours, now, promise.days)
    if not promise.span:
        return None
    if promise.business:
        return business_time.add(hours, now, promise.span)
    return now + promise.span
