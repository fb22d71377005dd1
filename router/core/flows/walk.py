"""Walking a call flow: from one place where the caller must act to the next.

A caller finishes on the version of the flow they began with. Nodes that ask nothing (say, set,
hours, service, branch, goto) are passed in one go; what they say is kept in the position's trail,
so that the answer can be derived again from the state. Every position that waits has a deadline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from router.core import events as e
from router.core.hours import standing
from router.core.layers import layer_at
from router.core.model import HOUR, MINUTE, FlowId, Instant, ItemId, PolicyHash, QueueId, Span
from router.core.policy import Node, Policy, Values
from router.core.queueing import emergency_of
from router.core.records import FlowPosition, Item
from router.core.state import State

PASSED_MAX: Final = 200  # nodes passed without the caller acting; a check forbids such circles
PATIENCE: Final[Span] = 10 * MINUTE  # beyond what a node asks for, before a lost call is given up
TRANSFER_MAX: Final[Span] = 4 * HOUR  # longest talk with somebody outside
SAID: Final = "#said:"  # trail entry: a text of the town's own, by its key


@dataclass(slots=True)
class Walk:
    """What a walk has gathered since the caller last acted."""

    item: ItemId
    flow: FlowId
    policy: PolicyHash
    step: int
    trail: list[str] = field(default_factory=list)
    values: Values = field(default_factory=Values)
    attributes: dict[str, str] = field(default_factory=dict)

    def take(self, values: Values | None) -> None:
        """Add what a choice or set node writes; the later one wins."""
        if values is None:
            return
        self.attributes.update(values.attributes)
        self.values = Values(
            language=values.language or self.values.language,
            subject=values.subject or self.values.subject,
            requires=values.requires or self.values.requires,
            head_start=values.head_start or self.values.head_start,
        )

    def read(self, item: Item, attribute: str) -> str:
        """Return what a branch looks at, with this walk's values already counted."""
        if attribute == "language":
            return self.values.language or item.language
        if attribute == "subject":
            return self.values.subject or item.subject
        return self.attributes.get(attribute) or dict(item.attributes).get(attribute, "")

    def say(self, key: str) -> None:
        """Let the caller hear a text of the town's own next."""
        self.trail.append(SAID + key)

    def ask_again(
        self, now: Instant, position: FlowPosition, node: Node, key: str, rule: str
    ) -> e.FlowMoved:
        """Return the event: the caller hears why (`key`), and stands where they stood."""
        self.say(key)
        due = deadline(now, node)
        return self.stop(now, position.node, due, rule, tries=position.tries + 1)

    def stop(
        self,
        now: Instant,
        node: str,
        due: Instant,
        rule: str,
        *,
        tries: int = 0,
        target: int = 0,
        queue: QueueId | None = None,
    ) -> e.FlowMoved:
        """Return the event: the caller stands at `node` now."""
        return e.FlowMoved(
            at=now,
            item=self.item,
            flow=self.flow,
            policy=self.policy,
            node=node,
            step=self.step,
            tries=tries,
            trail=tuple(self.trail),
            due=due,
            target=target,
            language=self.values.language,
            subject=self.values.subject,
            requires=self.values.requires,
            head_start=self.values.head_start,
            attributes=tuple(sorted(self.attributes.items())),
            rule=rule,
            queue=queue,
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a walk has come to: a node that waits, queues, falls back or ends."""

    node: Node | None  # None: the flow has no such node; the caller is apologised to and queued
    name: str


def go(s: State, now: Instant, walk: Walk, name: str) -> Arrival:
    """Pass the nodes that ask nothing; return the first that does. Changes only `walk`."""
    policy = s.policies[walk.policy]
    item = s.items[walk.item]
    for _ in range(PASSED_MAX):
        found = policy.flows.get(walk.flow)
        node = None if found is None else found.nodes.get(name)
        if node is None:
            return Arrival(None, name)
        if node.kind == "say":
            walk.trail.append(f"{walk.flow}/{name}")
            name = node.next
        elif node.kind == "set":
            walk.take(node.values)
            name = node.next
        elif node.kind == "hours":
            name = _by_hours(s, policy, now, node)
        elif node.kind == "service":
            name = node.exits.get(layer_at(s, policy, node.service, now), node.otherwise)
        elif node.kind == "branch":
            name = node.exits.get(walk.read(item, node.attribute), node.otherwise)
        elif node.kind == "goto" and node.flow is not None:
            walk.flow = node.flow
            name = policy.flows[node.flow].start
        else:
            return Arrival(node, name)
    return Arrival(None, name)


def _by_hours(s: State, policy: Policy, now: Instant, node: Node) -> str:
    stands = standing(policy.hours[node.hours], now, emergency_of(s, node.hours))
    exact = node.exits.get(stands.rule)
    return exact if exact is not None else node.exits["open" if stands.is_open else "closed"]


def deadline(now: Instant, node: Node) -> Instant:
    """Return when a caller who never answers is taken for lost."""
    if node.kind == "transfer":
        return now + TRANSFER_MAX
    return now + node.timeout * max(1, node.tries) + node.length_max + PATIENCE


def front_messages(policy: Policy, now: Instant, called: str) -> list[str]:
    """Return the trail entries of the announcements that this caller hears first."""
    return [
        f"#front:{message.id}"
        for message in policy.front_messages
        if message.from_instant <= now < message.until
        and (not message.numbers or called in message.numbers)
    ]
