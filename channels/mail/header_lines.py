"""Header fields as lines: what is not ASCII as encoded words (RFC 2047), folded at 78 columns.

A value is a list of words that lines may be folded between. No word holds a line end.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from typing import Final
from urllib.parse import quote as percent

Header = tuple[str, list[str]]  # name, words

_LINE_MAX: Final = 78  # RFC 5322 section 2.1.1; words are not broken, so some lines are longer
_WORD_MAX: Final = 60  # characters of a word that is written as it is
_CHUNK_BYTES: Final = 45  # of UTF-8 in an encoded word: 60 in base 64, 72 with its frame
_SEGMENT_MAX: Final = 54  # characters of a parameter's segment
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_UNPRINTABLE: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})


def printable(text: str) -> str:
    """Return the text on one line: controls and line ends become spaces, spaces are single."""
    kept = (" " if unicodedata.category(letter) in _UNPRINTABLE else letter for letter in text)
    return " ".join("".join(kept).split())


def text(value: str) -> list[str]:
    """Return the words of free text (Subject), encoded as a whole where one of them must be."""
    line = printable(value)
    words = line.split(" ") if line else []
    return words if _may_stand(line, words) else _encoded(line)


def phrase(name: str) -> list[str]:
    """Return the words of a display name: bare, in quotation marks or encoded."""
    line = printable(name)
    words = line.split(" ") if line else []
    if not _may_stand(line, words) or len(line) > _WORD_MAX:
        return _encoded(line)
    if not line or _ATOMS.fullmatch(line):
        return words
    escaped = re.sub(r'(["\\])', r"\\\1", line)
    return [f'"{escaped}"']


def parameter(name: str, value: str) -> list[str]:
    """Return a parameter of a MIME header, long or foreign values as RFC 2231 says."""
    line = printable(value)
    if line.isascii() and len(line) <= _WORD_MAX and not re.search(r'["\\%]', line):
        return [f'{name}="{line}"']
    segments = [""]
    for letter in line:
        written = percent(letter, safe="")
        if len(segments[-1]) + len(written) > _SEGMENT_MAX:
            segments.append("")
        segments[-1] += written
    segments[0] = f"utf-8''{segments[0]}"
    if len(segments) == 1:
        return [f"{name}*={segments[0]}"]
    last = len(segments) - 1
    return [
        f"{name}*{number}*={segment}{';' if number < last else ''}"
        for number, segment in enumerate(segments)
    ]


def folded(name: str, words: list[str]) -> bytes:
    """Return the field with its CRLF, folded before the words that do not fit."""
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE_MAX and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join([*lines, ""]).encode("ascii")


def _may_stand(line: str, words: list[str]) -> bool:
    """Whether the text needs no encoding: short words of ASCII that do not look encoded."""
    return line.isascii() and "=?" not in line and all(len(word) <= _WORD_MAX for word in words)


def _encoded(line: str) -> list[str]:
    """Return the text as encoded words; no character is divided between two."""
    chunks = [b""]
    for letter in line:
        written = letter.encode("utf-8")
        if len(chunks[-1]) + len(written) > _CHUNK_BYTES:
            chunks.append(b"")
        chunks[-1] += written
    return [f"=?utf-8?B?{binascii.b2a_base64(c, newline=False).decode('ascii')}?=" for c in chunks]
