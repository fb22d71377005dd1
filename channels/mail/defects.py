"""What can be wrong with a mail, one code each; `reading` puts the codes into `Mail.defects`.

The codes are stable: they are stored, searched and shown. A defect never means that a mail was
refused; it says what had to be guessed, or what stands in the original only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEANING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "base64-broken": "base64 with foreign characters, wrong padding or data after its end",
        "boundary-missing": "a multipart without a boundary; it was guessed from the body",
        "boundary-not-found": "the declared boundary does not occur in the body",
        "boundary-reused": "parts follow after the end of a multipart",
        "charset-unknown": "no such character set; read as UTF-8, else as Windows-1252",
        "charset-wrong": "the bytes are not what the declared character set allows",
        "cr-line-ends": "lines end in CR alone",
        "date-unreadable": "a Date header that gives no instant",
        "enclosed-mail-bare": "an enclosed mail that was not declared as one",
        "encoding-unknown": "a Content-Transfer-Encoding nobody knows; the bytes are kept as sent",
        "end-boundary-missing": "a multipart that never ends",
        "header-8bit": "letters outside ASCII that were not encoded",
        "header-line-broken": "a line among the headers that is no header",
        "header-too-long": "a header beyond the limit was shortened",
        "mbox-line": "a 'From ' line of a mailbox file before the headers",
        "multipart-unreadable": "a multipart without parts; read as text",
        "nested-too-deep": "parts nested beyond the limit; kept as one attachment, unopened",
        "no-blank-line": "the text follows the headers without an empty line",
        "no-from": "no usable From; Sender was taken, or nothing",
        "no-message-id": "no usable Message-ID",
        "not-a-mail": "no headers and no readable text",
        "nul-bytes": "NUL bytes, left out of headers and text",
        "quoted-printable-broken": "an equals sign that encodes nothing",
        "reader-failed": "an unforeseen shape; nothing but the bytes is known",
        "text-too-long": "the text was cut; the whole is kept as an attachment",
        "too-many-headers": "headers beyond the limit were left out",
        "too-many-parts": "parts beyond the limit were left out",
    }
)
