"""Turns a letter into the bytes of a mail (RFC 5322, MIME), the same bytes for the same letter.

Decides how things are written, never what is said or to whom. No value can end its header: whatever
is not printable becomes a space, and what may not stand in an address is refused. No line is longer
than 998 bytes.

Marks against loops: every mail carries `X-Townline-Loop`. Those that no person wrote say so by
`Auto-Submitted` (RFC 3834 section 5) and, for servers that do not read it, by
`X-Auto-Response-Suppress: All`. `Precedence` is left out: RFC 3834 section 3.1.8 does not recommend
it, and some servers throw bounces of bulk mail away, which we want to see.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.utils import format_datetime
from typing import ClassVar, Final

import msgspec

from channels.mail import header_lines, mime_parts
from channels.mail.header_lines import Header
from channels.mail.message import Address, Letter
from router.errors import TownlineError

LOOP_HEADER: Final = "X-Townline-Loop"
LOOP_VALUE: Final = "yes"
_MESSAGE_ID: Final = re.compile(r"<[!-;=?A-~]{1,400}@[!-;=?A-~]{1,400}>")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_REFERENCES_LAST: Final = 20  # kept with the first, which is what programs thread by
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_ATOMS_AND_DOTS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_QUOTED_STRING: Final = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"')
_LABEL: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,62}"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z.:]{{3,60}}\]")
_DOMAIN_MAX: Final = 255
_LOCAL_MAX: Final = 64  # RFC 5321 section 4.5.3.1.1
# "Re:" in other languages; not "Ref:", which people write before numbers.
_REPLY_WORDS: Final = (
    *(
        "re",
        "aw",
        "sv",
        "ré",
        "rép",
        "rep",
        "réf",
        "r",
        "rif",
        "res",
        "antw",
        "antwort",
        "odp",
        "vs",
    ),
    *(
        "vá",
        "ynt",
        "yan",
        "bls",
        "回复",
        "回覆",
        "答复",
        "答覆",
        "返信",
        "답장",
        "회신",
        "رد",
        "ответ",
    ),
    *("відп", "відповідь", "απ", "σχετ", "השב", "תגובה", "atb", "tr re"),
)
_COUNT: Final = r"(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})"  # "Re[2]:"
_REPLY: Final = re.compile(
    rf"(?:(?:{'|'.join(_REPLY_WORDS)}) ?{_COUNT}? ?[:\uff1a] ?)+", re.IGNORECASE
)


class InvalidLetter(TownlineError):
    """The letter cannot be written as a mail; whoever composes it must change it."""

    code: ClassVar[str] = "invalid-letter"


def compose(letter: Letter, *, loop_mark: str = LOOP_VALUE) -> bytes:
    """Return the mail with CRLF line ends, ready for the wire.

    `loop_mark` is the value by which we know our own mails when they come back.
    In-Reply-To and References that are no message ids are left out (foreign mail has such); of very
    many references the first and the last remain.

    Raises:
        InvalidLetter: no recipient; an address that cannot be written (the local part is not ASCII:
            mail servers without SMTPUTF8 refuse it); an unusable Message-ID, date or language.
    """
    if not letter.to:
        raise InvalidLetter(f"letter {letter.message_id} has no recipient; name one")
    headers = [
        ("From", _mailboxes((letter.sender,))),
        ("To", _mailboxes(letter.to)),
        ("Cc", _mailboxes(letter.cc)),
        ("Reply-To", _mailboxes((letter.reply_to,) if letter.reply_to else ())),
        ("Subject", header_lines.text(letter.subject)),
        ("Date", [_date(letter.date)]),
        ("Message-ID", [_own_id(letter.message_id)]),
        ("In-Reply-To", _usable_ids((letter.in_reply_to,))),
        ("References", _references(letter)),
        ("Content-Language", _language(letter.language)),
        *_marks(letter, loop_mark),
        ("MIME-Version", ["1.0"]),
    ]
    seed = hashlib.sha256(msgspec.msgpack.encode(letter)).hexdigest()[:32]
    top = b"".join(header_lines.folded(name, tokens) for name, tokens in headers if tokens)
    return top + mime_parts.body(letter, seed)


def _marks(letter: Letter, loop_mark: str) -> list[Header]:
    marks: list[Header] = [(LOOP_HEADER, header_lines.text(loop_mark))]
    if letter.is_automatic or letter.is_notice:
        kind = "auto-replied" if letter.is_automatic else "auto-generated"
        marks += [("Auto-Submitted", [kind]), ("X-Auto-Response-Suppress", ["All"])]
    return marks


def _mailboxes(addresses: tuple[Address, ...]) -> list[str]:
    """Return the mailboxes as words to fold between, commas included."""
    tokens: list[str] = []
    for mailbox in addresses:
        address = written_address(mailbox.address)
        name = header_lines.phrase(mailbox.name)
        tokens += [*name, f"<{address}>,"] if name else [f"{address},"]
    if tokens:
        tokens[-1] = tokens[-1].removesuffix(",")
    return tokens


def written_address(address: str) -> str:
    """Return the address as it stands in headers and envelopes: the domain in ASCII.

    Telephone companies gave out local parts such as `a..b`; they are put in quotation marks.

    Raises:
        InvalidLetter: the address cannot be written.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or len(local) > _LOCAL_MAX:
        raise InvalidLetter(f"{address!r} is no mail address; write it as name@domain")
    if not local.isascii():
        raise InvalidLetter(
            f"the part of {address!r} before the @ has characters other than ASCII;"
            " use an address without them"
        )
    if not _DOT_ATOM.fullmatch(local) and _ATOMS_AND_DOTS.fullmatch(local):
        local = f'"{local}"'
    elif not _DOT_ATOM.fullmatch(local) and not _QUOTED_STRING.fullmatch(local):
        raise InvalidLetter(f"the part of {address!r} before the @ needs quotation marks; add them")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if len(domain) > _DOMAIN_MAX or not _DOMAIN.fullmatch(domain):
        raise InvalidLetter(f"the domain of {address!r} cannot be written; correct the address")
    return f"{local}@{domain}"


def _date(iso: str) -> str:
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidLetter(f"date {iso!r} is not ISO 8601 with an offset from UTC")
    return format_datetime(moment)


def _own_id(message_id: str) -> str:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise InvalidLetter(f"message id {message_id!r} is not of the form <local@domain>")
    return message_id


def _language(language: str) -> list[str]:
    if language and not _LANGUAGE.fullmatch(language):
        raise InvalidLetter(f"language {language!r} is no BCP 47 tag such as fr-CA")
    return [language] if language else []


def _usable_ids(message_ids: tuple[str, ...]) -> list[str]:
    return [found for found in message_ids if _MESSAGE_ID.fullmatch(found)]


def _references(letter: Letter) -> list[str]:
    """Return the references, each once, the mail that is answered last (RFC 5322 section 3.6.4)."""
    answered = _usable_ids((letter.in_reply_to,))
    above = [found for found in _usable_ids(letter.references) if found not in answered]
    ids = list(dict.fromkeys([*above, *answered]))
    return ids if len(ids) <= _REFERENCES_LAST + 1 else [ids[0], *ids[-_REFERENCES_LAST:]]


def quote(text: str, attribution: str) -> str:
    """Return `text` marked as quoted below the line that says who wrote it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    marked = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)
    return "\n".join([" ".join(attribution.split()), *marked])


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: "Re: " once, whatever it began with, in any language."""
    text = header_lines.printable(subject)
    prefix = _REPLY.match(text)
    return f"Re: {text[prefix.end() :] if prefix else text}".rstrip()
