"""Items that were merged, however often: who belongs together, what was written in all of it."""

from __future__ import annotations

from router.core.records import Item
from router.core.state import State


def family(s: State, item: Item) -> list[Item]:
    """Return the item and all that went into it, however often; the nearest first."""
    rows = [item]
    for row in rows:
        rows += [s.items[i] for i in (row.text.merged if row.text is not None else ())]
    return rows


def work_for(s: State, item: Item) -> Item:
    """Return the item that is the work on this one: what it was merged into, or itself."""
    while item.text is not None and item.text.merged_into is not None:
        item = s.items[item.text.merged_into]
    return item


def talks_of(s: State, item: Item) -> list[str]:
    """Return the conversations of the item and all that went into it, its own first."""
    texts = (row.text for row in family(s, item))
    found = (text.conversation for text in texts if text is not None)
    return [each for each in found if each in s.conversations]
