"""Requirements that were bound before: most items of a queue ask for the same."""

from __future__ import annotations

from router.core.model import QueueId
from router.core.policy import Policy, Queue
from router.core.records import Item
from router.core.steps import asks_of_item, given_of, skill_of, text_at


class AskedFor:
    """What was asked for by the queues of a policy; derived, good while the queue is the same."""

    def __init__(self) -> None:
        self._found: dict[tuple[QueueId, str, str, int, tuple[int, ...]], tuple[Queue, str]] = {}

    def text(
        self, policy: Policy, item: Item, queue: Queue, step: int, held: tuple[int, ...]
    ) -> str:
        """Return the bound requirement after a step; `held`: those with a condition that count."""
        skill = skill_of(policy, item.language)
        key = (queue.id, skill, item.requires, step, held)
        found = self._found.get(key)
        if found is not None and found[0] is queue:
            return found[1]
        text = text_at(queue, step, item.requires, skill, given_of(policy, queue, item), held)
        if not asks_of_item(queue, item):  # else it depends on more than the key says
            self._found[key] = queue, text
        return text
