"""Names as people read them, in the town's first language. Pure."""

from __future__ import annotations

from router.core.model import QueueId
from router.core.policy import Policy, Texts
from router.core.records import Item
from router.desk.view_types import NamedView


def text_of(texts: Texts, language: str) -> str:
    """Return the text in the language, or in any, or ""."""
    return texts.get(language) or next(iter(texts.values()), "")


def subject_of(policy: Policy, row: Item) -> str:
    """Return the subject in the town's first language."""
    return subject_called(policy, row.subject)


def subject_called(policy: Policy, subject: str) -> str:
    """Return what a subject is called in the town's first language; its id if it has no name."""
    texts = policy.subjects.get(subject)
    return text_of(texts, policy.languages[0].id) if texts is not None else subject


def queue_named(policy: Policy, queue_id: QueueId | None) -> NamedView | None:
    """Return the queue with its name in the town's first language."""
    if queue_id is None:
        return None
    queue = policy.queues.get(queue_id)
    name = text_of(queue.name, policy.languages[0].id) if queue is not None else queue_id
    return NamedView(id=queue_id, name=name)
