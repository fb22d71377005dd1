"""What a chain says to who waits in a chat: a message of the town, in their language, once.

Callers hear it from their script; a mail's acknowledgement has it. In a chat it is a message like
any other, so that it is there for who comes back and for the agent who takes the chat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from router.core import events as e
from router.core.flows.nodes import rule_at
from router.core.model import Form, Instant, MessageKind
from router.core.records import Item
from router.core.state import State
from router.core.transcript import TOWN, added


def tell_in_chat(s: State, now: Instant, item: Item, tried: Iterable[e.Tried]) -> Iterator[e.Event]:
    """Say what the rules that were hit have to say; the note of the message names the rule."""
    talk = s.conversations.get(item.text.conversation) if item.text is not None else None
    if talk is None or item.form is not Form.CHAT:
        return
    said = {message.note for message in talk.messages if message.item == item.id}
    for name in (f"!{each.rule}" for each in tried if each.hit):
        rule = rule_at(s.policy, name)
        if rule is not None and rule.text and name not in said:
            kind = MessageKind.AUTOMATIC
            yield added(s, now, talk.id, item.id, by=TOWN, ref="", kind=kind, note=name)
