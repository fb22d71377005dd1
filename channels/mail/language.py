"""Which of the town's languages a mail is written in: by its commonest words, else as it declares.

Few programs say what language a mail is in, and some say that of their menus. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

LOOKED_AT: Final = 4000  # letters
CLEAR: Final = 3  # so many words, and twice as many as of any other language
_WORD: Final = re.compile(r"[^\W\d_]+")
_COMMON: Final = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and is are was you your of to in my we our please for not with this that it have"
        " has when there from hello thank thanks would can",
        "fr": "le la les des est sont était et vous votre de du je nous notre une un dans pour que"
        " qui pas ne sur mon ma mes au aux avec il elle ce cette bonjour merci quand",
    }.items()
}
_DECLARED: Final = ("content-language", "accept-language")


def language_of(text: str, headers: Iterable[tuple[str, str]], spoken: Sequence[str]) -> str:
    """Return one of `spoken`; the first of them when neither words nor headers say anything."""
    words = [word.lower() for word in _WORD.findall(text[:LOOKED_AT])]
    counts = [(sum(w in _COMMON.get(each, ()) for w in words), each) for each in spoken]
    (most, best), *others = sorted(counts, key=lambda found: -found[0])
    if most >= CLEAR and all(most >= 2 * less for less, _ in others):
        return best
    for name, value in headers:
        tags = value.replace(";", ",").split(",") if name in _DECLARED else []
        for tag in tags:
            found = tag.strip().lower().split("-")[0]
            if found in spoken:
                return found
    return spoken[0]
