"""Content-Transfer-Encoding: base64 and quoted-printable back to bytes, broken or not.

What can be decoded is decoded; text that somebody appended after the end of base64 is left out,
it stands in the original. Nothing raises.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

Octets = bytes | memoryview

_NOT_BASE64: Final = bytes(
    octet
    for octet in range(256)
    if octet not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)
_BLANKS: Final = b" \t\r\n"
_SOFT_BREAK: Final = re.compile(rb"=[ \t]+(?=\r?\n)")
_NO_CODE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")
_AS_IS: Final = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits",
                           "none", "plain", "unencoded", "us-ascii", "utf-8"})  # fmt: skip


def decode_transfer(body: Octets, encoding: str) -> tuple[bytes, str]:
    """Return the bytes that were sent and the defect met on the way, "" for none."""
    name = encoding.strip().lower().strip("\"'")
    if name == "base64":
        return from_base64(body)
    if name in ("quoted-printable", "quotedprintable", "quoted/printable"):
        return _from_quoted_printable(body)
    return bytes(body), "" if name in _AS_IS else "encoding-unknown"


def from_base64(body: Octets) -> tuple[bytes, str]:
    """Return the decoded bytes and "base64-broken" when anything but base64 was there."""
    data = bytes(body)
    padding = data.find(b"=")
    end = len(data) if padding < 0 else padding
    tail = data[end:].strip(_BLANKS + b"=")
    try:
        decoded = b"" if tail else binascii.a2b_base64(data)
    except binascii.Error:
        return _segment(data[:end]), "base64-broken"
    if not tail:
        letters = end - sum(data.count(octet, 0, end) for octet in _BLANKS)
        return decoded, "" if len(decoded) == letters * 3 // 4 else "base64-broken"
    if _is_base64(tail):
        later = b"".join(_segment(segment) for segment in tail.split(b"="))
        return _segment(data[:end]) + later, "base64-broken"
    return _segment(data[:end]), "base64-broken"


def _is_base64(tail: bytes) -> bool:
    """Tell another run of base64 from words that were appended."""
    letters = tail.translate(None, b"\r\n")
    return len(letters) % 4 == 0 and len(letters.translate(None, _NOT_BASE64)) >= len(letters) - 2


def _segment(data: bytes) -> bytes:
    letters = data.translate(None, _NOT_BASE64)
    spare = len(letters) % 4
    if spare == 1:  # six bits make no byte
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_quoted_printable(body: Octets) -> tuple[bytes, str]:
    data = bytes(body)
    if _SOFT_BREAK.search(data):
        data = _SOFT_BREAK.sub(b"=", data)
    defect = "quoted-printable-broken" if _NO_CODE.search(data) else ""
    return binascii.a2b_qp(data), defect
