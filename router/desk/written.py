"""The shared list of what was written and waits: whose it is, how old, what is owed. Pure."""

from __future__ import annotations

from router.core.correspondence import WRITTEN
from router.core.fields import filled
from router.core.model import ENDED, ItemState
from router.core.policy import Policy
from router.core.policy_text import CannedAnswer
from router.core.records import Item
from router.core.state import State
from router.desk.conversations import text_view
from router.desk.named import queue_named, subject_of, text_of
from router.desk.view_types import moment, moment_or_none, seconds
from router.desk.views_text import AnswerView, InboxView


def inbox_of(
    state: State, *, queue: str | None, owner: str | None, ended: bool, limit: int
) -> tuple[InboxView, ...]:
    """Return written items, the most urgent first; `ended` adds closed ones still in memory."""
    rows = [row for row in state.items.values() if _listed(row, queue, owner, ended=ended)]
    rows.sort(key=lambda row: (row.state in ENDED, row.due_at or row.urgency_at, row.id))
    return tuple(_view(state, row) for row in rows[:limit])


def _listed(row: Item, queue: str | None, owner: str | None, *, ended: bool) -> bool:
    over = row.state in ENDED and row.state is not ItemState.SHUNTED
    if row.form not in WRITTEN or (over and not ended):
        return False
    if queue is not None and row.queue != queue:
        return False
    return owner is None or owner in (row.agent, row.text.owner if row.text is not None else None)


def _view(state: State, row: Item) -> InboxView:
    text = text_view(state, row)
    policy = state.policy
    return InboxView(
        item=row.id,
        state=row.state,
        form=row.form,
        queue=queue_named(policy, row.queue),
        subject=subject_of(policy, row),
        language=row.language,
        received_at=moment(row.received_at),
        age_s=seconds(max(0, state.now - row.received_at)),
        due=moment_or_none(row.due_at),
        agent=row.agent,
        owner=text.owner if text is not None else None,
        waiting_for=text.waiting_for if text is not None else "",
        urgent=text is not None and text.urgent,
        unanswered_since=text.unanswered_since if text is not None else None,
        messages=len(text.messages) + text.earlier if text is not None else 0,
        outcome=row.outcome,
    )


def answers_for(
    policy: Policy, row: Item | None, language: str, fields: dict[str, str]
) -> tuple[AnswerView, ...]:
    """Return the canned answers that fit an item, filled in; all of them without an item."""
    fitting = [a for a in policy.answers.values() if row is None or _fits(a, row)]
    return tuple(
        AnswerView(
            id=answer.id,
            title=text_of(answer.title, policy.languages[0].id),
            text=filled(text_of(answer.text, language), fields),
        )
        for answer in fitting
    )


def _fits(answer: CannedAnswer, row: Item) -> bool:
    by_subject = not answer.subjects or row.subject in answer.subjects
    return by_subject and (not answer.channels or row.channel.value in answer.channels)
