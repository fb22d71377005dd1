"""The compiled layers of a service; part of `router.core.policy.Policy`."""

from __future__ import annotations

import msgspec


class Layer(msgspec.Struct, frozen=True):
    """Who answers while any of these hours is open."""

    id: str
    hours: tuple[str, ...]  # Hours ids
