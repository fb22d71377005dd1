"""When an entry into a queue counts, and as what: calls, chats and texts, once per entry.

The service-level event is the first of answered, abandoned, threshold passed, callback taken, left
the queue otherwise. What happens after the threshold is counted once more as the late result, so
that each named formula (`router.core.formulas`) can be computed from the same events. A call is
answered when a person is connected, a chat with the first word of a person, neither when a desk
clicked. Each entry is measured from its own beginning: a transfer or a second call keeps its place,
but the queue it comes to has its whole time for it. It counts in the interval and on the day in
which it began, whenever it ends.

Mail and forms (`router.core.text_level`) wait from being received until their first response.
Each of their results counts on the day on which it comes true, so that no day that is over changes
when one is answered days later; the interval is that in which it was received.

Who knows why an entry ends calls `count`; `with_endings` counts whatever ends without that, so that
no entry is left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from router.core import events as e
from router.core import text_level
from router.core.formulas import DEFAULT_OF_TEXTS, LATE, THRESHOLD, result_of
from router.core.model import SECOND, Channel, Form, Instant, ItemId
from router.core.policy import Queue
from router.core.policy_service_level import Promise
from router.core.records import Item
from router.core.state import State
from router.core.tallies import interval_of
from router.core.transcript import AGENT, SAID

CHANNELS: Final[Mapping[Form, Channel]] = {Form.CALL: Channel.VOICE, Form.CHAT: Channel.CHAT}
CARRIER_FAILED: Final = frozenset({"failed"})  # of a call: nobody hung up


def local_day(s: State, instant: Instant) -> str:
    """Return the ISO date in the town."""
    return day_in(ZoneInfo(s.policy.time_zone), instant)


def day_in(zone: ZoneInfo, instant: Instant) -> str:
    """Return the ISO date in the zone."""
    return datetime.fromtimestamp(instant // SECOND, UTC).astimezone(zone).date().isoformat()


def promise_of(queue: Queue, channel: Channel) -> Promise:
    """Return what the queue promises on the channel; of texts, when is said by `first_response`."""
    promise = queue.promises.get(channel)
    if promise is not None:
        return promise
    if channel in text_level.CHANNELS_OF_TEXTS:
        return Promise(queue.target_share, 0, DEFAULT_OF_TEXTS.id)
    return Promise(queue.target_share, queue.target_span)


def threshold_at(
    now: Instant, item: Item, queue: Queue, form: Form, due: Instant | None, *, anew: bool
) -> Instant | None:
    """Return when the promised time is over; None where that is not counted, or was.

    `anew`: an entry begins now; else what was begun goes on. `due`: the first response to a text.
    """
    channel = CHANNELS.get(form)
    if channel is None:
        return text_level.threshold_as(item, form, due)
    goes_on = None if text_level.is_text(item) else item.threshold_at
    return now + promise_of(queue, channel).within if anew else goes_on


def is_open(item: Item) -> bool:
    """Say whether the item's present entry into its queue has not ended yet."""
    if item.form not in CHANNELS or item.queue is None:
        return False
    return item.threshold_at is not None or item.service_level == THRESHOLD


def count(s: State, now: Instant, item: Item, ending: str) -> Iterator[e.Event]:
    """Count the item's ending, or that its threshold has passed, if its entry has not ended."""
    if text_level.is_open(item):
        yield from _count_text(s, now, item, ending)
    if not is_open(item):
        return
    entered = item.entered_at if item.entered_at is not None else item.first_queued_at
    queue, threshold = item.queue, item.threshold_at
    if entered is None or queue is None:
        return
    rule, channel = s.policy.queues.get(queue), CHANNELS[item.form]
    short = promise_of(rule, channel).short if rule is not None else 0
    within = threshold - entered if threshold is not None else 0

    def counted(result: str) -> e.ServiceLevelCounted:
        return e.ServiceLevelCounted(
            at=now,
            item=item.id,
            queue=queue,
            day=local_day(s, entered),
            result=result,
            waited=now - entered,
            channel=channel,
            interval=interval_of(entered),
            within=within,
            short=short,
        )

    if threshold is not None and now >= threshold:
        yield counted(THRESHOLD)
    if ending != THRESHOLD:
        after = threshold is None  # it was counted, and this only tells how it ended
        yield counted(ending + LATE if after else result_of(ending, now - entered, within, short))


def _count_text(s: State, now: Instant, item: Item, ending: str) -> Iterator[e.Event]:
    """Count what became of a text, on the day on which that is."""
    is_over, due = item.service_level == THRESHOLD, text_level.due_of(item)

    def counted(result: str) -> e.ServiceLevelCounted:
        return e.ServiceLevelCounted(
            at=now,
            item=item.id,
            queue=item.queue,  # type: ignore[arg-type]
            day=local_day(s, now),
            result=result,
            waited=now - item.received_at,
            channel=item.channel,
            interval=interval_of(item.received_at),
            within=0 if is_over or due is None else due - item.received_at,
        )

    is_late = is_over or (due is not None and now >= due)
    if is_late and not is_over:
        yield counted(THRESHOLD)
    if ending != THRESHOLD:
        yield counted(ending + LATE if is_late else ending)


# --- whatever ends an entry ----------------------------------------------------------------------


def _answered_chat(item: Item, event: e.MessageAdded) -> str:
    from_agent = event.by.startswith(AGENT) and event.kind in SAID
    return "answered" if from_agent and item.form is Form.CHAT else ""


def _queued_again(item: Item, event: e.ItemQueued) -> str:
    """Another entry, or as something that nobody waits for on the line, ends this one."""
    if event.form is Form.CALLBACK:
        return "callback"
    goes_on = event.entered_at is None and event.queue == item.queue and event.form in CHANNELS
    return "" if goes_on else "other"


_ENDINGS: Final[Mapping[type[e.Event], Callable[[Item, Any], str]]] = {
    e.MessageAdded: _answered_chat,
    e.ItemQueued: _queued_again,
    e.CallbackBooked: lambda item, event: "callback",
    e.ItemTransferred: lambda item, event: "transferred",
    e.ItemDiverted: lambda item, event: "diverted",
    e.ItemAbandoned: lambda item, event: abandoned_or_lost(event.reason),
    e.ResidentLeft: lambda item, event: "abandoned",
    e.ItemShunted: lambda item, event: "error",
    e.ItemClosed: lambda item, event: "other",
    e.ItemDeferred: lambda item, event: "other",
    e.ItemParked: lambda item, event: "other",
    e.WrapUpStarted: lambda item, event: "other",
}


_MAY_END: Final = frozenset({*_ENDINGS, *text_level.ENDINGS})
_MAY_BE_OVER: Final = frozenset({e.ItemQueued, e.ItemParked, e.ItemDeferred})


def abandoned_or_lost(reason: str) -> str:
    """Return how the entry of a resident ends who is no longer there."""
    return "lost" if reason in CARRIER_FAILED else "abandoned"


def with_endings(s: State, events: Iterator[e.Event]) -> Iterator[e.Event]:
    """Yield the events, each after the count of the entry that it ends; apply each at once."""
    for event in events:
        kind = type(event)
        if kind in _MAY_END:
            item = s.items.get(event.item)  # type: ignore[attr-defined]
            ending = _ending_of(item, event) if item is not None else ""
            if ending and item is not None:
                yield from count(s, event.at, item, ending)
        yield event
        if kind in _MAY_BE_OVER:
            yield from _passed_elsewhere(s, event.at, event.item)  # type: ignore[attr-defined]


def _ending_of(item: Item, event: e.Event) -> str:
    """Return what the event makes of the item's open entry; "" if it goes on, or none is open."""
    ending_of = None
    if is_open(item):
        ending_of = _ENDINGS.get(type(event))
    elif text_level.is_open(item):
        ending_of = text_level.ENDINGS.get(type(event))
    return "" if ending_of is None else ending_of(item, event)


def _passed_elsewhere(s: State, now: Instant, item_id: ItemId) -> Iterator[e.Event]:
    """Count that the promised time was over while the item was not in line, in a menu say."""
    item = s.items[item_id]
    if item.threshold_at is not None and item.threshold_at <= now:
        yield from count(s, now, item, THRESHOLD)
