"""Bytes to text under a declared character set that may be wrong, unknown or missing.

Tried in order: the declared set (or the larger one that really is meant by it), UTF-8, and
Windows-1252, which takes everything. The result has no NUL, no lone surrogate and only the line
end LF; nothing raises.
Source: the WHATWG encoding standard for which label means which set.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Final

# Labels that Python does not know, and small sets that are used as names of larger ones.
_ALIASES: Final[dict[str, str]] = {
    "": "utf-8",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "x-ascii": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "unknown": "utf-8",
    "default": "utf-8",
    "binary": "utf-8",
    "8bit": "utf-8",
    "7bit": "utf-8",
    "unicode": "utf-8",
    "utf": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode-2-0-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "iso-8859-8-i": "cp1255",
    "iso-8859-8-e": "cp1255",
    "iso-8859-8": "cp1255",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "x-windows-949": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "euc-cn": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso2022_jp": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8-ru": "koi8-u",
    "koi": "koi8-r",
    "cp-850": "cp850",
    "utf-16": "utf-16",
}
# Codecs that do something else than read letters.
_NOT_LETTERS: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "unicode-escape",
     "raw-unicode-escape", "mbcs", "oem"}
)  # fmt: skip
_ESCAPES: Final = re.compile(rb"\x1b(?:\$[@B]|\$\([DO]|\([JI])")  # JIS switching to its letters
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"),
                 (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WRONG_SHARE_MAX: Final = 0.5  # of the letters outside ASCII; a wrong set damages nearly all
_LABEL_MAX: Final = 60


@lru_cache(maxsize=256)
def codec_of(label: str) -> str | None:
    """Return the name of Python's codec for a charset label; None when nobody knows it."""
    name = label.strip().strip("\"'").lower()[:_LABEL_MAX].removeprefix("charset=")
    for candidate in (name, name.replace("_", "-"), re.sub(r"^(?:x-)?cs", "", name)):
        if candidate in _ALIASES:
            return _ALIASES[candidate]
        candidate = re.sub(r"^(?:x-)?(?:windows|win|cp|ansi)[-_]?(?=\d{3,4}$)", "cp", candidate)
        try:
            found = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        if found._is_text_encoding and found.name not in _NOT_LETTERS:
            return _ALIASES.get(found.name, found.name)
    return None


def decode(body: bytes | memoryview, label: str) -> tuple[str, str]:
    """Return the text and the defect that reading it showed, "" for none.

    Shape: line ends LF; NUL and lone surrogates taken out or replaced.
    """
    data = bytes(body)
    text, defect = _letters(data, label)
    if "\x00" in text:
        text, defect = text.replace("\x00", ""), defect or "nul-bytes"
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, defect


def _letters(data: bytes, label: str) -> tuple[str, str]:
    codec = codec_of(label)
    if codec in (None, "utf-8") and _ESCAPES.search(data):
        codec = "iso2022_jp_ext"  # seven bits that were declared ASCII, or not at all
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return _lenient(data, marked), ""
    defect = "" if codec is not None else "charset-unknown"
    for name in dict.fromkeys((codec or "utf-8", "utf-8")):
        text = _strict(data, name)
        if text is not None:
            is_as_declared = name == codec or not label
            return text, defect if is_as_declared else defect or "charset-wrong"
    defect = defect or "charset-wrong"
    text = _lenient(data, codec or "utf-8")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    if text.count("\ufffd") <= foreign * _WRONG_SHARE_MAX:
        return text, defect
    return _western(data), defect


def _strict(data: bytes, codec: str) -> str | None:
    if codec == "cp1252":
        return _western(data)
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError, LookupError):
        return None
    return None if _SURROGATE.search(text) else text


def _lenient(data: bytes, codec: str) -> str:
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        text = _western(data)
    return _SURROGATE.sub("\ufffd", text).removeprefix("\ufeff")


def _western(data: bytes) -> str:
    """Windows-1252, which leaves five bytes undefined."""
    return data.decode("cp1252", "replace")
