"""So much of one kind of channel is begun within a time, whatever else waits.

Without it calls could keep the mail waiting until it is due, or overdue mail the callers. A minimum
has a pace: while some of it wait, one is owed every so often, and who is free then gets the most
urgent of these instead of the most urgent of all. The pace runs from when the first began to wait;
an offer moves it on, one that came to nothing takes it back. Nothing here looks at who waits.

`at_least` in a window are kept as one more than that at even distances, so that also the windows
that begin just after one hold as many, as long as somebody who could take them is free at least
once in each distance.
"""

from __future__ import annotations

from router.core.model import Instant, QueueId, Tempo
from router.core.policy_offers import Minimum
from router.core.records import Item
from router.core.state import State

Paces = tuple[tuple[str, Instant], ...]  # minimum, when the next one is owed


def owed(s: State, now: Instant) -> list[Minimum]:
    """Return the minimums that are behind, the one that is furthest behind first."""
    late = []
    paces = s.paces
    for minimum in s.policy.minimums:
        row = paces.get(minimum.id)
        due = row.due if row is not None else 0
        if due <= now:
            late.append((due, minimum.id, minimum))
    late.sort()
    return [minimum for _, _, minimum in late]


def _of(s: State, queue: QueueId | None, tempo: Tempo) -> list[tuple[Minimum, Instant]]:
    """Return each minimum for which it counts and when the next one is owed; 0: not known yet."""
    found = []
    for minimum in s.policy.minimums:
        if minimum.tempo is tempo and (not minimum.queues or queue in minimum.queues):
            row = s.paces.get(minimum.id)
            found.append((minimum, row.due if row is not None else 0))
    return found


def begun(s: State, now: Instant, queue: QueueId | None, tempo: Tempo) -> Paces:
    """Return the paces that run from now on: an item joins where nobody of it waited."""
    return tuple(
        (minimum.id, now + minimum.every)
        for minimum, due in _of(s, queue, tempo)
        if due <= now and not _somebody_waits(s, minimum)
    )


def _somebody_waits(s: State, minimum: Minimum) -> bool:
    queues = minimum.queues or s.policy.queues
    return any(s.index.lines.get((queue, minimum.tempo)) for queue in queues)


def offered(s: State, now: Instant, item: Item) -> Paces:
    """Return the paces once the item is offered, the first time since it stood in line.

    Who comes late is caught up with by one at most, so that nobody is overtaken by a whole row.
    """
    if item.offers:
        return ()
    return tuple(
        (minimum.id, max(min(due, now), now - minimum.every) + minimum.every)
        for minimum, due in _of(s, item.queue, item.tempo)
    )


def failed(s: State, now: Instant, item: Item) -> Paces:
    """Return the paces when the item's last open offer comes to nothing: one is owed at once."""
    if len(item.offers) > 1:
        return ()
    return tuple((minimum.id, now) for minimum, due in _of(s, item.queue, item.tempo) if due > now)
