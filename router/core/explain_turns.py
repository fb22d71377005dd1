"""Whose turn it was when an agent was offered an item, in plain words, with what stood behind it.

Computed after the fact from the state before the offer, as the rest of the story is.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.model import SECOND
from router.core.policy_turns import WAITING, Turn
from router.core.records import Item
from router.core.state import State
from router.core.turns import OWN, TURN, called


def why_its_turn(state: State, item: Item, event: e.OfferMade) -> Iterator[str]:
    """Yield what stood behind each turn that the offer's rule names, and whom none holds up."""
    turns, counted = state.policy.turns, state.index.bucket_of(item).counted
    if turns is None or counted is None:
        return
    by = event.rule.removeprefix(TURN).split(", ")
    if OWN in by:
        own = ", then ".join(turns.own.get(event.agent, ()))
        yield f"queue {counted.queue} is one of {event.agent}'s own, which go first: {own}"
    for number, turn in enumerate(turns.rules):
        part = counted.parts[number]
        if part is not None and called(turn, part) in by:
            tell = _of_waiting if turn.of == WAITING else _of_begun
            yield f"{tell(state, number, turn, part)} ({turn.file}:{turn.line})"
    most, over = (round(span / SECOND) for span in (turns.overdue_max, event.at - item.urgency_at))
    if event.rule.startswith(TURN):
        yield f"who is first in rank and overdue by more than {most} s would have gone first"
    elif over > most:
        yield f"overdue by {over} s, more than {most} s: goes first whosever turn it is"


def _of_waiting(state: State, number: int, turn: Turn, part: int) -> str:
    waiting = state.index.apart.waiting(number)
    others = ", ".join(
        f"{waiting[n]} for {each.id} ({each.weight})"
        for n, each in enumerate(turn.parts)
        if n != part
    )
    own = turn.parts[part]
    return (
        f"turn {turn.id}: {waiting[part]} of {sum(waiting)} wait for {own.id}, whose proportion is"
        f" {own.weight} in {_weights(turn)}; {others}"
    )


def _of_begun(state: State, number: int, turn: Turn, part: int) -> str:
    own = turn.parts[part]
    return (
        f"turn {turn.id}: {own.id} is to have {own.weight} in {_weights(turn)} of what is begun,"
        " and is furthest behind of the parts that the agent could go on with"
    )


def _weights(turn: Turn) -> int:
    return sum(part.weight for part in turn.parts)
