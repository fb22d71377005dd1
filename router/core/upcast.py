"""Reading stored events, those of older releases included; a journal opens for ever.

Most changes need nothing here: a field is only ever appended, with a default. Any other change
gives the event a new struct with a new tag; the old struct then moves into this file, into
`StoredEvent`, and gets a row in `UPCASTERS` that makes one present event of it. One becomes exactly
one, because versions count events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from router.core.events import AnyEvent, Event

StoredEvent = AnyEvent  # | RetiredEvent | ...

UPCASTERS: Final[Mapping[type[Event], Callable[[Any], AnyEvent]]] = {}

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[StoredEvent])


def encode_events(events: list[AnyEvent]) -> bytes:
    """Return the events of one batch as they are stored: a msgpack array of tagged arrays."""
    return _ENCODER.encode(events)


def decode_events(body: bytes) -> list[AnyEvent]:
    """Return the events of one stored batch as this release knows them.

    Errors: `msgspec.DecodeError` when the bytes hold anything else.
    """
    events = _DECODER.decode(body)
    if not UPCASTERS:
        return events
    return [UPCASTERS[type(e)](e) if type(e) in UPCASTERS else e for e in events]
