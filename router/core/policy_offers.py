"""The compiled rules of whom an item is offered to; part of `router.core.policy.Policy`."""

from __future__ import annotations

import msgspec

from router.core.model import Span


class Struct(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of these rules."""


class OfferTo(Struct, frozen=True):
    """From `after` of waiting on, so many agents are asked at once."""

    after: Span  # since first queued
    agents: int
