"""Which mail a report is about: the message ids in what was returned, or referred to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from channels.mail.headers import letters, message_ids, read_head
from channels.mail.message import Mail
from channels.mail.reports import records_of

IDS_MAX: Final = 20

_RETURNED: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header",
     "message/rfc822-headers", "message/global-headers", "text/rfc822"}
)  # fmt: skip
_SCANNED: Final = frozenset({"text/plain", "application/octet-stream", "message/delivery-status",
                             "message/partial", "text/html"})  # fmt: skip
_SCAN_MAX: Final = 131_072  # letters of a text that are looked at
_SCANS_MAX: Final = 20
_QUOTED: Final = re.compile(
    r"(?im)^[ \t>|]*+(?:x-)?(?:original-)?message-id[ \t]*:[ \t]*(\S[^\n]{0,998})"
)
_RECEIPT: Final = "message/disposition-notification"


def about(mail: Mail, own_domain: str) -> tuple[str, ...]:
    """Return the message ids of the mail that was returned or reported on, the likeliest first.

    `own_domain`: ids made by us go first. From the first of these that has any: the enclosed
    mail or its headers; headers quoted in the text; References and In-Reply-To, newest first.
    """
    same = False  # a mail system gave its report the id of what it returns
    for source in (_enclosed, _quoted, _referred):
        found = list(dict.fromkeys(source(mail)))
        ids = [name for name in found if name != mail.message_id]
        same = same or len(ids) < len(found)
        if ids:
            ids.sort(key=lambda name: not _is_of(name, own_domain))
            return tuple(ids[:IDS_MAX])
    return (mail.message_id,) if same else ()


def _enclosed(mail: Mail) -> Iterator[str]:
    for attachment in mail.attachments:
        if attachment.kind in _RETURNED:
            head = read_head(attachment.body, 0, len(attachment.body), is_top=True)
            yield from message_ids(letters(head.raw("message-id"), ""))
        elif attachment.kind == _RECEIPT:
            for record in records_of(attachment.body):
                yield from message_ids(record.get("original-message-id", ""))


def _quoted(mail: Mail) -> Iterator[str]:
    texts = [mail.text[:_SCAN_MAX]]
    texts += [letters(attachment.body[:_SCAN_MAX], "") for attachment in mail.attachments
              if attachment.kind in _SCANNED]  # fmt: skip
    for text in texts[:_SCANS_MAX]:
        for match in _QUOTED.finditer(text):
            yield from message_ids(match[1].strip())


def _referred(mail: Mail) -> Iterator[str]:
    yield from mail.in_reply_to
    yield from reversed(mail.references)


def _is_of(message_id: str, domain: str) -> bool:
    return bool(domain) and message_id.rstrip(">").lower().endswith(f"@{domain.lower()}")
