"""Divides the text of a reply into the sender's own words and what they answer.

Every line goes to one of the two, none is lost and none is rewritten: a desk shows the words and
keeps the rest one step away. The rules are about kinds of lines, the same in every language:

* from a repeated header block, an "Original Message" marker or an attribution above text that is
  not marked as quoted, everything to the end is quotation, if there were words before it;
* quoted lines before the first and after the last word are quotation; those between words stay,
  because the words answer them (a quotation above stays with them); attributions never stay;
* signatures go, as far as they reach;
* where nothing would be left, everything stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from channels.mail import quotation, signature
from channels.mail.message import Trimmed


class _Line(Enum):
    """What a line is."""

    EMPTY = auto()
    WORDS = auto()
    QUOTE = auto()  # marked as quoted
    RULE = auto()  # drawn: dashes, underscores
    ATTRIBUTION = auto()  # "On ..., Ada Quill wrote:"
    EMBEDDED = auto()  # a marker or a block of headers: another mail begins
    SIGNATURE = auto()


_ATTRIBUTIONS_MAX: Final = 1000  # looked for in one text: more are no mail but an attack
_LINES_MAX: Final = 20_000  # looked at in one text; what follows counts as words
_SILENT: Final = frozenset({_Line.EMPTY, _Line.RULE})
_OPENERS: Final = frozenset({_Line.ATTRIBUTION, _Line.EMBEDDED})


def trim(text: str) -> Trimmed:
    """Divide a reply; `reply` and `quoted` together hold every line of `text` that is not empty.

    Both keep their lines as they stood, separated by newlines, without empty lines around. Time and
    memory are linear in the text.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kinds = _kinds(lines)
    kept = _kept(kinds)
    if not any(kinds[index] is _Line.WORDS for index in kept):
        return Trimmed(reply=_joined(lines), quoted="")
    chosen = set(kept)
    return Trimmed(
        reply=_joined([lines[index] for index in kept]),
        quoted=_joined([line for index, line in enumerate(lines) if index not in chosen]),
    )


def _joined(lines: Sequence[str]) -> str:
    """Return the lines without the empty ones around."""
    first, end = 0, len(lines)
    while first < end and not lines[first].strip():
        first += 1
    while first < end and not lines[end - 1].strip():
        end -= 1
    return "\n".join(lines[first:end])


# --- what each line is ---------------------------------------------------------------------------


def _kinds(lines: Sequence[str]) -> list[_Line]:
    looked_at = lines[:_LINES_MAX]
    kinds = [_kind(line) for line in looked_at]
    _mark_attributions(looked_at, kinds)
    _mark_broken_quotes(looked_at, kinds)
    _mark_embedded(looked_at, kinds)
    _mark_signatures(looked_at, kinds)
    return kinds + [_Line.WORDS] * (len(lines) - len(looked_at))


def _kind(line: str) -> _Line:
    if not quotation.plain(line):
        return _Line.EMPTY
    if quotation.is_quoted(line):
        return _Line.QUOTE
    return _Line.RULE if signature.is_rule(line) else _Line.WORDS


def _mark_attributions(lines: Sequence[str], kinds: list[_Line]) -> None:
    candidates = [
        index
        for index, line in enumerate(lines)
        if kinds[index] is not _Line.EMPTY and quotation.may_end_attribution(line)
    ]
    found = [
        (quotation.attribution(lines, last, before_quote=_is_before_quote(kinds, last)), last)
        for last in candidates[:_ATTRIBUTIONS_MAX]
    ]
    for first, last in found:
        if first is not None:
            kinds[first : last + 1] = [_Line.ATTRIBUTION] * (last + 1 - first)
    for first in range(len(lines) - 1):
        if kinds[first] is _Line.WORDS and quotation.is_name_and_date(*lines[first : first + 2]):
            kinds[first : first + 2] = [_Line.ATTRIBUTION] * 2


def _mark_broken_quotes(lines: Sequence[str], kinds: list[_Line]) -> None:
    for index in range(1, len(lines) - 1):
        around = {kinds[index - 1], kinds[index + 1]}
        if kinds[index] is not _Line.WORDS or around != {_Line.QUOTE}:
            continue
        if quotation.is_broken_quote(lines[index - 1], lines[index]):
            kinds[index] = _Line.QUOTE


def _is_before_quote(kinds: Sequence[_Line], index: int) -> bool:
    """Whether a quoted line follows, at most two empty ones between."""
    following = (kind for kind in kinds[index + 1 : index + 4] if kind is not _Line.EMPTY)
    return next(following, None) is _Line.QUOTE


def _mark_embedded(lines: Sequence[str], kinds: list[_Line]) -> None:
    roles = [quotation.role(line) if ":" in line or "\uff1a" in line else None for line in lines]
    index = 0
    while index < len(lines):
        end = None
        if kinds[index] not in (_Line.QUOTE, _Line.EMPTY):
            end = quotation.headers(lines, roles, index) if roles[index] else None
            if end is None and quotation.is_marker(lines[index]):
                end = index + 1
        if end is not None:
            kinds[index:end] = [_Line.EMBEDDED] * (end - index)
        index = end or index + 1


def _mark_signatures(lines: Sequence[str], kinds: list[_Line]) -> None:
    """Mark telephones' lines, and dashes with what lies below them until a quotation or the end."""
    below, words_below = len(lines), 0  # where what lies below ends; how many lines of words it has
    for index in range(len(lines) - 1, -1, -1):
        kind = kinds[index]
        if signature.is_dashes(lines[index]) and kind in (_Line.RULE, _Line.WORDS):
            is_strict = lines[index] == signature.STRICT_DASHES
            if is_strict or words_below <= signature.SIGNATURE_LINES_MAX:
                kinds[index:below] = [_Line.SIGNATURE] * (below - index)
                below, words_below = index, 0
        elif kind in _OPENERS or kind is _Line.QUOTE:
            below, words_below = index, 0
        elif kind is _Line.WORDS:
            words_below += 1
            count = signature.device_lines(lines, index)
            if count:
                kinds[index : index + count] = [_Line.SIGNATURE] * count


# --- what is kept --------------------------------------------------------------------------------


def _kept(kinds: Sequence[_Line]) -> list[int]:
    """Return the lines that are the sender's own, with the quotations that they answer."""
    end = _end_of_own(kinds)
    words = [index for index in range(end) if kinds[index] is _Line.WORDS]
    if not words:
        return []
    first, last = words[0], words[-1]
    inside = [index for index in range(first, last + 1) if _stays(kinds, index)]
    if any(kinds[index] is _Line.QUOTE for index in inside):
        answered = [index for index in range(first) if kinds[index] in (_Line.QUOTE, _Line.EMPTY)]
        return [*answered, *inside]
    return inside


def _end_of_own(kinds: Sequence[_Line]) -> int:
    """Return the line from which everything is somebody else's mail, or the number of lines.

    What opens such a mail opens a quotation only where the lines below are marked as quoted; above
    all words it is the whole mail, unless it is an attribution: then the words stand below it.
    """
    has_words = False
    opened: int | None = None  # the first line of an attribution or of headers, until we know more
    for index, kind in enumerate(kinds):
        if kind in _OPENERS:
            opened = index if opened is None else opened
        elif kind is _Line.QUOTE:
            opened = None
        elif kind is _Line.WORDS:
            if opened is not None and has_words:
                return opened
            if opened is not None and kinds[opened] is _Line.EMBEDDED:
                return 0
            has_words, opened = True, None
    return len(kinds)


def _stays(kinds: Sequence[_Line], index: int) -> bool:
    """Whether a line between words is kept: no attribution or signature, nor a rule above one."""
    kind = kinds[index]
    if kind is not _Line.RULE:
        return kind not in _OPENERS and kind is not _Line.SIGNATURE
    following = next(
        (kinds[i] for i in range(index + 1, min(index + 4, len(kinds))) if kinds[i] not in _SILENT),
        _Line.WORDS,
    )
    return following in (_Line.WORDS, _Line.QUOTE)
