"""What a requirement may ask of the item: what stands in its row, and what flow or form noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from router.core.policy import Policy
from router.core.records import Item


def _owner_team(policy: Policy, item: Item) -> str:
    owner = item.text.owner if item.text is not None else None
    rule = policy.agents.get(owner) if owner is not None else None
    return rule.team if rule is not None else ""


BUILT_IN: Final[dict[str, Callable[[Policy, Item], str]]] = {
    "channel": lambda _, item: item.channel.value,
    "language": lambda _, item: item.language,
    "subject": lambda _, item: item.subject,
    "owner_team": _owner_team,  # of who had its conversation last
}


def values_of(policy: Policy, item: Item, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of those attributes that the item has, by name."""
    noted = dict(item.attributes)
    found = ((n, BUILT_IN[n](policy, item) if n in BUILT_IN else noted.get(n, "")) for n in names)
    return tuple(sorted((name, value) for name, value in found if value))
