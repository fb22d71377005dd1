"""Mishaps on purpose: webhooks lost, late, doubled or out of order; REST calls that fail.

Tests put them in; each strikes `times` times and is then used up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar


@dataclass(slots=True, kw_only=True)
class WebhookFault:
    """What goes wrong with a webhook whose purpose or URL contains `match`.

    The last answer counts when a webhook is repeated, as if the earlier ones had been lost on the
    way back. A status callback held back by `delay_s` is overtaken by the ones after it.
    """

    match: str
    times: int = 1
    repeat: int = 0  # so many more copies, same idempotency token, one after the other
    together: bool = False  # the copies are under way at the same time
    delay_s: float = 0  # leaves this much later
    drop: bool = False  # never arrives; the carrier sees a refused connection


@dataclass(slots=True, kw_only=True)
class RestFault:
    """What goes wrong with a REST call whose "METHOD path" contains `match`."""

    match: str
    times: int = 1
    status: int | None = None  # answered instead of the truth
    perform: bool = False  # done nevertheless: the caller cannot know
    delay_s: float = 0  # answered so much later
    hang: bool = False  # never answered


F = TypeVar("F", WebhookFault, RestFault)


@dataclass(slots=True)
class Faults(Generic[F]):
    """The mishaps still to come."""

    waiting: list[F] = field(default_factory=list)

    def add(self, *faults: F) -> None:
        """Have these happen as well."""
        self.waiting.extend(faults)

    def strike(self, *subjects: str) -> F | None:
        """Return the first fault that matches one of the subjects, and use it up once."""
        fault = _first(self.waiting, lambda fault: any(fault.match in text for text in subjects))
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
        return fault


def _first(faults: Iterable[F], fits: Callable[[F], bool]) -> F | None:
    return next((fault for fault in faults if fits(fault)), None)
