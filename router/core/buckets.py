"""Who waits for the same, and who can do the same: the two sides of matching.

A *bucket* holds the waiting items of one (requirement, tempo) in two orders: `fresh` are those who
can still be answered within their target, by urgency; `steady` are all others, by the rank that
they keep: their urgency, and who has missed the target as much behind it as their queue says. An
item moves from `fresh` to `steady` once, when a decision looks and finds its time over: a pure
function of the instant of the decision, without a timer.

A *profile* is a set of agents with equal skills and capacity; per tempo it holds those who could
take an item now, longest idle first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Final

from router.core import requirement
from router.core.capacity import NONE, beside, may_be_offered, whole_of
from router.core.model import AgentId, Instant, ItemId, QueueId, Span, Tempo
from router.core.ordered import OrderedKeys
from router.core.policy import Capacity
from router.core.records import Agent, Item

LineKey = tuple[int, str]  # instant by which the item ranks, item id; or idle since, agent id
CountsOf = Callable[[Mapping[str, int]], tuple[int, ...]]  # by skill -> of some skills, never empty

NEVER: Final[Instant] = 1 << 63
NOBODY: Final[LineKey] = (NEVER, "")  # ranks behind everybody
NAMED = "@"  # requirement "@amina": only that agent
ALL_THERE_IS: Final = 1 << 62  # more than any count


def _count_of_none(counts: Mapping[str, int]) -> tuple[int, ...]:
    return (ALL_THERE_IS,)


def has_missed(item: Item, now: Instant) -> bool:
    """Say whether the item can no longer be answered within its target."""
    return item.fresh_until is not None and item.fresh_until < now


def rank(item: Item, now: Instant) -> LineKey:
    """Return where a waiting item stands: its urgency, or later once it has missed its target."""
    return item.urgency_at + (item.late_behind if has_missed(item, now) else 0), item.id


class QueueCount:
    """How many wait for one queue through one kind of channel; see `apart`."""

    __slots__ = ("parts", "queue", "waiting")

    def __init__(self, queue: QueueId, parts: tuple[int | None, ...]) -> None:
        self.queue = queue
        self.parts = parts  # which part of each turn this is
        self.waiting = 0


class Bucket:
    """Waiting items that ask for the same."""

    __slots__ = (
        "_ripening",
        "available",
        "counted",
        "first",
        "first_fresh",
        "fresh",
        "lift",
        "named",
        "profiles",
        "requirement",
        "ripe_at",
        "signed_in",
        "skills",
        "steady",
        "tempo",
    )

    def __init__(self, text: str, tempo: Tempo) -> None:
        self.tempo = tempo
        self.fresh: OrderedKeys[LineKey] = OrderedKeys()
        self.steady: OrderedKeys[LineKey] = OrderedKeys()
        self.ask(text, 0)
        self.profiles: list[Profile] = []  # who could take them
        self.signed_in = 0  # agents of these profiles; of a named bucket that agent alone
        self.available = 0  # of those, not away
        self.counted: QueueCount | None = None  # where those wait, if all wait for one queue
        self.ripe_at: Instant = NEVER  # after this instant `ripen` has something to do
        self._ripening: list[tuple[Instant, LineKey]] = []  # a heap: fresh until, key

    def ask(self, text: str, lift: Span) -> None:
        """Let the bucket ask for this, and rank earlier by `lift`; its profiles join anew."""
        self.requirement = text
        self.lift = lift
        named = text.startswith(NAMED)
        self.named = AgentId(text.removeprefix(NAMED)) if named else None  # nobody else may have it
        self.skills = frozenset() if named else requirement.skills_of(requirement.parse(text))
        self._look()

    def _look(self) -> None:
        """See who is first: `first` of the steady, `first_fresh`; lifted, `NOBODY` if none."""
        steady, fresh = self.steady.head or NOBODY, self.fresh.head or NOBODY
        lift = self.lift
        self.first = (steady[0] - lift, steady[1]) if lift and steady is not NOBODY else steady
        self.first_fresh = (fresh[0] - lift, fresh[1]) if lift and fresh is not NOBODY else fresh

    def __len__(self) -> int:
        return len(self.fresh) + len(self.steady)

    def __iter__(self) -> Iterator[ItemId]:
        """Yield the items; the bucket must not change meanwhile."""
        for keys in (self.steady, self.fresh):
            for _, item_id in keys:
                yield ItemId(item_id)

    @property
    def head(self) -> LineKey | None:
        """Return the key of some item that waits here; None: nobody does."""
        return self.steady.head if self.steady.head is not None else self.fresh.head

    def before(self, key: LineKey) -> int:
        """Return how many items rank before the key."""
        return self.fresh.rank(key) + self.steady.rank(key)

    def add(self, item: Item, key: LineKey) -> None:
        """Put a waiting item in its place; `key` is its urgency and id, as in its queue's line."""
        if item.fresh_until is None:
            self.steady.add(key)
        else:
            self.fresh.add(key)
            heapq.heappush(self._ripening, (item.fresh_until, key))
            self.ripe_at = self._ripening[0][0]
        if self.counted is not None:
            self.counted.waiting += 1
        self._look()

    def remove(self, item: Item) -> None:
        """Take an item out; `item` is the row with which it was put in."""
        key = (item.urgency_at, item.id)
        if item.fresh_until is not None and key in self.fresh:
            self.fresh.remove(key)
        else:
            self.steady.remove((item.urgency_at + item.late_behind, item.id))
        if self.counted is not None:
            self.counted.waiting -= 1
        self._look()

    def ripen(self, now: Instant, items: Mapping[ItemId, Item]) -> None:
        """Let those who have missed their target by now keep their later rank."""
        heap = self._ripening
        while heap and heap[0][0] < now:
            _, key = heapq.heappop(heap)
            if key not in self.fresh:
                continue  # it has gone, or has moved already
            item = items[ItemId(key[1])]
            if has_missed(item, now):  # else the time was a former entry's
                self.fresh.remove(key)
                self.steady.add(rank(item, now))
        self.ripe_at = heap[0][0] if heap else NEVER
        self._look()


class Profile:
    """Agents who can do the same."""

    __slots__ = (
        "_beside_one",
        "_counts_beside",
        "_together",
        "available",
        "buckets",
        "capacity",
        "idle",
        "members_of",
        "own",
        "signed_in",
        "skills",
        "team",
        "traits",
        "whole",
    )

    def __init__(
        self,
        skills: dict[str, int],
        capacity: Capacity,
        team: str,
        traits: dict[str, str | int],
        own: tuple[QueueId, ...],
    ) -> None:
        self.skills = skills
        self.capacity = capacity
        self.team = team
        self.traits = traits
        self.own = own  # queues that come first for these agents, in order
        self.whole = whole_of(capacity)
        self.idle: dict[Tempo, OrderedKeys[LineKey]] = {t: OrderedKeys() for t in Tempo}
        self.buckets: dict[Tempo, list[Bucket]] = {t: [] for t in Tempo}  # of nobody in particular
        self.members_of: list[Bucket] = []  # the same, to be told who comes and goes
        self.signed_in = 0
        self.available = 0  # signed in and not away
        self._counts_beside: dict[str, CountsOf] = {}  # by requirement
        self._beside_one: dict[Tempo, frozenset[Tempo]] = {}  # by what alone the agent holds
        self._together: dict[frozenset[Tempo], list[Bucket]] = {}

    def join(self, bucket: Bucket) -> None:
        """Let the bucket have these agents."""
        bucket.profiles.append(self)
        bucket.signed_in += self.signed_in
        bucket.available += self.available
        self.members_of.append(bucket)
        self.buckets[bucket.tempo].append(bucket)
        self._together.clear()

    def part(self, bucket: Bucket) -> None:
        """Take these agents from the bucket; its own lists are made anew."""
        self.members_of.remove(bucket)
        self.buckets[bucket.tempo].remove(bucket)
        self._together.clear()

    def buckets_of(self, tempos: frozenset[Tempo]) -> list[Bucket]:
        """Return the buckets of these kinds of channel; the list must not be changed."""
        found = self._together.get(tempos)
        if found is None:
            found = self._together[tempos] = []
            for tempo, buckets in self.buckets.items():
                if tempo in tempos:
                    found += buckets
        return found

    def beside(self, bucket: Bucket) -> list[str]:
        """Return the skills of these agents that the bucket does not ask for."""
        return [skill for skill in self.skills if skill not in bucket.skills]

    def counts_beside(self, bucket: Bucket) -> CountsOf:
        """Return what looks up the counts of these skills; `ALL_THERE_IS` where there are none."""
        found = self._counts_beside.get(bucket.requirement)
        if found is None:
            skills = self.beside(bucket)
            # one skill twice: of one alone the count would come without a tuple
            found = itemgetter(skills[0], *skills) if skills else _count_of_none
            self._counts_beside[bucket.requirement] = found
        return found

    def count(self, signed_in: int, available: int) -> None:
        """Add agents who come, or (less than 0) go."""
        self.signed_in += signed_in
        self.available += available
        for bucket in self.members_of:
            bucket.signed_in += signed_in
            bucket.available += available

    def free_tempos(self, agent: Agent) -> frozenset[Tempo]:
        """Return the kinds of channel of which the agent could be offered one more now."""
        if not may_be_offered(agent):
            return NONE
        held = agent.holdings
        if not held:
            return self.whole
        if len(held) > 1:
            return beside(agent, self.capacity)
        tempo = held[0].tempo
        found = self._beside_one.get(tempo)
        if found is None:
            found = self._beside_one[tempo] = beside(agent, self.capacity)
        return found
