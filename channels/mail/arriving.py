"""From a mail that was read to what the core is asked: whose, in which conversation, what kind.

Pure: bytes that are kept as blobs are named, not stored, here.

Whom we believe: anybody can write any From. Whoever knows a conversation's token and its resident's
address can add to it, but answers go where the conversation began, not to them. A rule on
`authentication: fail` with `set_aside` keeps forged mail of domains that sign theirs from joining.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from channels.mail.automatic import Own, judge
from channels.mail.intake import Envelope
from channels.mail.language import language_of
from channels.mail.message import Address, Kind, Mail, Verdict
from channels.mail.message_ids import Thread, find_thread, message_in, read_reply_address
from channels.mail.message_ids import read as read_message_id
from channels.mail.rules import Facts, facts_of
from channels.mail.senders import is_no_reply
from channels.mail.trimming import trim
from channels.sameness import normalise
from router.core.identity import address_key
from router.core.policy import Policy
from router.core.policy_text import Mailbox, MailPolicy
from router.ports import Contact, FileRef, Said, Words

REFERENCES_MAX: Final = 100
FAILED: Final = frozenset({Kind.BOUNCE})


class Arrival(msgspec.Struct, frozen=True):
    """A mail as the core will be told of it."""

    mailbox: Mailbox
    verdict: Verdict
    thread: Thread
    key: str
    message_key: str
    address_key: str  # of who wrote: From, or whom a no-reply address speaks for
    answer_to: Address | None
    contact: str  # outside contact with this address
    language: str
    own_words: str
    quoted: str
    facts: Facts
    number: int  # of our message that a machine writes about; 0 = none
    failed: bool


def mailbox_for(mail: MailPolicy, addresses: Iterable[str]) -> Mailbox:
    """Return the mailbox that one of the addresses leads to; the first one when none does."""
    return _led_to(mail, addresses) or mail.first


def is_ours(mail: MailPolicy, address: str) -> bool:
    """Say whether mail to this address is for one of the mailboxes, tokens included."""
    return _led_to(mail, (address,)) is not None


def _led_to(mail: MailPolicy, addresses: Iterable[str]) -> Mailbox | None:
    """Return the mailbox of the first address that has one, whatever follows a + left out."""
    led = {
        normalise(address): box
        for box in reversed(mail.mailboxes.values())
        for address in (*box.aliases, box.address)
    }
    for address in addresses:
        local, at, domain = normalise(address).rpartition("@")
        while local:
            if (box := led.get(f"{local}{at}{domain}")) is not None:
                return box
            local = local.rpartition("+")[0]
    return None


def digest_key(mail: Mail, raw: bytes) -> str:
    """Return what two copies of one mail have in common, and no other mail has.

    Not the Message-ID alone: senders who give one id to two mails would lose the second.
    """
    digest = hashlib.sha256()
    sender = mail.sender.address if mail.sender is not None else ""
    parts = [mail.message_id, sender, mail.subject, mail.date, mail.text, mail.html]
    for part in parts if mail.message_id else [raw]:
        digest.update(part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part)
        digest.update(b"\0")
    for file in mail.attachments:
        digest.update(hashlib.sha256(file.body).digest())
    return f"mail:{digest.hexdigest()[:40]}"


def id_key(message_id: str) -> str:
    """Return the key under which a Message-ID is remembered; "" for none."""
    if not message_id:
        return ""
    return f"mid:{hashlib.sha256(message_id.encode('utf-8', 'replace')).hexdigest()[:40]}"


def arrival_of(
    mail: Mail, raw: bytes, envelope: Envelope, policy: Policy, rules: MailPolicy, secret: bytes
) -> Arrival:
    """Return everything the core needs to know of a mail."""
    delivered = (value for name, value in mail.headers if name in ("delivered-to", "x-original-to"))
    written_to = [a.address for a in (*mail.to, *mail.cc)]
    box = mailbox_for(rules, [*envelope.rcpt_to, *written_to, *delivered])
    domains = tuple(dict.fromkeys(map(domain_of, (box, *rules.mailboxes.values()))))
    own = own_of(rules, domains[0], secret)
    verdict = judge(mail, envelope.mail_from, own)
    thread = _thread_of(mail, domains, secret)
    about = [read_message_id(i, domain, secret) for i in verdict.about for domain in domains]
    named = [known for known in about if known is not None]
    sent_to = [read_reply_address(address, secret) for address in envelope.rcpt_to]
    conversations = (*(c for c, _ in named), *(c for c in sent_to if c), *thread.conversations)
    trimmed = trim(mail.text)
    answer_to = _answer_to(mail, own)
    speaks_for = mail.sender is None or is_no_reply(mail.sender.address)
    writer = answer_to if speaks_for else mail.sender
    sender = normalise(writer.address) if writer is not None else ""
    return Arrival(
        mailbox=box,
        verdict=verdict,
        thread=Thread(tuple(dict.fromkeys(conversations)), thread.foreign),
        key=digest_key(mail, raw),
        message_key=id_key(mail.message_id),
        address_key=address_key(secret, "email", sender),
        answer_to=answer_to,
        contact=_contact_of(policy, sender),
        language=language_of(
            f"{mail.subject}\n{trimmed.reply}", mail.headers, [x.id for x in policy.languages]
        ),
        own_words=trimmed.reply,
        quoted=trimmed.quoted,
        facts=facts_of(
            mail,
            mailbox=box.id,
            own_words=trimmed.reply,
            size=envelope.cut_from or len(raw),
            authserv_ids=rules.authserv_ids,
        ),
        number=message_in(named[0][1]) if named else 0,
        failed=verdict.kind in FAILED,
    )


def domain_of(box: Mailbox) -> str:
    """Return the domain of a mailbox, in which the Message-IDs of its mails are made."""
    return box.address.rpartition("@")[2]


def own_of(rules: MailPolicy, id_domain: str, secret: bytes) -> Own:
    """Return how we know ourselves."""
    boxes = rules.mailboxes.values()
    return Own(
        addresses=frozenset(normalise(a) for box in boxes for a in (box.address, *box.aliases)),
        id_domain=id_domain,
        loop_mark=loop_mark(secret),
    )


def _thread_of(mail: Mail, domains: tuple[str, ...], secret: bytes) -> Thread:
    """Return what the mail answers; a town may have mailboxes in several domains."""
    found = [find_thread(mail, domain, secret) for domain in domains]
    return Thread(
        conversations=tuple(dict.fromkeys(c for thread in found for c in thread.conversations)),
        foreign=tuple(i for i in found[0].foreign if all(i in thread.foreign for thread in found)),
    )


def _answer_to(mail: Mail, own: Own) -> Address | None:
    """Return where an answer goes: Reply-To, unless nobody reads there or we do, else From."""
    for address in (mail.reply_to, mail.sender):
        if address is None or normalise(address.address) in own.addresses:
            continue
        if not is_no_reply(address.address):
            return address
    return mail.sender


def _contact_of(policy: Policy, sender: str) -> str:
    if not sender:
        return ""
    return next((c.id for c in policy.contacts.values() if normalise(c.email) == sender), "")


def loop_mark(secret: bytes) -> str:
    """Return what our own mails carry, so that we know them when they come back."""
    return hashlib.sha256(b"townline loop mark" + secret).hexdigest()[:32]


def said_words(ref: str, mail: Mail, arrival: Arrival, blobs: Mapping[str, str]) -> Words:
    """Return the mail's words; `blobs` names what was stored: original, html, file numbers."""
    said = Said(
        text=arrival.own_words,
        quoted=arrival.quoted,
        subject=mail.subject,
        html=blobs.get("html", ""),
        original=blobs.get("original", ""),
        files=tuple(
            FileRef(
                blob=blobs[str(number)],
                name=file.name,
                kind=file.kind,
                size=len(file.body),
                content_id=file.content_id,
            )
            for number, file in enumerate(mail.attachments)
            if str(number) in blobs
        ),
        message_id=mail.message_id,
        references=(*mail.references[-REFERENCES_MAX:], *mail.in_reply_to[:1]),
        sender=_shown(mail),
        to=tuple(a.address for a in (*mail.to, *mail.cc)),
        defects=mail.defects,
    )
    return Words(ref=ref, kind="said", body=msgspec.json.encode(said))


def _shown(mail: Mail) -> str:
    if mail.sender is None:
        return ""
    name = mail.sender.name
    return f"{name} <{mail.sender.address}>" if name else mail.sender.address


def contact_words(ref: str, mail: Mail, arrival: Arrival) -> Words:
    """Return who wrote, as words of kind `contact`: where an answer goes."""
    to = arrival.answer_to
    name = to.name if to is not None else ""
    if not name and mail.sender is not None and not is_no_reply(mail.sender.address):
        name = mail.sender.name
    email = to.address if to is not None else ""
    return Words(ref=ref, kind="contact", body=msgspec.json.encode(Contact("", name, email)))
