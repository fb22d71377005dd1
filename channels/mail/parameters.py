"""Content-Type and Content-Disposition: the value and its parameters, as they ought to be read.

Takes RFC 2231 (charsets, continuations), and what is sent instead: encoded words, raw letters,
unquoted values with spaces, quotes that never close. Nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from channels.mail.charsets import decode
from channels.mail.encoded_words import decode_words, one_line

_PARAMETER: Final = re.compile(
    r';\s*+([^=;"\s]++)\s*+=\s*+("(?:[^"\\]|\\.)*+(?:"|\Z)|[^;]*+)', re.S
)
_ESCAPED: Final = re.compile(r'\\(["\\])')
_SECTION: Final = re.compile(r"([^*]+)\*(\d{1,3})?(\*)?")
_PARAMETERS_MAX: Final = 500
_UNSAFE: Final = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED: Final = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
_NAME_MAX: Final = 200  # bytes of UTF-8; file systems take 255


class Declared(NamedTuple):
    """A header of the shape `value; name=text; ...`, names in lower case."""

    value: str
    parameters: Mapping[str, str]


def declared(text: str) -> Declared:
    """Read a Content-Type or Content-Disposition header."""
    head, _, _ = text.partition(";")
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(text)):
        if count == _PARAMETERS_MAX:
            break
        name, value = match[1].lower(), _unquoted(match[2])
        section = _SECTION.fullmatch(name)
        if section is None:
            plain.setdefault(name, value)
        else:
            part = (value, section[3] is not None or section[2] is None)
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), part)
    read = {name: one_line(decode_words(value)) for name, value in plain.items()}
    read.update({name: one_line(_joined(parts)) for name, parts in sections.items()})
    value = "".join(_without_comments(head).split()).lower()
    return Declared(value, read)


def file_name(text: str) -> str:
    """Make a name that any file system takes: no folders, no controls, bounded; "" stays ""."""
    name = one_line(text).replace("\\", "/").rpartition("/")[2]
    name = _UNSAFE.sub("_", name).strip(". ")
    if _RESERVED.match(name):
        name = f"_{name}"
    stem, dot, suffix = name.rpartition(".")
    suffix = f"{dot}{suffix}" if stem and len(suffix) <= 10 else ""
    kept = name[: len(name) - len(suffix)].encode()[: _NAME_MAX - len(suffix.encode())]
    return (kept.decode("utf-8", "ignore").rstrip(". ") + suffix) if name else ""


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    return _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """Put the sections together as bytes: a letter may have been cut in two."""
    charset, octets = "", b""
    for number in sorted(parts):
        value, is_encoded = parts[number]
        if number == 0 and is_encoded and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        raw = value.encode("utf-8", "replace")
        octets += unquote_to_bytes(raw) if is_encoded else raw
    return decode_words(decode(octets, charset)[0])


def _without_comments(text: str) -> str:
    return re.sub(r"\([^()]*\)", "", text) if "(" in text else text
