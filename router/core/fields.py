"""Fields in braces in the texts of a policy: filled in, and tidied where nothing is known. Pure.

"Thank you, {name}." to somebody without a name reads "Thank you."; what is filled in is not read
again, so that nobody's words can name a field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_FIELD: Final = re.compile(r"\{([a-z_]+)\}")
_GAP: Final = "\0"  # stands where a field was empty until the text around it is tidied
_BLANKS: Final = "[ \t]"
_TIDIED: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.MULTILINE), instead)
    for pattern, instead in (
        (rf"{_GAP}(?:{_BLANKS}*{_GAP})+", _GAP),
        (rf"\({_BLANKS}*{_GAP}{_BLANKS}*\)", _GAP),
        (rf"^{_BLANKS}*{_GAP}{_BLANKS}*(?:\n|\Z)", ""),  # a line of its own
        (rf"^{_BLANKS}*{_GAP}{_BLANKS}*[,;:]?{_BLANKS}*", ""),
        (rf",?{_BLANKS}*{_GAP}(?={_BLANKS}*(?:[,.;:!?]|$))", ""),
        (rf"{_BLANKS}*{_GAP}", ""),
    )
)


def filled(text: str, fields: Mapping[str, str]) -> str:
    """Return the text with its fields replaced; unknown ones stay as they stand.

    An empty field goes together with the brackets, comma or blanks that led to it; a line that
    holds nothing else goes as a whole.
    """
    done = _FIELD.sub(lambda found: _value(found, fields), text.replace(_GAP, ""))
    if _GAP in done:
        for pattern, instead in _TIDIED:
            done = pattern.sub(instead, done)
    return done


def _value(found: re.Match[str], fields: Mapping[str, str]) -> str:
    value = fields.get(found[1])
    return found[0] if value is None else value.replace(_GAP, "") or _GAP
