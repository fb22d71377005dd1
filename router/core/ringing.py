"""Whom outside we may ring now: the prefixes that are open, and how often a day.

Residents who are called back, outside contacts and on-call lists are all counted here.
"""

from __future__ import annotations

from router.core.dialling import may_dial
from router.core.model import Instant
from router.core.service_level import local_day
from router.core.state import State


def may_ring(s: State, now: Instant, contact: str) -> str:
    """Return why the outside contact may not be rung now; "" when it may."""
    policy = s.policy
    number = policy.contacts[contact].number
    if not number:
        return "it has no telephone number, only a mail address; add number: to be able to ring it"
    refusal = may_dial(policy.dialling, number)
    return refusal or over_cap(s, now, contact)


def over_cap(s: State, now: Instant, target: str) -> str:
    """Return which cap on ringing is used up for the day; "" when none is."""
    day = local_day(s, now)
    for name, cap in (
        (target, s.policy.dialling.per_number_day_max),
        ("", s.policy.dialling.per_day_max),
    ):
        row = s.dials.get(name)
        if cap and row is not None and row.day == day and row.count >= cap:
            return f"rung {row.count} times today, the cap is {cap}"
    return ""


def next_to_ring(
    s: State, now: Instant, targets: tuple[str, ...], after: int = -1
) -> tuple[int | None, tuple[tuple[str, str], ...]]:
    """Return the index of the next contact that may be rung, and who was passed with why.

    Shape: None when nobody after `after` may be rung.
    """
    refused: list[tuple[str, str]] = []
    for index in range(after + 1, len(targets)):
        why = may_ring(s, now, targets[index])
        if not why:
            return index, tuple(refused)
        refused.append((targets[index], why))
    return None, tuple(refused)
