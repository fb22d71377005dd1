"""What a mail rule does to an item, also one that is under way, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import commands_text as c
from router.core import events as e
from router.core.callbacks import closed
from router.core.fallback import enter_queue
from router.core.model import IN_LINE, Instant, ItemId, ItemState, OfferEnding, QueueId
from router.core.offers import end_offers
from router.core.policy_text import MailRule
from router.core.queueing import line_up, queue_of
from router.core.records import Item
from router.core.state import State
from router.core.threads import mail_policy, opened_again
from router.errors import UnknownTarget

Events = Iterator[e.Event]


def shape(s: State, now: Instant, item_id: ItemId, rule: MailRule) -> Events:
    """Note the rule, and what it adds to subject, requirement and place."""
    yield e.RuleApplied(
        at=now,
        item=item_id,
        rule=rule.id,
        action=rule.action,
        place=f"{rule.file}:{rule.line}",
        urgent=rule.urgent,
        subject=rule.subject,
    )
    if rule.requires or rule.head_start:
        yield e.ItemShaped(at=now, item=item_id, requires=rule.requires, head_start=rule.head_start)


def close_at_once(
    s: State, now: Instant, item_id: ItemId, queue: QueueId, rule: MailRule
) -> Events:
    """File it under its queue, where it counts, and end it: somebody has dealt with it already."""
    item, why = s.items[item_id], outcome_of(rule.id)
    yield from line_up(
        s, now, item, s.policy.queues[queue], form=item.form, first_queued_at=now, rule=why
    )
    yield closed(s, now, item_id, why, code=rule.code)


def outcome_of(rule_id: str) -> str:
    """Return how an item ended that a rule has closed at once."""
    return f"mail rule {rule_id}"


def has_become_urgent(s: State, now: Instant, item: Item, rule: MailRule | None) -> Events:
    """A later mail of a conversation may be urgent, too; what is in hand its agent reads anyway.

    Other rules sort what is new: they do not touch work that is under way.
    """
    if rule is None or not rule.urgent or item.text is None or item.text.urgent:
        return
    if not _is_at_rest(item):
        return
    yield from shape(s, now, item.id, rule)
    why = f"mail rule {rule.id}"
    yield from end_offers(s, now, s.items[item.id], OfferEnding.WITHDRAWN, why)
    row = s.items[item.id]
    queue = s.policy.queues[rule.queue] if rule.queue is not None else queue_of(s, row)
    yield from enter_queue(s, now, row, queue, None, form=row.form, rule=why)


def _is_at_rest(item: Item) -> bool:
    """Say whether it stands in line, or is kept for an opening."""
    parked = item.text is not None and item.text.waiting_for
    return item.state in IN_LINE or (item.state is ItemState.DEFERRED and not parked)


def undo_rule(s: State, now: Instant, c_: c.UndoRule) -> Events:
    """What a rule did was wrong: the item stands as if the rule had not matched."""
    item = s.items.get(c_.item_id)
    if item is None or item.text is None or not item.text.rule:
        raise UnknownTarget(f"no mail rule has shaped item {c_.item_id!r}")
    box = mail_policy(s).mailboxes.get(item.called)
    ended = item.outcome in ("refused", outcome_of(item.text.rule))
    yield e.RuleUndone(
        at=now,
        item=c_.item_id,
        rule=item.text.rule,
        by=c_.by,
        reason=c_.reason,
        subject=box.subject if box is not None else item.subject,
    )
    yield from _again_without_rule(s, now, s.items[c_.item_id], c_.by, ended=ended)


def _again_without_rule(s: State, now: Instant, item: Item, by: str, *, ended: bool) -> Events:
    """Place it as its mailbox would have; what somebody has in hand or put away stays there.

    `ended`: it was the rule that ended it.
    """
    why = f"{by} undid the mail rule"
    if item.state is ItemState.SHUNTED or ended:
        yield from opened_again(s, now, item, by, why)
    elif _is_at_rest(item):
        yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, why)
    else:
        return
    row = s.items[item.id]
    box = mail_policy(s).mailboxes.get(row.called)
    queue = s.policy.queues[box.queue] if box is not None else queue_of(s, row)
    yield from enter_queue(s, now, row, queue, None, form=row.form, rule=why)
