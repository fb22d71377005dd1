"""Any bytes to a `Mail`: what they say, salvaged where they are broken.

Never raises and never drops: what could not be understood is named in `Mail.defects` (codes in
`defects`) and stands in the original, which the caller keeps. No clock, no I/O.
Memory: the attachments decoded once, plus the largest part; a mail of n bytes needs less than 3 n.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from channels.mail.addresses import parse_list
from channels.mail.contents import Contents, gather
from channels.mail.headers import Head, iso_date, letters, message_ids, value_of
from channels.mail.message import Address, Mail
from channels.mail.parts import read_tree

_NOT_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")
_LOOK: Final = 65_536  # bytes of a body without headers that decide whether it is text


def read(raw: bytes) -> Mail:
    """Read a mail.

    Shape: `raw` as it came from the wire or from a file; line ends CR LF, LF or CR.
    Errors: none. `is_readable` is False when it holds no sender, subject, text or attachment.
    """
    try:
        return _read(raw)
    except Exception:
        return _nothing(("reader-failed",))


def _read(raw: bytes) -> Mail:
    defects: list[str] = []
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
        defects.append("cr-line-ends")
    tree = read_tree(raw)
    defects += tree.defects
    head = tree.root.head
    if not head.fields and not _is_words(raw[:_LOOK]):
        return _nothing((*defects, "not-a-mail"))
    contents = gather(raw, tree.root)
    mail = _mail(head, contents)
    defects += (*contents.defects, *mail.defects)
    return msgspec.structs.replace(mail, defects=tuple(dict.fromkeys(defects)))


def _mail(head: Head, contents: Contents) -> Mail:
    hint = contents.charset
    values = tuple((field.name, value_of(field.raw, hint)) for field in head.fields)
    first = dict(reversed(values))
    addresses = {
        name: tuple(
            address
            for field in head.fields
            if field.name == name
            for address in parse_list(letters(field.raw, hint))
        )
        for name in ("from", "sender", "reply-to", "to", "cc")
    }
    senders = addresses["from"] or addresses["sender"]
    own_ids = message_ids(first.get("message-id", ""))
    date = iso_date(first.get("date", ""))
    checks = (
        ("no-from", not addresses["from"]),
        ("no-message-id", not own_ids),
        ("date-unreadable", not date and "date" in first),
    )
    sender = senders[0] if senders else None
    subject = first.get("subject", "")
    is_readable = bool(sender or subject or contents.text.strip() or contents.attachments)
    return Mail(
        message_id=own_ids[0] if own_ids else "",
        sender=sender,
        reply_to=_first(addresses["reply-to"]),
        to=addresses["to"],
        cc=addresses["cc"],
        subject=subject,
        date=date,
        in_reply_to=message_ids(first.get("in-reply-to", "")),
        references=message_ids(first.get("references", "")),
        text=contents.text,
        html=contents.html,
        attachments=contents.attachments,
        headers=values,
        defects=tuple(code for code, is_met in checks if is_met),
        is_readable=is_readable or bool(contents.html.strip()),
    )


def _first(addresses: tuple[Address, ...]) -> Address | None:
    return addresses[0] if addresses else None


def _is_words(data: bytes) -> bool:
    """Say whether bytes without headers are text all the same."""
    text = data.decode("utf-8", "replace")
    return not _NOT_TEXT.search(text[:-1])


def _nothing(defects: tuple[str, ...]) -> Mail:
    return Mail(
        message_id="", sender=None, reply_to=None, to=(), cc=(), subject="", date="",
        in_reply_to=(), references=(), text="", html="", attachments=(), headers=(),
        defects=defects, is_readable=False,
    )  # fmt: skip
