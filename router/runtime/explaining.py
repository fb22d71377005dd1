"""`townline explain ITEM`: the story of one item, from the journal alone.

Reads beside a running daemon, in a thread of its own, and never touches the daemon's state.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from router.core.apply import apply
from router.core.explain import Line, lines_of, why_waiting
from router.core.model import ENDED, SECOND, Instant, ItemId
from router.core.state import State
from router.errors import NotNow, UnknownItem
from router.ports import Beginning, Journal
from router.runtime.journals import open_to_read
from router.runtime.recovery import batches_after, nearest_snapshot
from router.runtime.settings import Settings


class StoryLine(msgspec.Struct, frozen=True):
    """One line as people read it."""

    at: str  # ISO 8601 in the town's zone, with milliseconds
    text: str
    details: tuple[str, ...]


class Explanation(msgspec.Struct, frozen=True):
    """The whole story of an item."""

    item: str
    state: str  # where it stands now; "forgotten" once it has left the engine
    lines: tuple[StoryLine, ...]


async def explain(
    journal: Journal, item_id: ItemId, now: Instant, at: datetime | None = None
) -> Explanation:
    """Replay what is needed of the journal and tell what happened to the item and why.

    From the snapshot before the item came, if one is kept, until nothing more can happen to it, or
    until `at`, which counts as now then: a time with an offset, or the town's local time.

    Raises:
        UnknownItem: the journal never heard of it, or keeps no longer what it heard.
        NotNow: it had not come yet at that time, or what came then is kept no longer.
    """
    beginning = await journal.beginning()
    mentioned = await journal.mentions(item_id)
    if mentioned is None:
        if beginning is None:
            raise UnknownItem(item_id)
        mentioned = beginning.version, beginning.version  # it may be there since long
    before, after = mentioned
    state = await nearest_snapshot(journal, before)
    lines: list[Line] = []
    if beginning is not None:
        _check_kept(state, beginning, at)
    async with aclosing(batches_after(journal, state)) as batches:
        async for events in batches:
            for event in events:
                if at is not None and state.policy_hash and event.at > _instant(state, at):
                    break
                if state.version >= before and state.policy_hash:
                    if state.version == before and beginning is not None:
                        lines.extend(_gone(state, beginning, item_id))
                    lines.extend(lines_of(state, event, item_id))
                apply(state, event)
            else:
                if state.version < after or not _is_over(state, item_id):
                    continue
            break
    if not lines:
        if at is not None:
            raise NotNow(f"item {item_id!r} had not come yet at {at:%Y-%m-%d %H:%M:%S}")
        raise UnknownItem(item_id, _kept_from(state, beginning))
    item = state.items.get(item_id)
    as_of = now if at is None else _instant(state, at)
    lines.extend(why_waiting(state, max(as_of, state.now), item_id))
    zone = ZoneInfo(state.policy.time_zone)
    return Explanation(
        item=item_id,
        state="forgotten" if item is None else str(item.state),
        lines=tuple(StoryLine(_local(line.at, zone), line.text, line.details) for line in lines),
    )


def _gone(state: State, beginning: Beginning, item_id: ItemId) -> list[Line]:
    """Return the line that stands for what is gone of an item that came before the beginning."""
    if item_id not in state.items:
        return []
    return [Line(beginning.at, "it came earlier: what happened until then is kept no longer")]


def _kept_from(state: State, beginning: Beginning | None) -> str:
    if beginning is None:
        return ""
    since = _local(beginning.at, ZoneInfo(state.policy.time_zone))
    return f"the journal is kept from {since} on, what came before is gone"


def _check_kept(state: State, beginning: Beginning, at: datetime | None) -> None:
    if at is not None and _instant(state, at) < beginning.at:
        raise NotNow(_kept_from(state, beginning))


def _instant(state: State, at: datetime) -> Instant:
    local = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(state.policy.time_zone))
    return int(local.timestamp() * 1000) * (SECOND // 1000)


def _is_over(state: State, item_id: ItemId) -> bool:
    """Say whether only what names the item could still change it."""
    item = state.items.get(item_id)
    return item is None or item.state in ENDED


async def explain_from(
    settings: Settings, item_id: ItemId, now: Instant, at: datetime | None = None
) -> Explanation:
    """Explain from the journal, in a thread, so that a daemon's loop goes on.

    Raises:
        UnknownItem: the journal never heard of it.
        NotNow: it had not come yet at that time.
        StorageFailed: the journal cannot be read.
    """
    return await asyncio.to_thread(lambda: asyncio.run(_explained(settings, item_id, now, at)))


async def _explained(
    settings: Settings, item_id: ItemId, now: Instant, at: datetime | None
) -> Explanation:
    journal = await open_to_read(settings)
    try:
        return await explain(journal, item_id, now, at)
    finally:
        await journal.close()


def _local(instant: Instant, zone: ZoneInfo) -> str:
    moment = datetime.fromtimestamp(instant / SECOND, UTC).astimezone(zone)
    return moment.isoformat(timespec="milliseconds")
