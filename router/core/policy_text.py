"""The compiled rules of mail, chat and canned answers; part of `router.core.policy.Policy`.

Texts are per language code and may hold fields in braces: {name} {reference} {due} {town} {agent}
{subject} {opens} and, in pages, {summary}.
"""

from __future__ import annotations

import msgspec

from router.core.model import QueueId, Span

Texts = dict[str, str]


class Struct(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of these rules."""


class Mailbox(Struct, frozen=True):
    """An address of the town that residents write to."""

    id: str
    address: str  # "info@town.example.org", normalised
    aliases: tuple[str, ...]  # other addresses that lead here, normalised
    name: Texts  # shown beside the address in what we send
    queue: QueueId
    subject: str  # subject id of what no rule says otherwise; "" = none
    acknowledge: bool  # a new conversation is acknowledged with reference number and due time
    file: str
    line: int
    plus_addressing: bool = True  # answers and bounces go to "info+TOKEN@town.example.org"


class MailRule(Struct, frozen=True):
    """Taken when every given condition holds; the first that is taken decides.

    Patterns: addresses are "local@domain", "@domain" or "*@*.domain"; words match whole words or
    phrases, without regard to case and accents.
    """

    id: str
    mailboxes: frozenset[str]  # Mailbox ids; empty = any
    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    subject_words: tuple[str, ...]  # any of them in the subject
    words: tuple[str, ...]  # any of them in subject or text, quotation left out
    attachment: bool | None  # has (has not) a file; None = does not matter
    attachment_kinds: tuple[str, ...]  # any of them: "image/*", "application/pdf"
    size_min: int  # bytes
    authentication: str  # "" = does not matter; pass | fail, as the configured server says
    action: str  # route | close (routed, and done at once) | refuse | set_aside
    queue: QueueId | None
    subject: str
    requires: str  # canonical requirement added to the queue's
    head_start: Span
    urgent: bool
    text: Texts  # refuse: what the sender is told
    file: str
    line: int
    code: str = ""  # close: the wrap-up code
    acknowledge: bool = True  # False: not acknowledged, whatever the mailbox says


class MailPolicy(Struct, frozen=True):
    mailboxes: dict[str, Mailbox]
    rules: tuple[MailRule, ...]
    acknowledgement: Texts  # subject line is "Re: ..." of what was written
    signature: Texts  # below every reply of an agent; {agent} {town}
    page: Texts  # told to somebody on call; {reference} {subject} {summary}
    authserv_ids: tuple[str, ...]  # whose Authentication-Results are believed
    answers_per_day_max: int  # automatic answers per sender and mailbox
    per_hour_max: int  # mails per sender and mailbox that open an item; more are set aside
    reopen_within: Span  # a reply to what was closed longer ago begins a new, linked item
    to_owner_for: Span  # a reply waits so long for who had it before
    waiting_max: Span  # a resident who does not answer for so long: see `waiting_then`
    waiting_then: str  # close | return
    attachment_bytes_max: int  # of one file an agent sends or opens
    attachment_kinds: tuple[str, ...]  # that agents may open and send: "image/*", ...
    default: str = ""  # mailbox that speaks for the town: the first in the file

    def rule(self, rule_id: str) -> MailRule | None:
        """Return the rule; None for a name that the policy no longer has, and for ""."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    @property
    def first(self) -> Mailbox:
        """Return the mailbox that answers forms and chats."""
        box = self.mailboxes.get(self.default)
        return box if box is not None else next(iter(self.mailboxes.values()))


class ChatDoor(Struct, frozen=True):
    """Where chats come from: a page of the town's site."""

    id: str
    queue: QueueId
    subject: str
    origins: tuple[str, ...]  # "https://www.town.example.org"; empty = only our own pages
    file: str
    line: int


class ChatPolicy(Struct, frozen=True):
    doors: dict[str, ChatDoor]  # the first is the default
    greeting: Texts
    closed: Texts  # {opens}
    safety: Texts  # tells residents in danger to dial 911
    answer_within: Span  # an agent owes each message an answer
    dormant_after: Span  # a resident silent for so long frees the agent
    dormant_max: Span  # then the chat ends
    to_owner_for: Span  # a resident who comes back waits so long for the same agent
    mail_after: Span  # unread answers go by mail after so long; 0 = never
    message_max: int  # characters
    per_minute_max: int  # messages of one conversation
    conversations_per_hour_max: int  # of one network address
    upload_bytes_max: int  # 0 = no files
    upload_kinds: tuple[str, ...]
    default: str = ""  # door of who names none: the first in the file

    def door(self, door_id: str) -> ChatDoor:
        """Return the door; the first one for a name that the policy does not have."""
        found = self.doors.get(door_id)
        return found if found is not None else self.first

    @property
    def first(self) -> ChatDoor:
        """Return the door of who names none."""
        door = self.doors.get(self.default)
        return door if door is not None else next(iter(self.doors.values()))


class CannedAnswer(Struct, frozen=True):
    id: str
    title: Texts
    text: Texts
    subjects: frozenset[str]  # empty = any
    channels: frozenset[str]  # empty = any


def is_kind(pattern: str, kind: str) -> bool:
    """Say whether a type of file fits "image/*" or "application/pdf"."""
    return kind.startswith(pattern[:-1]) if pattern.endswith("/*") else kind == pattern
