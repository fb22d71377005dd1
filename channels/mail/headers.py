"""The head of a mail or of a part: bytes to fields, and what single fields hold.

Fields keep their raw bytes until it is known which charset to suspect. Lines that are no headers
are passed over when headers follow, else the text begins there. Sizes are bounded; nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from channels.mail.charsets import decode
from channels.mail.encoded_words import decode_words, one_line

VALUE_MAX: Final = 65_536  # bytes of one header
FIELDS_MAX: Final = 2_000
IDS_MAX: Final = 200  # message ids taken from one header, the oldest and the newest

_LINES_MAX: Final = 20_000  # of a head; the rest is passed over
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN: Final = re.compile(
    rb"(?i)(?:received|return-path|from|to|cc|bcc|subject|date|message-id|mime-version|reply-to"
    rb"|sender|in-reply-to|references|content-[a-z-]+|dkim-signature|delivered-to|x-[\w-]+"
    rb"|list-[a-z-]+|arc-[a-z-]+|authentication-results|user-agent|importance|thread-[a-z]+)"
    rb"[ \t]*:"
)
_BROKEN_LINES_MAX: Final = 3  # that are passed over before a known header must come
_MBOX: Final = re.compile(rb">?From [^\r\n]*\r?\n")
_ID: Final = re.compile(r"<([^<>]{1,998})>")
_BARE_ID: Final = re.compile(r"[^\s<>@,;:\"()]+@[^\s<>@,;:\"()]+")


class Field(NamedTuple):
    """One header: its lower-case name and its unfolded raw value."""

    name: str
    raw: bytes


class Head(NamedTuple):
    """The fields of a mail or part, where its body begins, and what was wrong."""

    fields: tuple[Field, ...]
    body_at: int
    defects: tuple[str, ...]

    def raw(self, name: str) -> bytes:
        """Return the raw value of the first field of this lower-case name, b"" when missing."""
        return next((field.raw for field in self.fields if field.name == name), b"")

    def text(self, name: str) -> str:
        """Return the value for reading parameters: no encoded words decoded."""
        return letters(self.raw(name), "")


def read_head(data: bytes, begin: int, end: int, *, is_top: bool) -> Head:
    """Read the fields of `data[begin:end]` up to the empty line; `body_at` counts from 0."""
    defects: list[str] = []
    if is_top:
        begin = _skip_rubbish(data, begin, end, defects)
    fields: list[tuple[str, list[bytes]]] = []
    position = begin
    for _ in range(_LINES_MAX):
        if position >= end:
            break
        line_end = data.find(b"\n", position, end)
        after = end if line_end < 0 else line_end + 1
        if after - position <= 3 and not data[position:after].strip(b"\r\n"):
            return _head(fields, after, defects)
        match = _FIELD.match(data, position, after)
        if data[position] in b" \t" and fields:
            fields[-1][1].append(data[position : min(after, position + VALUE_MAX)])
        elif match is not None:
            value = data[match.end() : min(after, match.end() + VALUE_MAX + 3)]
            fields.append((match[1].decode("ascii").lower(), [value]))
        elif fields and _header_follows(data, after, end):
            defects.append("header-line-broken")
        else:
            break
        position = after
    else:
        defects.append("too-many-headers")
        position = _after_empty_line(data, position, end)
    if position < end and "too-many-headers" not in defects:
        defects.append("no-blank-line")
    return _head(fields, position, defects)


def letters(raw: bytes, charset: str) -> str:
    """Return a raw header as text; octets outside ASCII are taken for UTF-8, else `charset`."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").replace("\x00", "")
    text, defect = decode(raw, "")
    return decode(raw, charset)[0] if defect and charset else text


def value_of(raw: bytes, charset: str) -> str:
    """Return a header as people read it: decoded, on one line, without control characters."""
    return one_line(decode_words(letters(raw, charset)))


def message_ids(text: str) -> tuple[str, ...]:
    """Return the message ids of a Message-ID, In-Reply-To or References header, in order.

    Shape: with angle brackets, each once; of more than 200 the first and the last 199.
    """
    found = ["".join(match[1].split()) for match in _ID.finditer(text)]
    if not found:
        bare = _BARE_ID.fullmatch(text.strip())
        found = [bare[0]] if bare else []
    ids = list(dict.fromkeys(f"<{one_line(name)}>" for name in found if one_line(name)))
    return tuple(ids if len(ids) <= IDS_MAX else [ids[0], *ids[1 - IDS_MAX :]])


def iso_date(text: str) -> str:
    """Return the instant of a Date header as ISO 8601 with offset, "" when it gives none."""
    try:
        when = parsedate_to_datetime(text[:200])
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return ""


def _skip_rubbish(data: bytes, begin: int, end: int, defects: list[str]) -> int:
    """Pass a byte order mark, empty lines before known headers, and mailbox lines."""
    start = begin + 3 if data.startswith(b"\xef\xbb\xbf", begin, end) else begin
    ahead = data[start : min(end, start + 4096)]
    filled = len(ahead) - len(ahead.lstrip(b"\r\n"))
    if filled and (_KNOWN.match(ahead, filled) or _MBOX.match(ahead, filled)):
        start += filled
    while (line := _MBOX.match(data, start, min(end, start + 4096))) is not None:
        defects.append("mbox-line")
        start = line.end()
    return start


def _after_empty_line(data: bytes, position: int, end: int) -> int:
    match = _EMPTY_LINE.search(data, max(0, position - 1), end)
    return match.end() if match else end


def _header_follows(data: bytes, position: int, end: int) -> bool:
    """Say whether a known header comes within a few lines and before an empty one."""
    for _ in range(_BROKEN_LINES_MAX):
        if _KNOWN.match(data, position, end):
            return True
        line_end = data.find(b"\n", position, min(end, position + 1000))
        if line_end < 0 or not data[position:line_end].strip():
            return False
        position = line_end + 1
    return False


def _head(fields: list[tuple[str, list[bytes]]], body_at: int, defects: list[str]) -> Head:
    if len(fields) > FIELDS_MAX:
        defects.append("too-many-headers")
    unfolded = tuple(_unfolded(fields[:FIELDS_MAX], defects))
    return Head(unfolded, body_at, tuple(dict.fromkeys(defects)))


def _unfolded(fields: list[tuple[str, list[bytes]]], defects: list[str]) -> Iterator[Field]:
    for name, lines in fields:
        raw = b"".join(line.rstrip(b"\r\n") for line in lines).strip(b" \t\r\n")
        if len(raw) > VALUE_MAX:
            defects.append("header-too-long")
            raw = raw[:VALUE_MAX]
        if b"\x00" in raw:
            defects.append("nul-bytes")
            raw = raw.replace(b"\x00", b"")
        if not raw.isascii():
            defects.append("header-8bit")
        yield Field(name, raw)
