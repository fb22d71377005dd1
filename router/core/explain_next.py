"""What happens to an item next, and when, if nobody does anything: each instant that is set.

Computed after the fact from the state, as the rest of the story is; a line's instant lies ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from router.core.dues import item_dues
from router.core.explain_places import place_of_chain
from router.core.explain_steps import does
from router.core.model import ENDED, IN_LINE, Condition, Instant, Tempo
from router.core.policy import Queue
from router.core.queueing import kept_of, queue_of, requirement_at
from router.core.records import Item
from router.core.state import State

Teller = Callable[[State, Item, Queue], str]


def what_next(state: State, item: Item) -> Iterator[tuple[Instant, str]]:
    """Yield (when, what) in order of time; nothing for an item that has ended."""
    if item.state in ENDED or item.queue is None or item.queue not in state.policy.queues:
        return
    queue = queue_of(state, item)
    found = [(at, TELLERS[what](state, item, queue)) for at, what in item_dues(item)]
    found += [
        (state.offers[each].expires_at, f"the offer to {state.offers[each].agent} ends unanswered")
        for each in item.offers
    ]
    walk = state.walks.get(item.id)
    if walk is not None and walk.due is not None:
        found.append((walk.due, "nothing was heard of who is rung: the next one on call is"))
    row = state.queues.get(queue.id)
    waits = item.state in IN_LINE and item.tempo is not Tempo.SLOW_TEXT
    if waits and row is not None and row.is_open and row.changes_at is not None:
        found.append((row.changes_at, _follows(state, queue, Condition.CLOSING, "it closes")))
    overdue = item.late_at is not None  # then what follows is told
    if item.due_at is not None and item.tempo is Tempo.SLOW_TEXT and not overdue:
        found.append((item.due_at, "the first answer is due"))
    yield from sorted(found)


def _follows(state: State, queue: Queue, condition: Condition, what: str) -> str:
    chain = queue.fates.get(condition)
    if chain is None:
        return f"{what}: no chain for {condition}, it waits on"
    return f"{what}: chain {chain} for {condition} ({place_of_chain(state.policy, chain)})"


def _step(state: State, item: Item, queue: Queue) -> str:
    following = min(item.step + 1, len(queue.steps))
    step = queue.steps[following - 1] if queue.steps else None
    place = queue.place if step is None else step.place
    if step is not None and step.condition is not None:
        only = f"if the queue is {step.condition} then"
        return f"step {following}, {only}: {does(step)} ({place})"
    requirement = requirement_at(state, item, queue, following, kept_of(state, item, queue))
    if step is not None and requirement == item.requirement:
        return f"step {following}: {does(step)} ({place})"
    return f"the requirement relaxes to: {requirement} ({place})"


def _always(text: str) -> Teller:
    return lambda _state, _item, _queue: text


_WAITED: Final = "it has waited for too long"
_LATE: Final = {
    Tempo.LIVE: _WAITED,
    Tempo.FAST_TEXT: _WAITED,
    Tempo.SLOW_TEXT: "the first answer is overdue",
}

TELLERS: Final[dict[str, Teller]] = {  # what an item waits for, see `item_dues`
    "step": _step,
    "threshold": lambda _, i, q: f"the promise of queue {q.id} is missed ({q.place})",
    "late": lambda s, i, q: _follows(s, q, Condition.LATE, _LATE[i.tempo]),
    "reserved": lambda _, i, q: f"is no longer kept for {i.reserved_for}",
    "leg": _always("nothing was heard of the telephone that is rung: back in line"),
    "passed_over": _always("who did not take it may be offered it again"),
    "callback": _always("the callback expires and becomes a message to be answered"),
    "flow": _always("the caller is taken to have left"),
    "wrap_up": _always("wrap-up ends by itself"),
    "deferred": lambda _, i, q: f"is back in line of queue {q.id}",
    "idle": _always("the chat is dormant, its agent free"),
    "page": _always("the next one on call is told"),
}
