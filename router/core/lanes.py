"""Lists of waiting items whose requirement depends on a condition of their queue.

Items that have reached a step with a condition wait in a bucket of their *lane*: queue, tempo,
step, own requirement, language and attributes are the same, so what the condition lets pass is the
same for all of them. When a condition comes or goes, the bucket as a whole asks for
something else; no item is touched (`docs/adr/0022`). Derived from rows and policy; nothing here is
stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from router.core.buckets import NAMED, Bucket
from router.core.model import AgentId, Condition, QueueId, Span, Tempo
from router.core.policy import Policy
from router.core.records import Item
from router.core.steps import (
    Given,
    either,
    given_of,
    head_start_of,
    open_steps,
    skill_of,
    text_at,
    widens,
)


class Lane(NamedTuple):
    """What items have in common whose requirement a condition changes alike."""

    queue: QueueId
    tempo: Tempo
    step: int
    requires: str
    skill: str  # of the language
    given: Given  # attributes that are asked for


Kind = tuple[QueueId, Tempo]


class Lanes:
    """The lanes of all queues, and which conditions hold there, each tempo for itself."""

    def __init__(self) -> None:
        self.first: dict[QueueId, int] = {}  # the first step that a condition widens
        self._policy: Policy | None = None
        self._holds: dict[Kind, frozenset[Condition]] = {}
        self._buckets: dict[Kind, dict[tuple[str, Lane], Bucket]] = {}

    def adopt(self, policy: Policy) -> None:
        """Forget the lanes of the policy before; its buckets must be empty or put in again."""
        self._policy = policy
        self._buckets = {}
        self.first = {
            queue.id: next(n for n, step in enumerate(queue.steps, 1) if widens(step))
            for queue in policy.queues.values()
            if any(map(widens, queue.steps))
        }

    def lane_of(self, item: Item) -> Lane | None:
        """Return the item's lane; None: no condition changes what it asks for."""
        if item.queue is None or item.requirement.startswith(NAMED):
            return None
        first = self.first.get(item.queue)
        if first is None or item.step < first or self._policy is None:
            return None
        policy = self._policy
        given = given_of(policy, policy.queues[item.queue], item)
        skill = skill_of(policy, item.language)
        return Lane(item.queue, item.tempo, item.step, item.requires, skill, given)

    def bucket(self, text: str, lane: Lane) -> tuple[Bucket, bool]:
        """Return the lane's bucket of items with that requirement, and whether it is new."""
        buckets = self._buckets.setdefault((lane.queue, lane.tempo), {})
        found = buckets.get((text, lane))
        if found is not None:
            return found, False
        made = buckets[text, lane] = Bucket(text, lane.tempo)
        made.ask(*self._asks(text, lane))
        return made, True

    def buckets(self) -> Iterator[Bucket]:
        """Yield every bucket of a lane."""
        for buckets in self._buckets.values():
            yield from buckets.values()

    def holds(self, queue: QueueId, tempo: Tempo, conditions: frozenset[Condition]) -> list[Bucket]:
        """Let these conditions hold at a queue; return the buckets that ask for something else."""
        if self._holds.get((queue, tempo), frozenset()) == conditions:
            return []
        self._holds[queue, tempo] = conditions
        changed: list[Bucket] = []
        for (text, lane), bucket in self._buckets.get((queue, tempo), {}).items():
            asks, lift = self._asks(text, lane)
            if (asks, lift) != (bucket.requirement, bucket.lift):
                bucket.ask(asks, lift)
                changed.append(bucket)
        return changed

    def idle_helpers(self, queue: QueueId, tempo: Tempo) -> Iterator[AgentId]:
        """Yield idle agents who could take one of those who wait in the queue's lanes."""
        for bucket in self._buckets.get((queue, tempo), {}).values():
            left = len(bucket)
            for profile in bucket.profiles if left else ():
                for _, (_, agent) in zip(range(left), profile.idle[bucket.tempo], strict=False):
                    yield AgentId(agent)

    def _asks(self, text: str, lane: Lane) -> tuple[str, Span]:
        """Return what a lane's items ask for, of whom `text` is asked without a condition.

        Who has kept a step of an earlier condition keeps it beside what holds now.
        """
        queue = self._policy.queues.get(lane.queue) if self._policy is not None else None
        if queue is None:
            return text, 0
        held = open_steps(queue, lane.step, self._holds.get((lane.queue, lane.tempo), frozenset()))
        if not held:
            return text, 0
        asks = text_at(queue, lane.step, lane.requires, lane.skill, lane.given, held)
        if text != text_at(queue, lane.step, lane.requires, lane.skill, lane.given):
            asks = either(text, asks)
        return asks, head_start_of(queue, held)
