"""A mail as the channel understands it; plain data, no behaviour.

`reading` makes a `Mail` of any bytes whatsoever, `automatic` says what kind of mail it is,
`trimming` cuts the quotation off, `composing` turns a `Letter` into bytes for the wire.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Address(msgspec.Struct, frozen=True):
    """A mailbox and the name beside it."""

    address: str  # "local@domain", domain in lower case, without angle brackets
    name: str = ""


class Attachment(msgspec.Struct, frozen=True):
    """A part that is not the text: a file, a picture inside the text, an enclosed mail."""

    name: str  # as the sender called it, made safe for a file system; "" when it had none
    kind: str  # "image/jpeg", lower case, as declared by the sender
    body: bytes  # decoded
    content_id: str = ""  # without angle brackets; what `cid:` addresses in the HTML refer to
    is_inline: bool = False


class Mail(msgspec.Struct, frozen=True):
    """What was read out of the bytes; empty where the bytes do not say."""

    message_id: str  # with angle brackets; "" when missing or unusable
    sender: Address | None  # From (the first), else Sender; None when there is none at all
    reply_to: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: str  # ISO 8601 with offset, "" when missing or unreadable
    in_reply_to: tuple[str, ...]  # message ids with angle brackets
    references: tuple[str, ...]  # oldest first
    text: str  # plain text, newline-separated; made from the HTML when there is no plain part
    html: str  # as sent, NOT sanitised; "" when there is none
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]  # every header: lower-case name, decoded value, in order
    defects: tuple[str, ...]  # what had to be salvaged, stable kebab-case codes
    is_readable: bool = True  # False: nothing of it could be understood; a person must look


class Kind(StrEnum):
    """What kind of mail it is; only `PERSON` opens a work item or is answered by itself."""

    PERSON = "person"
    AUTO_REPLY = "auto_reply"  # vacation notices, acknowledgements of machines (RFC 3834)
    BOUNCE = "bounce"  # could not be delivered, for good (RFC 3464 and what came before it)
    DELAY = "delay"  # not delivered yet, still being tried
    DELIVERED = "delivered"  # delivery or read receipts (RFC 3464 "delivered", RFC 8098)
    FEEDBACK = "feedback"  # abuse and feedback reports (RFC 5965)
    LIST = "list"  # newsletters and mailing lists
    NO_REPLY = "no_reply"  # sent by a machine that reads no answers
    OURS = "ours"  # carries our own mark


class Failure(msgspec.Struct, frozen=True):
    """One recipient in a bounce or a notice of delay."""

    recipient: str  # "" when the report does not say
    status: str  # "5.1.1", "" when unknown
    reply_code: str  # "550", "" when unknown
    reason: str  # the diagnostic text, one line, at most 500 characters
    is_permanent: bool | None  # None: the report does not say


class Verdict(msgspec.Struct, frozen=True):
    """What kind of mail it is, why, and which of our mails it is about."""

    kind: Kind
    why: str  # the rule that decided, as "header auto-submitted: auto-replied"
    failures: tuple[Failure, ...] = ()
    about: tuple[str, ...] = ()  # message ids of the mail that was returned or reported on


class Trimmed(msgspec.Struct, frozen=True):
    """A reply's own words, and the rest."""

    reply: str
    quoted: str  # quotation, signature and what follows, as it stood; "" when there is none


class Letter(msgspec.Struct, frozen=True):
    """A mail to be sent."""

    message_id: str  # with angle brackets, deterministic
    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    date: str  # ISO 8601 with offset
    reply_to: Address | None = None
    cc: tuple[Address, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str = ""  # BCP 47, for Content-Language
    is_automatic: bool = False  # Auto-Submitted: auto-replied and what else keeps machines quiet
    is_notice: bool = False  # sent by us unasked (Auto-Submitted: auto-generated)
    html: str = ""  # sanitised; "" = text only
