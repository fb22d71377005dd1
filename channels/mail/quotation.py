"""Which lines were written by a mail program to introduce or to mark what is being answered.

Decides line by line and looks at no more than a few lines at a time, each of bounded length: the
whole is linear in the text, whatever the text. Decides nothing about what is kept; `trimming` does.
"""
# ruff: noqa: RUF001  (dashes, quotation marks and colons of all kinds)

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from channels.mail import delimiters as said

_LINE_MAX: Final = 300  # characters; longer lines are people's paragraphs
_FOLDED_MAX: Final = 400  # characters of an attribution once unfolded
_FOLDS_MAX: Final = 6  # lines an attribution is folded over
_HEADERS_MAX: Final = 24  # lines of a block of headers, with folded recipients
_FOLDING_MIN, _FOLDING_MAX = 72, 100  # columns at which programs fold
_NAME_WORDS_MAX: Final = 4

_INVISIBLE: Final = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD]
)
_SPACES: Final = re.compile(r"\s+")
_QUOTE: Final = re.compile(r"\s{0,3}(?:>|[A-Z]{2,3}>|\|(?:\s|$)(?!.*\|\s*$))")
_FOLD_TAIL: Final = re.compile(r"\s*>\s*(?:\S{1,16}\s*(?:\([^\s()]{1,4}\))?\s*)?[:\uFF1A]\s*$")
_CLOSING: Final = " \t*_\"'”»>)]"
_COLONS: Final = (":", "\uff1a")
_ADDRESS: Final = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}|mailto:")
_NUMERIC_DATE: Final = re.compile(
    r"(?<!\d)\d{1,4}\s?[./\-年년]\s?\d{1,2}\s?[./\-月월]\s?(?:\d{1,4})?"
)
_TIME: Final = re.compile(r"(?<!\d)\d{1,2}\s?[:.h時点시\uFF1A]\s?\d{2}(?!\d)")
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
_DATE_FIRST: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\.?,?\s+(?:(?:at\s+|um\s+|à\s+|kl\.?\s*)?\d{1,2}[:.h]\d{2}\S*\s+)?"
    r"(?P<zone>(?:GMT|UTC)\S*\s+)?(?P<name>\S.*)$"
)
_STARTS_WITH_DATE: Final = re.compile(
    r"[\s*_]*(?:\(?\d{1,4}\s?[./\-年년]|\d{1,2}\s\S+\s\d{4}|\w+,?\s+\d)"
)
_DATE_ONLY: Final = re.compile(
    r"(?:\w+\.?,?\s+){0,3}\d{1,4}[\s.,/\-\w年月日]{2,40}\d{1,2}[:.]\d{2}(?:\s?[apAP]\.?[mM]\.?)?$"
)
_NAME_AND_ADDRESS: Final = re.compile(r"[^<>@.!?]{2,60}<[^<>]{0,20}[^\s<>@]+@[^\s<>@]+>$")
_SENTENCE_END: Final = re.compile(r"[^\W\d_]{4,}[.!?]['\")]?$")


def _either(words: Sequence[str]) -> str:
    """Return an alternation, longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_WROTE: Final = re.compile(
    rf"(?<!\w)(?:{_either(said.WROTE)})(?!\w)|(?:{_either(said.WROTE_ANYWHERE)})"
)
_QUOTING: Final = re.compile(rf"(?:{_either(said.QUOTING)})\s")
_ON: Final = re.compile(rf"[\s*_\-–—•·]*(?:{_either(said.ON)})(?=[\s,\d])")
_HEADER: Final = re.compile(
    r"[\s*_>\-]{0,8}(?P<word>\w[\w\s'’\-]{0,24}?)\s?[*_]*\s?[:\uFF1A][*_]*(?P<value>.*)$"
)
_ROLES: Final = {word: role for role, words in said.HEADERS.items() for word in words}


def plain(line: str) -> str:
    """Return the line as it is compared: no invisible characters, single spaces, lower case."""
    folded = line.translate(_INVISIBLE).casefold().replace("i\u0307", "i")  # of the Turkish capital
    return _SPACES.sub(" ", folded).strip()


def is_quoted(line: str) -> bool:
    """Whether the line is marked as quoted: "> ", "| " or the initials of old news readers."""
    return _QUOTE.match(line.translate(_INVISIBLE)) is not None


def is_marker(line: str) -> bool:
    """Whether the line says that another mail begins: "-----Original Message-----"."""
    if len(line) > _LINE_MAX:
        return False
    text = plain(line)
    bare = text.strip("-–—_=*#~>< :\uff1a+/.")
    dashed = len(text) - len(bare) >= 4 and text[:1] in "-–—_=*#~>/"
    if bare in said.BETWEEN_DASHES and dashed:
        return True
    if bare in said.ALONE and text.endswith((*_COLONS, "-", "…")):
        return True
    return any(words in text for words in said.ABOVE_THIS_LINE)


def may_end_attribution(line: str) -> bool:
    """Whether it is worth asking for an `attribution` that ends in this line; cheap."""
    ending = line.translate(_INVISIBLE).rstrip(_CLOSING)
    if not ending or len(ending) > _LINE_MAX:
        return False
    if is_quoted(line):
        return _FOLD_TAIL.match(line) is not None
    if ending.endswith(_COLONS) or _DATE_FIRST.match(line.strip("*_ ")):
        return True
    return any(found.end() == len(ending) for found in _WROTE.finditer(ending.casefold()))


def attribution(lines: Sequence[str], last: int, *, before_quote: bool) -> int | None:
    """Return the first line of the attribution that ends in line `last`, None when none does.

    `before_quote`: the next line that is not empty is quoted, which makes less evidence do.
    Of several beginnings the one is taken that looks like one ("On Mon, 1 Feb"), else the shortest.
    """
    first, text, folds, gap = None, "", 0, False
    for index in range(last, max(-1, last - 2 * _FOLDS_MAX), -1):
        line = lines[index].translate(_INVISIBLE).strip()
        if not line:
            gap = True
            continue
        folds += 1
        text = f"{line} {text}".strip()
        if folds > _FOLDS_MAX or len(text) > _FOLDED_MAX:
            break
        if index < last and (_SENTENCE_END.search(line) or (is_quoted(line) and line != "<")):
            break
        starts = _starts(line, needs_time=gap)
        if ((first is None and not gap) or starts) and _is_attribution(
            text, before_quote=before_quote
        ):
            first = index
            if starts:
                break
    return first


def _starts(line: str, *, needs_time: bool) -> bool:
    """Whether an unfolded attribution may begin with this line."""
    text = plain(line)
    if needs_time and not _TIME.search(text):
        return False
    has_day = any(letter.isdigit() for letter in text)
    return has_day and (_ON.match(text) is not None or _STARTS_WITH_DATE.match(text) is not None)


def _is_attribution(text: str, *, before_quote: bool) -> bool:
    """Whether the unfolded text names who wrote, and when or from where."""
    closed = text.rstrip(_CLOSING)
    folded = plain(closed)
    has_colon = closed.endswith(_COLONS)
    has_date = any(pattern.search(folded) for pattern in (_NUMERIC_DATE, _TIME, _YEAR))
    has_address = _ADDRESS.search(folded) is not None
    wrote = _WROTE.search(folded)
    if wrote is None:
        by_quoting = _QUOTING.match(folded) is not None and (has_address or before_quote)
        return (has_colon and ((has_date and has_address) or by_quoting)) or _is_date_and_name(
            closed
        )
    at_end = wrote.end() == len(folded)
    if not has_colon and not (at_end and has_date and (has_address or before_quote)):
        return False
    if has_address:
        return True
    is_sentence = _is_said_by_a_person(folded, wrote.start(), wrote.end())
    if is_sentence and not (before_quote and has_date):
        return False
    if has_date:
        return (
            _starts(folded, needs_time=False) or before_quote or _is_name(closed[: wrote.start()])
        )
    return before_quote and _is_name(closed[: wrote.start()])


def _is_date_and_name(text: str) -> bool:
    """Whether the text is "2016-03-03 17:21 GMT+01:00 Ada" or "2016/3/3 Ada <ada@example.org>"."""
    found = _DATE_FIRST.match(text.strip("*_ "))
    if found is None or len(text) > _LINE_MAX // 2:
        return False
    name = found["name"]
    return len(name.split()) <= 2 * _NAME_WORDS_MAX and (
        found["zone"] is not None or _ADDRESS.search(name) is not None or "<" in name
    )


def _is_said_by_a_person(folded: str, start: int, end: int) -> bool:
    """Whether the verb has "I", "you" ... beside it: a sentence, not an attribution."""
    before, after = folded[:start].split(), folded[end:].split()
    return any(word.strip(",") in said.PRONOUNS for word in (*before[-2:], *after[:1]))


def _is_name(text: str) -> bool:
    """Whether the text is at most four words, each with a capital, a digit or no case at all."""
    words = text.strip(" *_\"'“”«»,").split()
    return 0 < len(words) <= _NAME_WORDS_MAX and all(
        not word[:1].islower() or word in ("de", "van", "von", "der", "da", "via") for word in words
    )


def is_name_and_date(line: str, following: str) -> bool:
    """Whether two lines are "Ada Quill <ada@example.org>" and "January 31, 2016 at 9:58 PM"."""
    if max(len(line), len(following)) > _LINE_MAX // 3:
        return False
    return (
        _NAME_AND_ADDRESS.fullmatch(line.strip(" *")) is not None
        and _DATE_ONLY.fullmatch(following.strip(" *")) is not None
    )


def is_broken_quote(above: str, line: str) -> bool:
    """Whether a program that folds lines broke the quoted line `above` and left its end unmarked.

    So it seems when the end would not have fitted above and goes on in the middle of a sentence.
    """
    text, quoted = line.strip(), above.rstrip()
    if (
        not text
        or len(line) > _LINE_MAX
        or not text[0].islower()
        or quoted.endswith((".", "?", "!"))
    ):
        return False
    first_word = text.split(maxsplit=1)[0]
    return (
        len(quoted) + 1 + len(first_word) > _FOLDING_MIN and len(text) < len(quoted) <= _FOLDING_MAX
    )


def headers(lines: Sequence[str], roles: Sequence[str | None], first: int) -> int | None:
    """Return the line after the block of headers that begins in line `first`, None when none does.

    `roles` says of each line which header it is (`role`).
    A block names who, when and about what ("From: ... Sent: ... Subject: ..."); at least three
    different headers, one of them the sender or the date, and a subject or an address among them,
    so that "From: 5 Main St, To: 7 King St" in a removal notice is none. Empty lines and folded
    values may lie between.
    """
    found, has_address, end, folded = set[str](), False, first, 0
    for index in range(first, min(len(lines), first + _HEADERS_MAX)):
        if not lines[index].strip():
            continue
        role = roles[index]
        if role is None:
            folded += 1
            if index == first or folded > 2 or index > end + 1:
                break
            continue
        if role in found and role in (said.FROM, said.SUBJECT):
            break
        folded = 0
        found.add(role)
        has_address = has_address or _ADDRESS.search(lines[index][:_LINE_MAX]) is not None
        end = index + 1
    is_block = len(found) >= 3 and not found.isdisjoint({said.FROM, said.DATE})
    return end if is_block and (said.SUBJECT in found or has_address) else None


def role(line: str) -> str | None:
    """Return what the header says (`delimiters.HEADERS`), None when the line is no header."""
    found = _HEADER.match(line[:_LINE_MAX].translate(_INVISIBLE))
    return _ROLES.get(plain(found["word"]).strip("*_ ")) if found else None
