"""Prints whose turn it is when an agent is free, for `townline check --show`."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.policy import Policy
from router.core.policy_turns import Part
from router.policy.spans import written_span


def show_turns(policy: Policy) -> Iterator[str]:
    """Yield the lines."""
    turns = policy.turns
    if turns is None:
        return
    most = written_span(turns.overdue_max)
    yield f"Whose turn it is, unless the first in rank is overdue by more than {most}"
    for agent, queues in turns.own.items():
        yield f"  {agent}: {', then '.join(queues)} first"
    for turn in turns.rules:
        yield f"  {turn.id}, of what is {turn.of}: {', '.join(map(_part, turn.parts))}"
    yield ""


def _part(part: Part) -> str:
    what = [*sorted(part.queues), *([part.tempo.value] if part.tempo is not None else [])]
    return f"{part.id} {part.weight} ({' '.join(what)})"
