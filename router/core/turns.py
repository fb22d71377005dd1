"""Whose turn it is: which of those who wait an agent serves before rank decides among them.

An agent's own queues come first, the first of them before the second. Then each declared turn is
taken in its order: if the item that would be next is in one of its parts, the part whose turn it is
goes on, and rank decides within.

* Of what *waits*: the part that exceeds its proportion of all that wait by most (the fixed queue
  ratio of Gurvich and Whitt). Nothing is remembered.
* Of what is *begun*: the part that is furthest behind. Each offer moves its part on by one over its
  weight; an offer that came to nothing takes that back. A part that could not go on keeps one offer
  of credit at most, so that one whose agents come late does not hold up the others.

Whoever is first in rank and overdue by more than the policy allows goes first whosever turn it is.
Costs a look at the buckets of the agent for each turn; nothing here looks at who waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from router.core.buckets import Bucket, Profile
from router.core.minimums import Paces
from router.core.model import Instant, QueueId
from router.core.policy_turns import WAITING, Turn
from router.core.records import Item
from router.core.state import State

TURN: Final = "whose turn it is: "  # begins the rule of such an offer
OWN: Final = "own queue"
ONE: Final = 1 << 40  # what an offer moves a part of weight one on by

Pick = Callable[[list[Bucket]], Item | None]  # the first in rank of these buckets


class Choice(NamedTuple):
    """What is offered, and by which turns."""

    item: Item
    by: tuple[str, ...]  # (): by rank alone


def whose_turn(
    s: State, now: Instant, profile: Profile, buckets: list[Bucket], first: Item, pick: Pick
) -> Choice:
    """Return what an agent of the profile is offered; `first`: what rank alone would offer."""
    turns = s.policy.turns
    if turns is None or now - first.urgency_at > turns.overdue_max:
        return Choice(first, ())
    chosen, by = first, []
    own = _own(profile, buckets, pick) if profile.own else None
    if own is not None:
        chosen, buckets = own
        by.append(OWN)
    for number, turn in enumerate(turns.rules):
        found = _part_whose_turn(s, number, turn, chosen, buckets, pick)
        if found is not None:
            part, chosen, buckets = found
            by.append(called(turn, part))
    return Choice(chosen, tuple(by))


def called(turn: Turn, part: int) -> str:
    """Return what the rule of an offer says of a part whose turn it is."""
    return f"{turn.parts[part].id} of {turn.id}"


def _own(profile: Profile, buckets: list[Bucket], pick: Pick) -> tuple[Item, list[Bucket]] | None:
    """Return the first item and the buckets of the first own queue that has one; None: none has.

    What is kept for the agent alone counts with each of them.
    """
    by_queue: dict[QueueId, list[Bucket]] = {}
    kept: list[Bucket] = []
    for bucket in buckets:
        if bucket.counted is None:
            kept.append(bucket)
        elif bucket.head is not None:
            by_queue.setdefault(bucket.counted.queue, []).append(bucket)
    for queue in profile.own:
        found = kept + by_queue.get(queue, [])
        item = pick(found)
        if item is not None:
            return item, found
    return None


def _part_whose_turn(
    s: State, number: int, turn: Turn, chosen: Item, buckets: list[Bucket], pick: Pick
) -> tuple[int, Item, list[Bucket]] | None:
    """Return the part that goes on, its first item and its buckets; None: the turn does not apply.

    Parts of which nothing may go to the agent are left out.
    """
    counted = s.index.bucket_of(chosen).counted
    if counted is None or counted.parts[number] is None:
        return None
    by_part: dict[int, list[Bucket]] = {}
    for bucket in buckets:
        part = bucket.counted.parts[number] if bucket.counted is not None else None
        if part is not None and bucket.head is not None:
            by_part.setdefault(part, []).append(bucket)
    claims = claims_of(s, number, turn) if len(by_part) > 1 else [0] * len(turn.parts)
    for part in sorted(by_part, key=lambda each: (-claims[each], each)):
        item = pick(by_part[part])
        if item is not None:
            return part, item, by_part[part]
    return None


def claims_of(s: State, number: int, turn: Turn) -> list[int]:
    """Return by how much each part of the turn is behind; the greatest goes on."""
    if turn.of == WAITING:
        waiting = s.index.apart.waiting(number)
        weights, together = sum([part.weight for part in turn.parts]), sum(waiting)
        return [
            count * weights - part.weight * together
            for part, count in zip(turn.parts, waiting, strict=True)
        ]
    return [-_begins(s, turn, part) for part in range(len(turn.parts))]


def _begins(s: State, turn: Turn, part: int) -> int:
    """Return where on the turn's course the part's next offer begins."""
    row, course = s.paces.get(_key(turn, part)), s.paces.get(_key(turn))
    reached = course.due if course is not None else 0
    return max(row.due if row is not None else 0, reached - ONE // turn.parts[part].weight)


def _key(turn: Turn, part: int | None = None) -> str:
    """Return the name of the row that holds how far a part, or (None) the turn, has come."""
    return f"{turn.id}/" if part is None else f"{turn.id}/{turn.parts[part].id}"


def offered(s: State, item: Item) -> Paces:
    """Return how far turns have come once the item is offered, the first time in line."""
    paces: list[tuple[str, int]] = []
    for turn, part in [] if item.offers else _counting(s, item):
        begins, course = _begins(s, turn, part), s.paces.get(_key(turn))
        paces.append((_key(turn, part), begins + ONE // turn.parts[part].weight))
        paces.append((_key(turn), max(begins, course.due if course is not None else 0)))
    return tuple(paces)


def failed(s: State, item: Item) -> Paces:
    """Return how far turns have come when the item's last open offer comes to nothing."""
    paces: list[tuple[str, int]] = []
    for turn, part in [] if len(item.offers) > 1 else _counting(s, item):
        row = s.paces.get(_key(turn, part))
        if row is not None:
            paces.append((row.minimum, row.due - ONE // turn.parts[part].weight))
    return tuple(paces)


def _counting(s: State, item: Item) -> list[tuple[Turn, int]]:
    """Return the turns that count what is begun, each with the item's part."""
    turns = s.policy.turns
    if turns is None or item.queue is None:
        return []
    parts = s.index.apart.count(item.queue, item.tempo).parts
    return [
        (turn, part)
        for turn, part in zip(turns.rules, parts, strict=True)
        if turn.of != WAITING and part is not None
    ]
