"""Encoded words of headers (RFC 2047), also where and how they must not stand.

Words are decoded inside quotes, glued to other text, with spaces or line breaks inside, with
broken base64, and when a letter was cut in two between neighbouring words. What is no encoded
word stays as it is. Nothing raises; the work is linear in the length of the header.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, NamedTuple

from channels.mail.charsets import decode
from channels.mail.transfer import from_base64

_START: Final = re.compile(r"=\?([^?\s=]{1,60}?)(?:\*[^?\s]{0,40})?\?([bBqQ])\?")
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Marks that turn the direction of writing: a name could be made to look like another.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


class _Word(NamedTuple):
    charset: str
    octets: bytes
    begin: int
    end: int


def decode_words(text: str) -> str:
    """Return the header with its encoded words decoded; white space between two of them falls."""
    if "=?" not in text:
        return text
    pieces: list[str] = []
    run: list[_Word] = []
    position = 0
    for word in _words(text):
        gap = text[position : word.begin]
        is_near = bool(run) and _BLANK.fullmatch(gap) is not None
        if not is_near:
            pieces += (_decoded(run), gap)
            run = []
        run.append(word)
        position = word.end
    return "".join((*pieces, _decoded(run), text[position:]))


def one_line(text: str) -> str:
    """Return the text on one line, without control characters and turning marks."""
    return " ".join(_TURNS.sub("", _CONTROLS.sub(" ", text)).split())


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    position = 0
    while (start := _START.search(text, position)) is not None:
        close = text.find("?=", start.end())
        if close < 0:
            break
        inner = text.rfind("=?", start.end(), close)
        if inner >= 0 and _START.match(text, inner):
            position = inner  # the first was never closed
            continue
        payload = text[start.end() : close]
        found.append(_Word(start[1], _octets(start[2], payload), start.start(), close + 2))
        position = close + 2
    return found


def _octets(encoding: str, payload: str) -> bytes:
    if encoding in "bB":
        return from_base64(payload.encode("ascii", "ignore"))[0]
    plain = payload.encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b"")
    return binascii.a2b_qp(plain, header=True)


def _decoded(run: list[_Word]) -> str:
    """Decode neighbours of one charset together: a letter may have been cut in two."""
    pieces: list[str] = []
    position = 0
    while position < len(run):
        charset = run[position].charset
        end = position
        while end < len(run) and run[end].charset.lower() == charset.lower():
            end += 1
        pieces.append(decode(b"".join(word.octets for word in run[position:end]), charset)[0])
        position = end
    return "".join(pieces)
