"""How long the wait will be: a range, or honestly unknown.

People who can take the item divide their time between it and all else that they could take, by
what lies there: an agent shared between queues gives each of them what its line asks for. So the
work that comes first in the item's own bucket is divided by the people whom it really gets, and the
p-th waits for p departures: a gamma distribution, wider because a mean handling time over the
last few items is itself a guess. The range is the middle four fifths of it. Callbacks in line take
an agent at their turn, so they count; those that are deferred do not. Nobody signed in and not
away: unknown. What was waited in the past by those who were answered is not looked at.
"""

from __future__ import annotations

import math
from typing import Final

from router.core.buckets import Bucket, LineKey, rank
from router.core.model import MINUTE, SECOND, Instant, ItemId, LegState, QueueId, Span, Tempo
from router.core.policy import Queue
from router.core.records import Item
from router.core.state import State
from router.core.steps import text_at

HANDLE_ASSUMED: Final[Span] = 4 * MINUTE  # before a queue has handled anything
TENTH: Final = 1.2816  # normal quantile: a tenth of what happens lies below, a tenth above
LAST: Final = "~"  # comes after every id
DOUBT: Final = 1 / 31  # variance over squared mean of a mean that is smoothed by 1/16


def smoothed(mean: Span, count: int, span: Span) -> Span:
    """Return the exponentially smoothed mean (1/16) after one more; `count` came before."""
    return span if count == 0 else (mean * 15 + span) // 16


def wait_of(s: State, now: Instant, item: Item) -> tuple[Span | None, Span | None]:
    """Return (low, high) from now on for an item in line, or (None, None)."""
    bucket, key = s.index.bucket_of(item), rank(item, now)
    own = (item.urgency_at, item.id)
    itself = own < key and own in bucket.fresh  # has missed its target since somebody looked
    return _range(s, bucket, key, item.queue, bucket.before(key) - itself)


def _range(
    s: State, bucket: Bucket, key: LineKey, queue: QueueId | None, before: int
) -> tuple[Span | None, Span | None]:
    if bucket.available == 0 or queue is None:
        return None, None
    departures = 1 + before
    handle = handling_of(s, queue)
    mean = departures * handle / _people(s, bucket, key, departures * handle)
    shape = 1 / (1 / departures + DOUBT)
    return int(mean * _quantile(shape, -TENTH)), int(mean * _quantile(shape, TENTH))


def wait_of_newcomer(
    s: State, now: Instant, queue: Queue, tempo: Tempo = Tempo.LIVE
) -> tuple[Span | None, Span | None]:
    """Return (low, high) of who came now by the town's first language; somebody idle: (0, 0)."""
    text = text_at(queue, 0, "", s.policy.languages[0].skill, None)
    bucket = s.index.bucket(text, tempo)
    if any(profile.idle[tempo].head is not None for profile in bucket.profiles):
        return 0, 0
    key = (now + queue.target_span - queue.head_start, LAST)
    return _range(s, bucket, key, queue.id, bucket.before(key))


def handling_of(s: State, queue: QueueId | None) -> Span:
    """Return for how long a call of the queue keeps an agent, notes included, as far as known."""
    row = s.queues.get(queue) if queue is not None else None
    if row is None or not (row.worked or row.handled):
        return HANDLE_ASSUMED
    mean = row.work_mean if row.worked else row.handle_mean
    return max(SECOND, mean)  # talks that were over at once are no measure


def worked_on(now: Instant, item: Item) -> Span:
    """Return for how long the item has kept an agent who talked with the resident; else 0."""
    talked = item.agent_call_state in (LegState.CONNECTED, LegState.ENDED)
    if item.handled_since is None or item.tempo is not Tempo.LIVE or not talked:
        return 0
    return now - item.handled_since


def _people(s: State, bucket: Bucket, key: LineKey, work: float) -> float:
    """Return how many people the bucket gets: those of each profile by what all its buckets ask.

    Shape: `work` is what is done in this bucket first, ns of one person; of each other bucket what
        ranks before `key` counts.
    """
    asks = work / bucket.available
    people, others = 0.0, {id(bucket): 0.0}  # work for each of the people of other buckets
    for profile in bucket.profiles:
        if not profile.available:
            continue
        beside = 0.0
        for other in profile.buckets[bucket.tempo]:
            head = other.head
            if head is None:
                continue
            if id(other) not in others:
                handle = handling_of(s, s.items[ItemId(head[1])].queue)
                others[id(other)] = other.before(key) * handle / other.available
            beside += others[id(other)]
        people += profile.available * asks / (asks + beside)
    return people


def _quantile(shape: float, z: float) -> float:
    """Return a quantile of the gamma distribution of mean 1 and that shape (Wilson, Hilferty)."""
    spread = 1 / (9 * shape)
    return max(0.0, 1 - spread + z * math.sqrt(spread)) ** 3
