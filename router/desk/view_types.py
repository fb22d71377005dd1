"""What views are made of: their base, and instants and spans as clients read them.

Instants are aware UTC `datetime` (ISO 8601 with `Z`), spans are seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from router.core.model import SECOND, Instant, Span

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # ISO 8601 with a zone

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every view."""


class NamedView(View, frozen=True, kw_only=True):
    """An id and what people call it."""

    id: str
    name: str


def moment(instant: Instant) -> datetime:
    """Return an instant as people and browsers read it, to the microsecond."""
    return _EPOCH + timedelta(microseconds=instant // 1000)


def moment_or_none(instant: Instant | None) -> datetime | None:
    """Return None for None."""
    return None if instant is None else moment(instant)


def time_of_day(zone: str, instant: Instant, now: Instant) -> str:
    """Return `09:58` as the town's clocks show it; with the date when that is another day."""
    there = ZoneInfo(zone)
    local, today = (moment(each).astimezone(there) for each in (instant, now))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def instant_of(when: datetime) -> Instant:
    """Return the instant of an aware datetime."""
    return (when - _EPOCH) // timedelta(microseconds=1) * 1000


def seconds(span: Span) -> float:
    """Return a span in seconds, to the millisecond."""
    return round(span / SECOND, 3)
