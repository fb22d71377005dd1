"""What the mails that we send say: replies, acknowledgements, refusals, what goes to departments.

Pure: from a conversation, its words and the policy to a `Letter`. Each is derived anew when it is
sent again, under the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from channels.announcements import in_words
from channels.mail import message_ids
from channels.mail.addresses import parse_list
from channels.mail.composing import quote, reply_subject
from channels.mail.message import Address, Attachment, Letter
from channels.moments import moment
from router.core.announced import Announced
from router.core.effects import SendMail
from router.core.fields import filled
from router.core.flows.nodes import rule_at
from router.core.model import AgentId, Instant, MessageKind
from router.core.policy import Policy
from router.core.policy_text import Mailbox, MailPolicy, Texts
from router.core.records import Conversation, Item, Message
from router.core.transcript import RESIDENT, SAID
from router.errors import ChannelError
from router.ports import Said

REFERENCES_MAX: Final = 50
SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "wrote": "On {at} {who} wrote:",
        "subject": "Your message to {town}",
        "unread": "You were away when we answered your chat. You can reply to this mail.",
        "transcript": "What was said in your chat with {town}:",
        "you": "you",
        "page": "Urgent: {subject} ({reference})",
        "forward": "The message of the resident follows. Answer this mail and we will read it.",
        "soon": "as soon as we can",
        "file": "[file: {name}]",
    },
    "fr": {
        "wrote": "Le {at}, {who} a écrit :",
        "subject": "Votre message à {town}",
        "unread": "Vous étiez absent quand nous avons répondu à votre clavardage. Vous pouvez"
        " répondre à ce courriel.",
        "transcript": "Ce qui a été dit dans votre clavardage avec {town} :",
        "you": "vous",
        "page": "Urgent : {subject} ({reference})",
        "forward": "Le message du résident suit. Répondez à ce courriel et nous le lirons.",
        "soon": "dès que possible",
        "file": "[fichier : {name}]",
    },
}


class Material(msgspec.Struct, frozen=True):
    """All that a letter is made of."""

    effect: SendMail
    policy: Policy
    rules: MailPolicy
    box: Mailbox
    conversation: Conversation
    item: Item
    said: Mapping[str, Said]  # by reference
    to: Address
    agent: str  # name of who writes, "" for the town itself
    secret: bytes
    zone: str
    now: Instant
    at: str  # ISO 8601, of the message
    files: tuple[Attachment, ...] = ()
    announced: tuple[Announced, ...] = ()  # by the town, when it is sent

    @property
    def answered_at(self) -> str:
        """Return the address to which answers and bounces go, where the server can with a token."""
        if not self.box.plus_addressing:
            return self.box.address
        return message_ids.reply_address(self.box.address, self.conversation.id, self.secret)

    @property
    def language(self) -> str:
        """Return the resident's language, the town's first for outside contacts."""
        spoken = [language.id for language in self.policy.languages]
        wanted = self.conversation.language
        return wanted if wanted in spoken and not self.effect.contact else spoken[0]

    @property
    def says(self) -> Mapping[str, str]:
        """Return our own sentences."""
        return SAYS.get(self.language, SAYS["en"])

    @property
    def town(self) -> str:
        """Return the town's name."""
        return self.of(self.policy.name)

    def of(self, texts: Texts) -> str:
        """Return a text of the policy in the language."""
        return texts.get(self.language) or next(iter(texts.values()), "")

    def fill(self, text: str) -> str:
        """Put what is known into the fields of a text."""
        due = self.effect.due_at
        when = self.says["soon"]
        if due is not None:
            when = moment(self.language, due, self.zone, self.now)
        subject = self.policy.subjects.get(self.item.subject)
        fields = {
            "reference": self.item.id,
            "due": when,
            "town": self.town,
            "agent": self.agent,
            "subject": self.of(subject) if subject else "",
            "name": self.to.name,
            "summary": self._summary(),
        }
        return filled(text, fields)

    def _summary(self) -> str:
        first = next((m for m in self.conversation.messages if m.by == RESIDENT), None)
        said = self.said.get(first.ref) if first is not None else None
        return "" if said is None else f"{said.subject}\n{said.text}".strip()


Composer = Callable[[Material], Letter]


def letter_of(material: Material) -> Letter:
    """Return the mail that an effect asks for.

    Raises:
        ChannelError: nothing is left to be sent; not retryable.
    """
    return COMPOSERS[material.effect.what](material)


def _letter(
    m: Material,
    *,
    subject: str,
    text: str,
    answers: Message | None = None,
    is_automatic: bool = False,
    is_notice: bool = False,
) -> Letter:
    domain = m.box.address.rpartition("@")[2]
    references = _references(m, domain)
    number = message_ids.mail_number(m.effect.what, m.effect.number)
    answered = m.said.get(answers.ref) if answers is not None else None
    in_reply_to = answered.message_id if answered is not None else ""
    name = m.of(m.box.name) or m.town
    return Letter(
        message_id=message_ids.make(m.conversation.id, number, domain, m.secret),
        sender=Address(m.box.address, name),
        to=(m.to,),
        subject=subject,
        text=text.rstrip() + "\n",
        date=m.at,
        reply_to=Address(m.answered_at),
        in_reply_to=in_reply_to,
        references=references,
        attachments=m.files,
        language=m.language,
        is_automatic=is_automatic,
        is_notice=is_notice,
    )


def _references(m: Material, domain: str) -> tuple[str, ...]:
    """Return the ids of what was written before, ours and theirs, oldest first."""
    found: list[str] = []
    if m.effect.contact:
        return ()
    for message in m.conversation.messages:
        if message.number >= m.effect.number or message.kind is MessageKind.NOTE:
            continue
        said = m.said.get(message.ref)
        if said is not None and said.message_id:
            found += [*said.references, said.message_id]
        elif message.by != RESIDENT:
            found.append(message_ids.make(m.conversation.id, message.number, domain, m.secret))
    return tuple(dict.fromkeys(found))[-REFERENCES_MAX:]


def _last_of_resident(m: Material) -> Message | None:
    before = [x for x in m.conversation.messages if x.by == RESIDENT and x.number < m.effect.number]
    return before[-1] if before else None


def _subject(m: Material) -> str:
    """Return "Re: " and what the resident had called it by then."""
    for message in m.conversation.messages:
        said = m.said.get(message.ref)
        is_before = message.by == RESIDENT and message.number < m.effect.number
        if is_before and said is not None and said.subject:
            return reply_subject(said.subject)
    return m.says["subject"].format(town=m.town)


def _quoted(m: Material, message: Message | None) -> str:
    said = m.said.get(message.ref) if message is not None else None
    if message is None or said is None:
        return ""
    sender = parse_list(said.sender)
    who = (sender[0].name or sender[0].address) if sender else m.says["you"]
    at = moment(m.language, message.at, m.zone, m.now)
    return "\n\n" + quote(said.text, m.says["wrote"].format(at=at, who=who))


def _reply(m: Material) -> Letter:
    said = m.said.get(m.effect.words_ref)
    if said is None:
        raise ChannelError(
            f"the words of {m.effect.key} are gone", retryable=False, reason="words-gone"
        )
    answers = _last_of_resident(m)
    text = said.text.rstrip() + "\n\n" + m.fill(m.of(m.rules.signature)) + _quoted(m, answers)
    return _letter(m, subject=_subject(m), text=text, answers=answers)


def _acknowledgement(m: Material) -> Letter:
    rules = [rule_at(m.policy, f"!{name}") for name in m.effect.rule.split(",") if name]
    told = [m.of(rule.text) for rule in rules if rule is not None and rule.text]
    said = in_words(m.announced, m.language, m.zone, m.now)
    return _letter(
        m,
        subject=_subject(m),
        text="\n\n".join([*said, m.fill("\n\n".join([*told, m.of(m.rules.acknowledgement)]))]),
        answers=_last_of_resident(m),
        is_automatic=True,
    )


def _refusal(m: Material) -> Letter:
    rule = m.rules.rule(m.effect.rule)
    text = m.of(rule.text) if rule is not None else m.of(m.rules.acknowledgement)
    return _letter(
        m,
        subject=_subject(m),
        text=m.fill(text),
        answers=_last_of_resident(m),
        is_automatic=True,
    )


def _forward(m: Material) -> Letter:
    said = m.said.get(m.effect.words_ref)
    above = said.text.rstrip() if said is not None else ""
    history = _history(m, m.effect.number - 1)
    text = f"{above}\n\n{m.says['forward']}\n\n{history}"
    subject = _subject(m)
    return _letter(m, subject=f"{subject} [{m.item.id}]", text=text)


def _page(m: Material) -> Letter:
    subject = m.fill(m.says["page"])
    return _letter(m, subject=subject, text=m.fill(m.of(m.rules.page)), is_notice=True)


def _unread(m: Material) -> Letter:
    missed = _history(m, m.effect.number, since=m.effect.since)
    subject = m.says["subject"].format(town=m.town)
    return _letter(m, subject=subject, text=f"{missed}\n\n{m.says['unread']}", is_notice=True)


def _transcript(m: Material) -> Letter:
    everything = _history(m, m.effect.number)
    heading = m.says["transcript"].format(town=m.town)
    subject = m.says["subject"].format(town=m.town)
    return _letter(m, subject=subject, text=f"{heading}\n\n{everything}", is_notice=True)


def _history(m: Material, last: int, *, since: int = 0) -> str:
    """Return what resident and town wrote to each other, up to the message `last`."""
    lines: list[str] = []
    for message in m.conversation.messages:
        said = m.said.get(message.ref)
        if said is None or message.kind not in SAID or not since < message.number <= last:
            continue
        who = m.says["you"] if message.by == RESIDENT and not m.effect.contact else ""
        who = who or _writer(m, message)
        at = moment(m.language, message.at, m.zone, m.now)
        files = [m.says["file"].format(name=f.name) for f in said.files]
        lines.append("\n".join([m.says["wrote"].format(at=at, who=who), said.text, *files]))
    return "\n\n".join(lines)


def _writer(m: Material, message: Message) -> str:
    kind, _, name = message.by.partition(":")
    if kind == "agent":
        rule = m.policy.agents.get(AgentId(name))
        return rule.name.split(" ")[0] if rule is not None else m.town
    said = m.said.get(message.ref)
    return said.sender if kind == RESIDENT and said is not None and said.sender else m.town


COMPOSERS: Final[dict[str, Composer]] = {
    "reply": _reply,
    "acknowledgement": _acknowledgement,
    "refusal": _refusal,
    "forward": _forward,
    "page": _page,
    "unread": _unread,
    "transcript": _transcript,
}
