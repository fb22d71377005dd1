"""Tells those who follow the engine what was stored: desks, effects, history, figures.

Subscribers are called in the sequencer's turn, in the order in which they subscribed, with the
state that is stored, never with one that is only decided. They must be quick, must not change the
state, and must not keep it: rows may be kept, tables may not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from router.core.events import AnyEvent
from router.core.state import State

Subscriber = Callable[[Sequence[AnyEvent], State], None]

log = structlog.get_logger(__name__)


class Publisher:
    """The list of subscribers."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` after every stored batch; return what ends the subscription."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            with suppress(ValueError):
                left = list(self._subscribers)
                left.remove(subscriber)
                self._subscribers = tuple(left)

        return unsubscribe

    def publish(self, events: Sequence[AnyEvent], state: State) -> None:
        """Tell everybody; one who fails does not keep the others from hearing it."""
        for subscriber in self._subscribers:
            try:
                subscriber(events, state)
            except Exception:
                log.exception("subscriber_failed", subscriber=repr(subscriber))
