"""Where a caller can stand: nodes of flow files, and nodes made from other rules.

A position's node name begins with
    "!"  a rule of a fallback chain: "!after_hours/urgent"
    "@"  a step of ours: "@callback" (book a callback in the item's queue; "@callback:29400000": for
         the window that begins then), "@when:29400000+29400120" (choose a window, or as soon as
         possible), "@contact:security"; "@when:29400000|call_me", with the node or rule that asked
and is the id of a node of the flow file otherwise. The trail of a position uses the same names,
with flow nodes as "flow/node", and "#front:snow" for a front message.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from router.core.model import SECOND, FlowId, QueueId
from router.core.policy import FallbackRule, Node, Place, Policy, Prompt
from router.core.windows import CALLBACK, WHEN, origin_of

CONTACT: Final = "@contact:"
HERE: Final = Place(file="", line=0)

_KIND_OF_ACTION: Final = {"voicemail": "voicemail", "callback": "callback", "transfer": "transfer"}


def node_at(policy: Policy, flow: FlowId, name: str, queue: QueueId | None) -> Node | None:
    """Return the node of that name; None when the policy has none."""
    if name.startswith("!"):
        rule = rule_at(policy, name)
        return None if rule is None else _node_of_rule(name, rule)
    if name.startswith(WHEN):
        return Node(id=name, kind="when", place=HERE, queue=queue, timeout=12 * SECOND, tries=2)
    origin = origin_of(name)
    if name.startswith(CALLBACK) and origin:  # as the node or rule that lets choose a time first
        node = node_at(policy, flow, origin, queue)
        return None if node is None else replace(node, id=name)
    if name.startswith(CALLBACK):
        return Node(id=name, kind="callback", place=HERE, queue=queue, timeout=12 * SECOND, tries=2)
    if name.startswith(CONTACT):
        target = name[len(CONTACT) :]
        return Node(id=name, kind="transfer", place=HERE, queue=queue, targets=(target,))
    found = policy.flows.get(flow)
    return None if found is None else found.nodes.get(name)


def rule_at(policy: Policy, name: str) -> FallbackRule | None:
    """Return the fallback rule that a "!chain/rule" name means."""
    chain_id, _, rule_id = name[1:].partition("/")
    chain = policy.fallbacks.get(chain_id)
    if chain is None:
        return None
    return next((rule for rule in chain.rules if rule.id == rule_id), None)


def _node_of_rule(name: str, rule: FallbackRule) -> Node:
    return Node(
        id=name,
        kind=_KIND_OF_ACTION.get(rule.action, "say"),
        place=rule.place,
        prompt=Prompt(text=rule.text, audio={}),
        queue=rule.queue,
        targets=rule.targets,
        timeout=12 * SECOND,
        tries=2,
        length_max=180 * SECOND,
        accept=rule.accept,
        rounds=rule.rounds,
        choose_time=rule.choose_time,
    )


def targets_of(policy: Policy, targets: tuple[str, ...], local_date: str) -> tuple[str, ...]:
    """Return the outside contacts to ring in order: on-call lists are replaced by who is on."""
    found: list[str] = []
    for target in targets:
        on_call = policy.on_call.get(target)
        if on_call is None:
            names: tuple[str, ...] = (target,)
        else:
            names = next(
                (s.contacts for s in on_call.shifts if s.first <= local_date <= s.last),
                on_call.otherwise,
            )
        found.extend(name for name in names if name in policy.contacts and name not in found)
    return tuple(found)
