"""The compiled rules of whom an item is offered to; part of `router.core.policy.Policy`."""

from __future__ import annotations

import msgspec

from router.core.model import QueueId, Span, Tempo


class Struct(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of these rules."""


class OfferTo(Struct, frozen=True):
    """From `after` of waiting on, so many agents are asked at once."""

    after: Span  # since first queued
    agents: int


class Minimum(Struct, frozen=True):
    """So many of one kind of channel are begun within a time while some wait."""

    id: str
    tempo: Tempo
    queues: frozenset[QueueId]  # empty = all
    at_least: int
    within: Span

    @property
    def every(self) -> Span:
        """Return after how much time the next one is owed."""
        return self.within // (self.at_least + 1)
