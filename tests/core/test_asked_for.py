"""What was bound once is not bound again, and never for a queue that asks for something else."""

from __future__ import annotations

from msgspec.structs import replace

from router.core.asked_for import AskedFor
from router.core.model import QueueId
from router.core.steps import given_of, skill_of, text_at
from tests.core.town import Desk


def test_a_queue_that_has_changed_asks_for_what_it_asks_for_now() -> None:
    desk, asked_for = Desk(), AskedFor()
    desk.call("ONE", "1", "2", caller="x")
    (item,) = desk.engine.state.items.values()
    policy, queue = desk.policy, desk.policy.queues[QueueId(str(item.queue))]
    changed = replace(queue, requires="tax", steps=())
    for rule in (queue, queue, changed, queue):
        for who in (item, replace(item, language="xx"), replace(item, requires="tax >= 3")):
            skill, given = skill_of(policy, who.language), given_of(policy, rule, who)
            said = asked_for.text(policy, who, rule, 0, ())
            assert said == text_at(rule, 0, who.requires, skill, given)
