"""Which mistakes in fallback chains nobody could ever notice, so that they are not made.

A rule that no item can meet may be dropped, and rules of which no item meets both may change
places. What an item can be follows from how the core works: what may send it along a chain depends
on its kind, and what needs a caller on the line passes over the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core.model import Channel, Condition
from router.core.policy import FallbackRule, Policy, Queue
from router.core.tempos import COUNTS
from router.policy.check_reach import TEMPO_OF

CHANNELS: Final = frozenset(Channel)
VOICE: Final = frozenset({Channel.VOICE})
NEEDS_CALL: Final = frozenset({"voicemail", "callback", "transfer"})
COMES_WITH: Final = {channel: COUNTS[tempo] for channel, tempo in TEMPO_OF.items()}


def meets_nobody(policy: Policy, chain: str, rule: FallbackRule) -> bool:
    """Say whether no item that follows the chain can ever meet the rule."""
    followed = conditions_of(policy, chain) & (rule.when_condition or frozenset(Condition))
    return not any(followed & COMES_WITH[channel] for channel in channels_of(rule))


def never_both(one: FallbackRule, other: FallbackRule) -> bool:
    """Say whether no item can meet both rules."""
    pairs = (
        (channels_of(one), channels_of(other)),
        (one.when_subject, other.when_subject),
        (one.when_condition, other.when_condition),
    )
    return any(first and second and not first & second for first, second in pairs)


def channels_of(rule: FallbackRule) -> frozenset[Channel]:
    """Return the channels whose items can meet the rule."""
    return (rule.when_channel or CHANNELS) & (VOICE if rule.action in NEEDS_CALL else CHANNELS)


def conditions_of(policy: Policy, chain: str) -> frozenset[Condition]:
    """Return under what an item may follow the chain, from a queue, a flow or another chain."""
    found = {c for q in policy.queues.values() for c, each in q.fates.items() if each == chain}
    for flow in policy.flows.values():
        nodes = flow.nodes.values()
        found |= {n.condition for n in nodes if n.chain == chain and n.condition is not None}
    for name, other in policy.fallbacks.items():
        if name != chain and any(rule.chain == chain for rule in other.rules):
            found |= conditions_of(policy, name)
    steps = (step for queue in policy.queues.values() for step in queue.steps)
    return frozenset(Condition) if any(step.chain == chain for step in steps) else frozenset(found)


def brings(policy: Policy, rule: FallbackRule, subject: str) -> bool:
    """Say whether an item of the rule's channels can come with the subject."""
    return any(subject in _subjects(policy, channel) for channel in channels_of(rule))


def _subjects(policy: Policy, channel: Channel) -> frozenset[str]:
    return frozenset(_OF_CHANNEL[channel](policy))


def _of_calls(policy: Policy) -> Iterator[str]:
    for flow in policy.flows.values():
        for node in flow.nodes.values():
            for values in (node.values, *(choice.values for choice in node.choices.values())):
                if values is not None:
                    yield values.subject


def _of_mails(policy: Policy) -> Iterator[str]:
    if policy.mail is not None:
        yield from (rule.subject for rule in policy.mail.rules)
        yield from (box.subject for box in policy.mail.mailboxes.values())


def _of_forms(policy: Policy) -> Iterator[str]:
    for form in policy.forms.values():
        yield form.subject
        yield from (c for f in form.fields if f.id == form.subject_field for c in f.choices)


def _of_chats(policy: Policy) -> Iterator[str]:
    if policy.chat is not None:
        yield from (door.subject for door in policy.chat.doors.values())


_OF_CHANNEL: Final = {
    Channel.VOICE: _of_calls,
    Channel.MAIL: _of_mails,
    Channel.WEBFORM: _of_forms,
    Channel.CHAT: _of_chats,
}


def is_followed(policy: Policy, queue: Queue, condition: Condition) -> bool:
    """Say whether the queue's chain for the condition can be followed at all."""
    if condition is Condition.FULL:
        return bool(queue.length_max or queue.length_per_agent)
    if condition is Condition.SURGE:
        return policy.surge is not None and queue.id not in policy.surge.first
    return True
