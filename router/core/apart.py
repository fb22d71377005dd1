"""Buckets of one queue each, and how many wait there: kept only where turns are declared.

Without turns items of different queues that ask for the same share a bucket. A turn asks for the
first of a queue and for how many wait for it, so that each queue then has buckets of its own and a
count of them. Derived from rows and policy, as the whole index is.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.buckets import NAMED, Bucket, QueueCount
from router.core.model import QueueId, Tempo
from router.core.policy import Policy
from router.core.policy_turns import Turn
from router.core.records import Item


class Apart:
    """See the module's text."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._turns: tuple[Turn, ...] = ()
        self._buckets: dict[tuple[str, Tempo, QueueId], Bucket] = {}
        self._counts: dict[tuple[QueueId, Tempo], QueueCount] = {}
        self._members: list[list[list[QueueCount]]] = []  # by turn, by part

    def adopt(self, policy: Policy) -> None:
        """Forget what the policy before had; its buckets must be empty."""
        self.is_wanted = policy.turns is not None
        self._turns = policy.turns.rules if policy.turns is not None else ()
        self._buckets, self._counts = {}, {}
        self._members = [[[] for _ in turn.parts] for turn in self._turns]

    def bucket(self, item: Item) -> tuple[Bucket, bool] | None:
        """Return the bucket of the item's queue and whether it is new; None: it has none."""
        queue, text = item.queue, item.requirement
        if queue is None or text.startswith(NAMED):
            return None
        key = (text, item.tempo, queue)
        found = self._buckets.get(key)
        if found is not None:
            return found, False
        made = self._buckets[key] = Bucket(text, item.tempo)
        self.count_in(made, queue)
        return made, True

    def count_in(self, bucket: Bucket, queue: QueueId) -> None:
        """Let what waits in the bucket, which is empty, count as waiting for the queue."""
        bucket.counted = self.count(queue, bucket.tempo)

    def count(self, queue: QueueId, tempo: Tempo) -> QueueCount:
        """Return the count of a queue and kind of channel."""
        found = self._counts.get((queue, tempo))
        if found is None:
            parts = tuple(_part_of(turn, queue, tempo) for turn in self._turns)
            found = self._counts[queue, tempo] = QueueCount(queue, parts)
            for number, part in enumerate(parts):
                if part is not None:
                    self._members[number][part].append(found)
        return found

    def waiting(self, number: int) -> list[int]:
        """Return how many wait in each part of the turn of that number."""
        return [sum([each.waiting for each in counts]) for counts in self._members[number]]

    def buckets(self) -> Iterator[Bucket]:
        """Yield every bucket of one queue that no lane has."""
        yield from self._buckets.values()


def _part_of(turn: Turn, queue: QueueId, tempo: Tempo) -> int | None:
    return next((n for n, part in enumerate(turn.parts) if part.takes(queue, tempo)), None)
