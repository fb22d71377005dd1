"""What every event is: frozen, stored as a msgpack array, with the instant it became true."""

from __future__ import annotations

import msgspec

from router.core.model import Instant


class Event(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Base; `at` is sequencer time."""

    at: Instant


class Tried(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fallback rule that was looked at."""

    rule: str  # "chain/rule"
    hit: bool
    why: str  # what made it a miss; "" for a hit
