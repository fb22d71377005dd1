"""What a reader with a pencil would say of a story's entries into queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from router.core import events as e
from router.core.model import ENDED, ItemId, ItemState
from router.core.state import State
from router.core.tallies import TallyKey

OVER = ENDED | {ItemState.DEFERRED, ItemState.WRAP_UP}


def every_entry_counts_once(story: Sequence[e.Event], state: State) -> None:
    """After the beginning of an entry: one result, and a late one after the threshold alone.

    What is no longer in line or in hand has an ending, and the tallies are those of the last day.
    """
    last: dict[ItemId, str] = {}
    for event in story:
        if isinstance(event, e.ItemQueued) and event.entered_at is not None:
            if event.threshold_at is not None:
                assert last.get(event.item) not in ("", "threshold"), event
                last[event.item] = ""
        elif isinstance(event, e.ServiceLevelCounted):
            before = last[event.item]
            late = event.result.endswith("-late")
            assert before == ("threshold" if late else ""), (event, before)
            assert event.waited >= 0
            assert late or event.result == "threshold" or event.waited < event.within
            last[event.item] = event.result
    for item_id, result in last.items():
        item = state.items.get(item_id)
        if result in ("", "threshold"):
            assert item is not None, item_id
            assert item.state not in OVER, (item, result)
    assert {key: dict(row.counts) for key, row in state.tallies.items()} == tallied(story)


def tallied(story: Sequence[e.Event]) -> dict[TallyKey, dict[str, int]]:
    """Return what was counted for the last day that anything was counted for."""
    counted = [x for x in story if isinstance(x, e.ServiceLevelCounted)]
    today = max((x.day for x in counted), default="")
    found: dict[TallyKey, Counter[str]] = {}
    for event in counted:
        if event.day == today and event.channel is not None:
            key = (event.queue, event.channel, event.interval)
            found.setdefault(key, Counter())[event.result] += 1
    return {key: dict(counts) for key, counts in found.items()}
