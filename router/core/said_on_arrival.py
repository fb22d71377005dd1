"""What a chain had to say to somebody who has just come and is not on the line.

Callers hear it from their script, chats have it as messages, mails in their acknowledgement; a web
form is answered there and then. Pure; computed from the state right after the arrival.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core.fallback import walk_chain
from router.core.flows.nodes import rule_at
from router.core.model import MINUTE, ItemState, Span
from router.core.policy import Texts
from router.core.records import Item
from router.core.state import State

JUST_NOW: Final[Span] = 10 * MINUTE


def said_on_arrival(s: State, item: Item) -> Iterator[Texts]:
    """Yield the texts of the rules that the item met, in order; nothing when it just waits."""
    queue = s.policy.queues.get(item.queue) if item.queue is not None else None
    if queue is None or item.condition is None or item.ended_at is not None:
        return
    if item.state is not ItemState.DEFERRED and s.now - item.received_at > JUST_NOW:
        return  # sent again much later: what was so then is over
    chain = queue.fates.get(item.condition, "")
    walked = walk_chain(s, s.now, item, queue, item.condition, chain, "").tried if chain else ()
    for each in walked:
        rule = rule_at(s.policy, f"!{each.rule}") if each.hit else None
        if rule is not None and rule.text:
            yield rule.text
