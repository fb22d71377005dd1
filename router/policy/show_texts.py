"""Prints mail, chat and canned answers of a compiled policy, for `townline check --show`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from router.core.policy import Policy
from router.core.policy_text import MailPolicy, MailRule
from router.policy.spans import NEVER, written_span

_OPENS_NOTHING: Final = {"refuse": "refuse with a text", "set_aside": "set aside"}


def _mail(policy: Policy, language: str) -> Iterator[str]:
    mail = policy.mail
    if mail is None:
        return
    for box in mail.mailboxes.values():
        aliases = f", also {', '.join(box.aliases)}" if box.aliases else ""
        told = "acknowledged" if box.acknowledge else "not acknowledged"
        plain = "" if box.plus_addressing else ", answers come to the address itself"
        yield f"Mailbox {box.id}: {box.address}{aliases}; queue {box.queue}, {told}{plain}"
    if mail.rules:
        yield "Mail rules, the first that applies"
    for rule in mail.rules:
        yield f"  {rule.id}: {' and '.join(_conditions(rule)) or 'always'} -> {_becomes(rule)}"
    yield from _mail_spans(mail)
    yield ""


def _mail_spans(mail: MailPolicy) -> Iterator[str]:
    servers = ", ".join(mail.authserv_ids) or "of nobody"
    yield f"  results of authentication believed: {servers}"
    yield (
        f"  answers open again what was closed within {written_span(mail.reopen_within)}, for the"
        f" same agent for {_or_never(mail.to_owner_for)}"
    )
    yield (
        f"  waiting for residents: {written_span(mail.waiting_max)}, then {mail.waiting_then};"
        f" {mail.answers_per_day_max} automatic answers a day, {mail.per_hour_max} new items an"
        " hour and sender"
    )
    yield f"  files: {', '.join(mail.attachment_kinds)}, up to {mail.attachment_bytes_max:,} bytes"


def _conditions(rule: MailRule) -> Iterator[str]:
    if rule.mailboxes:
        yield f"to {', '.join(sorted(rule.mailboxes))}"
    for what, values in (
        ("from", rule.senders),
        ("addressed to", rule.recipients),
        ("words", rule.words),
        ("words in the subject line", rule.subject_words),
        ("with a file of kind", rule.attachment_kinds),
    ):
        if values:
            yield f"{what} {' / '.join(values)}"
    if rule.attachment is not None:
        yield "with a file" if rule.attachment else "without a file"
    if rule.size_min:
        yield f"of {rule.size_min:,} bytes or more"
    if rule.authentication:
        yield f"authentication {rule.authentication}"


def _becomes(rule: MailRule) -> str:
    if rule.action in _OPENS_NOTHING:
        return _OPENS_NOTHING[rule.action]
    parts = [
        f"queue {rule.queue}" if rule.queue is not None else "the mailbox's queue",
        f"about {rule.subject}" if rule.subject else "",
        f"needs {rule.requires}" if rule.requires else "",
        f"head start {written_span(rule.head_start)}" if rule.head_start else "",
        "urgent" if rule.urgent else "",
        f"closed at once as {rule.code}" if rule.code else "",
        "" if rule.acknowledge else "not acknowledged",
    ]
    return ", ".join(filter(None, parts))


def _or_never(span: int) -> str:
    return written_span(span) if span else NEVER


def _chat(policy: Policy, _: str) -> Iterator[str]:
    chat = policy.chat
    if chat is None:
        return
    for door in chat.doors.values():
        origins = ", ".join(door.origins) or "our own pages only"
        yield f"Chat door {door.id}: queue {door.queue}; {origins}"
    yield (
        f"  answered within {written_span(chat.answer_within)}; dormant after"
        f" {written_span(chat.dormant_after)}, over after {written_span(chat.dormant_max)} more"
    )
    yield (
        f"  for the same agent for {_or_never(chat.to_owner_for)}; unread answers by mail after"
        f" {_or_never(chat.mail_after)}"
    )
    files = f"{', '.join(chat.upload_kinds)}, up to {chat.upload_bytes_max:,} bytes"
    yield (
        f"  {chat.message_max} characters a message, {chat.per_minute_max} messages a minute,"
        f" {chat.conversations_per_hour_max} chats an hour and address;"
        f" files: {files if chat.upload_kinds else 'none'}"
    )
    yield ""


def _answers(policy: Policy, language: str) -> Iterator[str]:
    for answer in policy.answers.values():
        subjects = ", ".join(sorted(answer.subjects)) or "every subject"
        channels = ", ".join(sorted(answer.channels)) or "every channel"
        title = answer.title.get(language, "")
        yield f"Canned answer {answer.id}: {title}; {subjects}; {channels}"


TEXTS: Final[tuple[Callable[[Policy, str], Iterator[str]], ...]] = (_mail, _chat, _answers)
