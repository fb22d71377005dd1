"""Announcements in writing: the town's message and when it ends, in the reader's language. Pure.

What a person announced in one language alone is shown in that one: better than not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from channels.moments import moment
from router.core.announced import Announced
from router.core.model import Instant

_UNTIL: Final = {"en": "{text} (Until {end}.)", "fr": "{text} (Jusqu'au {end}.)"}
_DEFAULT: Final = "en"


def in_words(
    messages: Iterable[Announced], language: str, zone: str, now: Instant
) -> tuple[str, ...]:
    """Return each message as one text."""
    return tuple(
        _UNTIL.get(language, _UNTIL[_DEFAULT]).format(
            text=each.text.get(language) or next(filter(None, each.text.values())),
            end=moment(language, each.until, zone, now),
        )
        for each in messages
        if any(each.text.values())
    )
