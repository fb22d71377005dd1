"""Residents' words as desks show them: who somebody is, what they left or filled in. Pure."""

from __future__ import annotations

import msgspec

from router.desk.views import WhoView, WordsView
from router.ports import Words, contact_in


def who_of(words: Words | None) -> WhoView | None:
    """Return who the resident is; None when the words are missing or not a contact."""
    who = contact_in(words)
    return WhoView(name=who.name, number=who.number, email=who.email) if who is not None else None


def words_view(words: Words | None) -> WordsView | None:
    """Return what the resident left or filled in; None without words, or for a message's.

    What was written to and fro stands in the conversation.
    """
    if words is None or words.kind == "said":
        return None
    if words.kind == "form":
        try:
            fields = msgspec.json.decode(words.body, type=dict[str, object])
        except msgspec.DecodeError:
            return WordsView(kind="form", text=words.body.decode(errors="replace"))
        return WordsView(kind="form", fields=fields)
    return WordsView(kind=words.kind, text=words.body.decode(errors="replace"))
