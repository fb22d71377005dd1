"""Flowed text (RFC 3676): the lines a program broke are joined again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

_SIGNATURE: Final = "-- "


def unflow(text: str, *, joins_words: bool) -> str:
    """Return `text` with its soft line breaks taken out.

    `joins_words`: DelSp=yes, the space at a soft break is the program's and falls, too.
    Quotations keep their marks, written as `>> words`.
    """
    lines = (_split(line) for line in text.split("\n"))
    joined = (
        line
        for depth, group in groupby(lines, key=lambda pair: pair[0])
        for line in _joined([words for _, words in group], depth, joins_words)
    )
    return "\n".join(joined)


def _split(line: str) -> tuple[int, str]:
    words = line.lstrip(">")
    return len(line) - len(words), words.removeprefix(" ")


def _joined(lines: list[str], depth: int, joins_words: bool) -> Iterator[str]:
    mark = ">" * depth + " " if depth else ""
    held: list[str] = []
    for words in lines:
        if words in (_SIGNATURE, ""):  # an empty line parts paragraphs, whatever stands before it
            if held:
                yield mark + "".join(held).rstrip(" ")
                held = []
            yield (mark + words) if words else mark.rstrip(" ")
        elif words.endswith(" "):
            held.append(words[:-1] if joins_words else words)
        else:
            yield mark + "".join((*held, words))
            held = []
    if held:
        yield mark + "".join(held).rstrip(" ")
