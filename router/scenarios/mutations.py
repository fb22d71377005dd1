"""Small mistakes that somebody could make in a policy, each made on purpose.

A scenario is worth something when it notices one of them. Mutations are made of the compiled
policy; each is named by its family and by the place in the files where it would stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from router.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake."""

    family: str
    what: str
    place: str  # file:line, or the file where lines are not kept
    about: str  # part of the policy, as `Stage.met`; "" = matters to everybody
    policy: Policy  # that has the mistake

    def __str__(self) -> str:
        """Return `family: what (file:line)`."""
        return f"{self.family}: {self.what} ({self.place})"


def mutations(policy: Policy) -> Iterator[Mutation]:
    """Yield every mutation, family after family."""
    from router.scenarios import mutations_lines, mutations_rules

    for family in (*mutations_rules.FAMILIES, *mutations_lines.FAMILIES):
        yield from family(policy)


def with_row(policy: Policy, table: str, key: str, row: Any) -> Policy:
    """Return the policy with another row in one of its tables."""
    return replace(policy, **{table: {**getattr(policy, table), key: row}})


def swapped(rows: tuple[Any, ...], first: int) -> tuple[Any, ...]:
    """Return the rows with one and the next exchanged."""
    return (*rows[:first], rows[first + 1], rows[first], *rows[first + 2 :])


def without(rows: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    """Return the rows without one."""
    return (*rows[:index], *rows[index + 1 :])


def with_nth(rows: tuple[Any, ...], index: int, row: Any) -> tuple[Any, ...]:
    """Return the rows with another one in a place."""
    return (*rows[:index], row, *rows[index + 1 :])
