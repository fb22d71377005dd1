"""What a reader with a pencil would say of a story's entries into queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from router.core import events as e
from router.core.model import ENDED, Channel, Form, ItemId, ItemState
from router.core.service_level import local_day
from router.core.state import State
from router.core.tallies import INTERVAL, TallyKey

OF_TEXTS = (Channel.MAIL, Channel.WEBFORM)
TEXTS = (Form.MAIL, Form.SUBMISSION)
OVER = ENDED | {ItemState.DEFERRED, ItemState.WRAP_UP}


def every_entry_counts_once(story: Sequence[e.Event], state: State) -> None:
    """After the beginning of an entry: one result, and a late one after the threshold alone.

    What is no longer in line or in hand has an ending, and the tallies are those of the last day.
    """
    last: dict[ItemId, str] = {}
    texts = [x for x in story if getattr(x, "channel", None) in OF_TEXTS]
    every_text_counts_once(texts, state)
    for event in story:
        if isinstance(event, e.ItemQueued) and event.entered_at is not None:
            if event.threshold_at is not None and event.form in (Form.CALL, Form.CHAT):
                assert last.get(event.item) not in ("", "threshold"), event
                last[event.item] = ""
        elif isinstance(event, e.ServiceLevelCounted) and event.channel not in OF_TEXTS:
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


def every_text_counts_once(story: Sequence[e.Event], state: State) -> None:
    """One ending each, late after the threshold alone; on the day itself, by when it came."""
    results: dict[ItemId, list[str]] = {}
    for event in story:
        if isinstance(event, e.ServiceLevelCounted):
            mine = results.setdefault(event.item, [])
            mine.append(event.result)
            assert event.day == local_day(state, event.at)
            assert 0 <= event.at - event.waited - event.interval < INTERVAL
            assert (event.waited < event.within) == (mine == [event.result] != ["threshold"])
    for item, mine in results.items():
        before, ending = mine[:-1], mine[-1]
        assert before == (["threshold"] if ending.endswith("-late") else []), (item, mine)
    for row in state.items.values():
        merged = row.text is not None and row.text.merged_into is not None
        if row.state in ENDED and row.channel in OF_TEXTS and row.form in TEXTS and not merged:
            open_ = row.service_level in ("", "threshold") and row.first_queued_at is not None
            answered = row.text is not None and row.text.responded_at is not None
            assert not open_ or answered or row.due_at is None, row


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
