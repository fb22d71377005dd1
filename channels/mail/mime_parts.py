"""The body of a mail in parts: text, HTML with its own pictures, files.

    mixed( alternative( text, related( html, pictures ) ), files )

Levels with one part are left out. Boundaries come from the letter's digest, so that the same letter
gives the same bytes.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from channels.mail import header_lines
from channels.mail.header_lines import Header
from channels.mail.message import Attachment, Letter

_LINE_MAX: Final = 78
_BASE64_LINE_BYTES: Final = 57  # 76 characters
_PLAIN_LINE: Final = re.compile(rf"(?:[\t -~]{{0,{_LINE_MAX - 1}}}[!-~])?")
_KIND: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_CONTENT_ID: Final = re.compile(r"[!-;=?-~]{1,200}")
_NOT_IN_NAMES: Final = re.compile(r"[/\\:*?\"<>|]")
# Their bodies may not be base 64 (RFC 2046), which is how files are sent here.
_KINDS_OF_OTHERS: Final = ("multipart/", "message/")

Part = tuple[list[Header], bytes]


def body(letter: Letter, seed: str) -> bytes:
    """Return the Content- headers, the empty line and the body; `seed` makes the boundaries."""
    pictures = [part for part in letter.attachments if letter.html and _is_picture(part)]
    files = [part for part in letter.attachments if part not in pictures]
    part = _text("plain", letter.text)
    if letter.html:
        shown = _joined("related", [_text("html", letter.html), *map(_file, pictures)], f"{seed}r")
        part = _joined("alternative", [part, shown], f"{seed}a")
    return _bytes(_joined("mixed", [part, *map(_file, files)], f"{seed}m"))


def _is_picture(part: Attachment) -> bool:
    return part.is_inline and _CONTENT_ID.fullmatch(part.content_id) is not None


def _joined(kind: str, parts: list[Part], seed: str) -> Part:
    """Return the parts as one; a single part stays as it is."""
    if len(parts) == 1:
        return parts[0]
    boundary = f"=_{seed}"  # in no quoted-printable or base 64, nor in a text that made the digest
    pieces = [b"--" + boundary.encode("ascii") + b"\r\n" + _bytes(part) for part in parts]
    end = b"--" + boundary.encode("ascii") + b"--\r\n"
    headers: list[Header] = [("Content-Type", [f"multipart/{kind};", f'boundary="{boundary}"'])]
    return headers, b"\r\n".join([*pieces, end])


def _bytes(part: Part) -> bytes:
    headers, content = part
    return b"".join(header_lines.folded(*header) for header in headers) + b"\r\n" + content


def _text(kind: str, text: str) -> Part:
    """Return a text part: 7bit where every line is short, plain ASCII, else quoted-printable."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    content = "\r\n".join([*lines, ""]).encode("utf-8", "replace")
    encoding = "7bit"
    if not all(_PLAIN_LINE.fullmatch(line) for line in lines):
        encoding, content = "quoted-printable", binascii.b2a_qp(content, istext=True)
    headers: list[Header] = [
        ("Content-Type", [f"text/{kind};", "charset=utf-8"]),
        ("Content-Transfer-Encoding", [encoding]),
    ]
    return headers, content


def _file(part: Attachment) -> Part:
    kind = part.kind.lower()
    if not _KIND.fullmatch(kind) or kind.startswith(_KINDS_OF_OTHERS):
        kind = "application/octet-stream"
    name = _NOT_IN_NAMES.sub("_", header_lines.printable(part.name))
    how = "inline" if part.is_inline else "attachment"
    disposition = [f"{how};", *header_lines.parameter("filename", name)] if name else [how]
    headers: list[Header] = [
        ("Content-Type", [kind]),
        ("Content-Transfer-Encoding", ["base64"]),
        ("Content-Disposition", disposition),
    ]
    if _CONTENT_ID.fullmatch(part.content_id):
        headers.append(("Content-ID", [f"<{part.content_id}>"]))
    chunks = range(0, len(part.body), _BASE64_LINE_BYTES)
    lines = (
        binascii.b2a_base64(part.body[at : at + _BASE64_LINE_BYTES], newline=False) for at in chunks
    )
    return headers, b"\r\n".join([*lines, b""])
