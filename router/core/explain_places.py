"""Which file and line of the policy a rule stands in, for explanations."""

from __future__ import annotations

from router.core.flows.nodes import rule_at
from router.core.model import FlowId, QueueId
from router.core.policy import Policy


def place_of_rule(policy: Policy, name: str) -> str:
    """Return where a fallback rule stands that is named "chain/rule"; "" for an unknown one."""
    rule = rule_at(policy, f"!{name}")
    return "" if rule is None else str(rule.place)


def place_of_chain(policy: Policy, chain: str) -> str:
    """Return where a chain begins; "" for an unknown one."""
    found = policy.fallbacks.get(chain)
    return "" if found is None or not found.rules else str(found.rules[0].place)


def place_of_node(policy: Policy, flow: FlowId, node: str) -> str:
    """Return where a node stands, of a flow or made of a fallback rule; "" for our own steps."""
    if node.startswith("!"):
        return place_of_rule(policy, node[1:])
    found = policy.flows.get(flow)
    row = None if found is None else found.nodes.get(node)
    return "" if row is None else str(row.place)


def place_of_requirement(
    policy: Policy, queue: QueueId, step: int, kept: tuple[int, ...] = ()
) -> str:
    """Return where a queue says what is needed after so many steps; "" for an unknown queue.

    Steps with a condition say it for those who have kept them.
    """
    rule = policy.queues.get(queue)
    if rule is None:
        return ""
    says = rule.place
    for number, each in enumerate(rule.steps[:step], 1):
        counts = each.condition is None or number in kept
        says = each.place if counts and (each.requires or each.adds) else says
    return str(says)
