"""Telling people on call by mail of an urgent item, one after the other until somebody answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.families import talks_of
from router.core.model import Instant, LegResult, MessageKind
from router.core.on_call import open_attempt, order_of, told
from router.core.policy import FallbackRule
from router.core.records import Item
from router.core.state import State
from router.core.transcript import TOWN, added
from router.core.wishes import send_mail

Events = Iterator[e.Event]

PAGE: Final = "page:"  # and the contact: the note of a message that told somebody on call


def reachable(s: State, now: Instant, rule: FallbackRule) -> list[str]:
    """Return the contacts of a rule that can be told by mail today, in order, each round."""
    targets = order_of(s, now, rule)
    return [t for t in targets if s.policy.contacts[t].email]


def last_told(s: State, item: Item) -> str:
    """Return the contact who was told of the item last; "" when nobody was."""
    talks = talks_of(s, item)
    messages = s.conversations[talks[0]].messages if talks else ()
    notes = (m.note for m in reversed(messages))
    return next((n.removeprefix(PAGE) for n in notes if n.startswith(PAGE)), "")


def cannot(s: State, now: Instant, item: Item, rule: FallbackRule) -> str:
    """Return why nobody can be told of the item by this rule; "" when somebody can."""
    if not talks_of(s, item):
        return "page is for what was written"
    if s.policy.mail is None:
        return "the town sends no mail"
    return "" if reachable(s, now, rule) else "nobody of the list has a mail address"


def page(s: State, now: Instant, item: Item, rule: FallbackRule, name: str, index: int) -> Events:
    """Tell the contact at `index`; the next one follows after `rule.every`."""
    targets, talks = reachable(s, now, rule), talks_of(s, item)
    if not talks or index >= len(targets):
        yield e.PageAnswered(at=now, item=item.id, contact="")
        return
    contact = targets[index]
    due = now + rule.every if rule.every else None
    yield e.PageSent(at=now, item=item.id, contact=contact, index=index, rule=name, due=due)
    yield from told(s, now, item.id, contact, "mail", name)
    conversation = talks[0]
    yield added(
        s,
        now,
        conversation,
        item.id,
        by=TOWN,
        ref="",
        kind=MessageKind.NOTE,
        note=f"{PAGE}{contact}",
    )
    yield send_mail(s, now, item.id, conversation, "page", contact=contact)


def nobody_answered(s: State, now: Instant, item: Item) -> Events:
    """Time is up for the one who was told: the next one, if the rule is still there.

    Whose turn it is follows from who was told last, not from a number: at midnight another list
    may be on, and that is told from its beginning.
    """
    if item.text is None:
        return
    name = item.text.page_rule
    yield from _in_vain(s, now, item)
    chain_id, _, rule_id = name.lstrip("!").partition("/")
    chain = s.policy.fallbacks.get(chain_id)
    rules = chain.rules if chain is not None else ()
    rule = next((r for r in rules if r.id == rule_id and r.action == "page"), None)
    if rule is None or s.policy.mail is None:
        yield e.PageAnswered(at=now, item=item.id, contact="")
        return
    targets, last = reachable(s, now, rule), last_told(s, item)
    index = item.text.page_index
    if index >= len(targets) or targets[index] != last:
        index = targets.index(last) if last in targets else -1
    following = index + 1
    yield from page(s, now, item, rule, name, following)


def _in_vain(s: State, now: Instant, item: Item) -> Events:
    """Who was told last has not answered in time."""
    before = open_attempt(s, item.id)
    if before is not None:
        result = LegResult.NO_ANSWER
        yield e.OutsideTried(at=now, item=item.id, contact=before.contact, result=result)


def took(s: State, now: Instant, item: Item, contact: str) -> Events:
    """Somebody outside has written about the item: it counts if they, or anybody, were told."""
    text = item.text
    if text is None or text.page_answered_by:
        return
    messages = (m for talk in talks_of(s, item) for m in s.conversations[talk].messages)
    was_told = any(m.note == f"{PAGE}{contact}" for m in messages)
    if text.page_due is not None or was_told:
        yield e.OutsideTried(at=now, item=item.id, contact=contact, result=LegResult.ANSWERED)
        yield e.PageAnswered(at=now, item=item.id, contact=contact)
