"""Answers that no person writes: acknowledgements and refusals, so many a day for each sender."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.flows.nodes import rule_at
from router.core.model import Instant, ItemId, MessageKind
from router.core.policy_text import MailPolicy
from router.core.service_level import local_day
from router.core.state import State
from router.core.transcript import TOWN, added
from router.core.wishes import send_mail

Events = Iterator[e.Event]


def may_answer(s: State, now: Instant, mail: MailPolicy, mailbox: str, address_key: str) -> bool:
    """Say whether this sender may get one more automatic answer today."""
    row = s.dials.get(_budget(mailbox, address_key))
    spent = row.count if row is not None and row.day == local_day(s, now) else 0
    return bool(address_key) and spent < mail.answers_per_day_max


def _budget(mailbox: str, address_key: str) -> str:
    return f"mail:{mailbox}:{address_key}"


def answer_by_itself(
    s: State, now: Instant, item_id: ItemId, mailbox: str, what: str, rule: str
) -> Events:
    """Send an answer that no person wrote; it counts against the sender's budget."""
    item = s.items[item_id]
    if item.text is None:
        return
    yield e.AutoAnswered(at=now, target=_budget(mailbox, item.address_key), day=local_day(s, now))
    yield added(
        s,
        now,
        item.text.conversation,
        item_id,
        by=TOWN,
        ref="",
        kind=MessageKind.AUTOMATIC,
        note=f"{what}:{rule}" if rule else what,
    )
    yield send_mail(s, now, item_id, item.text.conversation, what, rule=rule)


def told_by(s: State, event: e.Event) -> list[str]:
    """Return the fallback rules, as "chain/rule", that have something to tell the resident."""
    if not isinstance(event, e.FallbackWalked):
        return []
    hits = [tried.rule for tried in event.tried if tried.hit]
    rules = [(name, rule_at(s.policy, f"!{name}")) for name in hits]
    return [name for name, rule in rules if rule is not None and rule.text]
