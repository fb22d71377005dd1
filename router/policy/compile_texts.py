"""Compiles mail.yaml, chat.yaml and answers.yaml: word lists written out, spans and sizes plain."""

from __future__ import annotations

from router.core.model import QueueId
from router.core.policy_text import (
    CannedAnswer,
    ChatDoor,
    ChatPolicy,
    Mailbox,
    MailPolicy,
    MailRule,
)
from router.policy.compile_queues import place
from router.policy.documents import Document
from router.policy.models_answers import AnswersFile
from router.policy.models_chat import ChatFile
from router.policy.models_mail import OWN, MailboxShape, MailFile, MailRuleShape, WordList
from router.policy.shapes import Part, model_of


def compile_mail(part: Part[MailFile]) -> MailPolicy:
    """Return the rules of mail."""
    file = model_of(part)
    return MailPolicy(
        mailboxes={id_: _mailbox(id_, each, part.document) for id_, each in file.mailboxes.items()},
        default=next(iter(file.mailboxes)),
        rules=tuple(
            _rule(each, file.word_lists, index, part.document)
            for index, each in enumerate(file.rules)
        ),
        acknowledgement=file.acknowledgement,
        signature=file.signature,
        page=file.page,
        authserv_ids=tuple(file.trusted_servers),
        answers_per_day_max=file.limits.automatic_answers_per_day,
        per_hour_max=file.limits.new_items_per_hour,
        reopen_within=file.reopening.within,
        to_owner_for=file.reopening.to_owner_for,
        waiting_max=file.waiting_for_resident.at_most,
        waiting_then=file.waiting_for_resident.then,
        attachment_bytes_max=file.attachments.largest,
        attachment_kinds=tuple(file.attachments.kinds),
    )


def _mailbox(id_: str, shape: MailboxShape, document: Document) -> Mailbox:
    where = place(document, "mailboxes", id_)
    return Mailbox(
        id=id_,
        address=shape.address,
        aliases=tuple(shape.aliases),
        name=shape.name,
        queue=QueueId(shape.queue),
        subject=shape.subject,
        acknowledge=shape.acknowledge,
        plus_addressing=shape.plus_addressing,
        file=where.file,
        line=where.line,
    )


def _rule(
    shape: MailRuleShape, lists: dict[str, WordList], index: int, document: Document
) -> MailRule:
    when, where = shape.when, place(document, "rules", index)
    return MailRule(
        id=shape.rule,
        mailboxes=frozenset(when.mailbox),
        senders=tuple(when.sender),
        recipients=tuple(when.recipient),
        subject_words=words_of(when.subject_words, lists),
        words=words_of(when.words, lists),
        attachment=when.attachment,
        attachment_kinds=tuple(when.attachment_kinds),
        size_min=when.size_min or 0,
        authentication=when.authentication,
        action=shape.action,
        queue=QueueId(shape.route) if shape.route not in ("", OWN) else None,
        subject=shape.subject,
        requires=shape.requires,
        head_start=shape.head_start or 0,
        urgent=shape.urgent,
        text=shape.refuse,
        file=where.file,
        line=where.line,
        code=shape.close,
        acknowledge=shape.acknowledge,
    )


def words_of(names: list[str], lists: dict[str, WordList]) -> tuple[str, ...]:
    """Return the words of some lists, all languages together, each once, in the order written."""
    found = (word for name in names for words in lists.get(name, {}).values() for word in words)
    return tuple(dict.fromkeys(found))


def compile_chat(part: Part[ChatFile]) -> ChatPolicy:
    """Return the rules of chats."""
    file, document = model_of(part), part.document
    silence, limits, uploads = file.silence, file.limits, file.uploads
    doors: dict[str, ChatDoor] = {}
    for id_, door in file.doors.items():
        where = place(document, "doors", id_)
        queue, origins = QueueId(door.queue), tuple(door.origins)
        doors[id_] = ChatDoor(id_, queue, door.subject, origins, where.file, where.line)
    return ChatPolicy(
        doors=doors,
        default=next(iter(doors)),
        greeting=file.greeting,
        closed=file.closed,
        safety=file.safety,
        answer_within=file.answer_within,
        dormant_after=silence.dormant_after,
        dormant_max=silence.ends_after,
        to_owner_for=silence.to_owner_for,
        mail_after=silence.mail_after,
        message_max=limits.message_length,
        per_minute_max=limits.messages_per_minute,
        conversations_per_hour_max=limits.chats_per_hour,
        upload_bytes_max=uploads.largest if uploads is not None else 0,
        upload_kinds=tuple(uploads.kinds) if uploads is not None else (),
    )


def compile_answers(part: Part[AnswersFile]) -> dict[str, CannedAnswer]:
    """Return the canned answers in the order of the file."""
    return {
        id_: CannedAnswer(
            id=id_,
            title=each.title,
            text=each.text,
            subjects=frozenset(each.subjects),
            channels=frozenset(str(channel) for channel in each.channels),
        )
        for id_, each in model_of(part).answers.items()
    }
