"""The same policy with one thing changed, to ask what that one thing does."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from router.core.model import SECOND, AgentId
from router.core.policy import Policy
from router.policy.compile_queues import BALANCED_S
from router.policy.models_queues import ItemOrder, QueueRules

LEAST_BEHIND_S: Final[dict[ItemOrder, int]] = {
    ItemOrder.ARRIVAL: 0,
    ItemOrder.BALANCED: BALANCED_S,
    ItemOrder.TARGET_FIRST: QueueRules.model_fields["late_behind_s"].default,
}


def with_order(policy: Policy, order: ItemOrder) -> Policy:
    """Return the policy with this order of items in every queue."""
    least = LEAST_BEHIND_S[order] * SECOND
    return replace(
        policy,
        queues={
            id_: replace(queue, late_behind=max(least, 2 * queue.target_span) if least else 0)
            for id_, queue in policy.queues.items()
        },
    )


def with_skill(policy: Policy, agent: AgentId, skill: str, level: int) -> Policy:
    """Return the policy with one agent trained in one skill."""
    rule = policy.agents[agent]
    trained = replace(rule, skills={**rule.skills, skill: level})
    return replace(policy, agents={**policy.agents, agent: trained})
