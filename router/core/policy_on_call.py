"""Compiled rules of who is on call, by date."""

from __future__ import annotations

import msgspec


class OnCallShift(msgspec.Struct, frozen=True, omit_defaults=True):
    first: str  # ISO date inclusive
    last: str
    contacts: tuple[str, ...]  # OutsideContact ids in order


class OnCallList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Names in order by date; walked until somebody answers."""

    id: str
    time_zone: str
    shifts: tuple[OnCallShift, ...]
    otherwise: tuple[str, ...]  # when no shift covers the date
