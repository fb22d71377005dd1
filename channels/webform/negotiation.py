"""Which language a page is in, and which sender a request is of; pure."""

from __future__ import annotations

from typing import Final

from router.core.policy import Language

_HEADER_MAX: Final = 300  # of Accept-Language that is looked at


def choose_language(languages: tuple[Language, ...], asked: str, accepted: str) -> Language:
    """Return the town's language that was asked for, else the best accepted, else its first.

    Args:
        languages: the town's, at least one.
        asked: of the address, "" when it says nothing.
        accepted: the Accept-Language header (RFC 9110, 12.5.4).
    """
    by_id = {language.id: language for language in languages}
    if asked in by_id:
        return by_id[asked]
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:_HEADER_MAX].split(",")):
        tag, _, quality = part.partition(";")
        wishes.append((-_quality(quality), place, tag.strip().lower().partition("-")[0]))
    for rank, _, wish in sorted(wishes):
        if rank < 0 and wish in by_id:
            return by_id[wish]
    return languages[0]


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
