"""Conversations as a desk shows them: what was written, by whom, what is owed.

Pure: the state says who wrote what and when; the words are put in once somebody has fetched them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from router.core.families import family, talks_of
from router.core.model import AgentId, Channel, Form
from router.core.policy import Policy
from router.core.records import Conversation, Item, Message, TextWork
from router.core.state import State
from router.core.transcript import AGENT
from router.desk.view_types import Moment, moment, moment_or_none
from router.desk.views_text import FileView, MessageView, TextView
from router.ports import Words, said_in

SHOWN_MAX: Final = 100  # messages on a desk; the rest stands in the item's whole conversation


def conversation_of(state: State, row: Item) -> Conversation | None:
    """Return what was written about the item; None without a conversation."""
    return state.conversations.get(row.text.conversation) if row.text is not None else None


def conversations_of(state: State, row: Item) -> tuple[Conversation, ...]:
    """Return the item's conversation and those of all that went into it."""
    return tuple(state.conversations[talk] for talk in talks_of(state, row))


def text_view(state: State, row: Item) -> TextView | None:
    """Return the item's conversation without words; None when it has none and can get none."""
    policy = state.policy
    text = row.text
    if text is None:
        if row.form not in (Form.SUBMISSION, Form.MESSAGE) or policy.mail is None:
            return None
        return TextView(conversation="", can_reply="mail" if row.contact_ref else "")
    conversations = conversations_of(state, row)
    written = sorted(_once(conversations), key=lambda each: (each[1].at, each[1].number))
    channel = conversations[0].channel if conversations else row.channel
    return TextView(
        conversation=text.conversation,
        can_reply="chat" if channel is Channel.CHAT else _by_mail(state, row, conversations),
        messages=tuple(message_view(policy, *each) for each in written[-SHOWN_MAX:]),
        earlier=max(0, len(written) - SHOWN_MAX),
        owner=text.owner,
        waiting_for=text.waiting_for,
        linked_to=text.linked_to,
        merged_into=text.merged_into,
        merged=text.merged,
        rule=text.rule,
        urgent=text.urgent,
        unanswered_since=moment_or_none(text.unanswered_since),
        answer_due=_answer_due(policy, row, text, channel),
        resident_left=text.resident_left,
    )


def _by_mail(state: State, row: Item, conversations: tuple[Conversation, ...]) -> str:
    may = conversations or any(each.contact_ref for each in family(state, row))
    return "mail" if may and state.policy.mail is not None else ""


def _once(conversations: tuple[Conversation, ...]) -> Iterator[tuple[str, Message]]:
    """Yield every message with its conversation; an answer that went into several only once."""
    answered: set[str] = set()
    for conversation, message in ((c.id, m) for c in conversations for m in c.messages):
        if not message.by.startswith(AGENT) or message.ref not in answered:
            answered.add(message.ref)
            yield conversation, message


def _answer_due(policy: Policy, row: Item, text: TextWork, channel: Channel) -> Moment | None:
    """Return when the resident must have had an answer to what they wrote last."""
    if text.unanswered_since is None:
        return None
    if channel is Channel.CHAT and row.form is Form.CHAT and policy.chat is not None:
        return moment(text.unanswered_since + policy.chat.answer_within)
    return moment_or_none(row.due_at)


def message_view(policy: Policy, conversation: str, row: Message) -> MessageView:
    """Return a message without its words."""
    kind, _, name = row.by.partition(":")
    who = name
    if kind == "agent":
        rule = policy.agents.get(AgentId(name))
        who = rule.name if rule is not None else name
    elif kind == "contact":
        contact = policy.contacts.get(name)
        who = contact.name if contact is not None else name
    return MessageView(
        conversation=conversation,
        number=row.number,
        kind=row.kind,
        by=kind,
        who=who,
        at=moment(row.at),
        note=row.note,
        ref=row.ref,
    )


def refs_of_text(view: TextView | None) -> list[str]:
    """Return the references of what was written."""
    return [m.ref for m in view.messages if m.ref] if view is not None else []


def told_text(view: TextView | None, found: dict[str, Words]) -> TextView | None:
    """Return the view with the words that were found."""
    if view is None:
        return None
    return replace(view, messages=tuple(message_told(m, found.get(m.ref)) for m in view.messages))


def message_told(view: MessageView, words: Words | None) -> MessageView:
    """Return the view with its words, if they were found."""
    said = said_in(words)
    if said is None:
        return view
    return replace(
        view,
        text=said.text,
        quoted=said.quoted,
        subject=said.subject,
        has_html=bool(said.html),
        sender=said.sender,
        files=tuple(
            FileView(name=f.name, kind=f.kind, size=f.size, inline=bool(f.content_id))
            for f in said.files
        ),
    )
