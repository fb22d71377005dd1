"""What happened to an item so far: as facts, and in a few short lines of English for a terminal.

Never the whole story, which `townline explain` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from router.core.model import Form, Instant
from router.core.records import Item, TextWork
from router.core.state import State
from router.desk.named import queue_named
from router.desk.related import duplicates_of
from router.desk.view_types import instant_of, moment, time_of_day
from router.desk.views_story import HappenedView, Happening

_CAME_BY: Final = {
    Form.CALL: "called",
    Form.CALLBACK: "called, wants to be rung back",
    Form.MESSAGE: "left a message",
    Form.SUBMISSION: "sent a form",
    Form.MAIL: "wrote to",
    Form.CHAT: "chats at",
}

_SAID: Final[dict[Happening, Callable[[HappenedView, str], str]]] = {
    Happening.CAME: lambda one, at: f"{_CAME_BY[one.form or Form.CALL]} {one.name} at {at}",
    Happening.REOPENED: lambda one, _: f"reopened {_times(one.count)}",
    Happening.MENU: lambda one, _: f"went through the menu {one.name}, last at {one.more}",
    Happening.QUEUED: lambda one, at: f"in line at {one.name} since {at}",
    Happening.RELAXED: lambda one, _: f"requirements relaxed {_times(one.count)} while waiting",
    Happening.OFFERED: lambda one, _: f"offered {_times(one.count)} so far",
    Happening.PLACE: lambda one, _: f"was told: place {one.count} in line",
    Happening.RULE: lambda one, _: f"mail rule {one.name}",
    Happening.URGENT: lambda *_: "urgent by that rule",
    Happening.LINKED: lambda one, _: f"linked to {one.name}",
    Happening.ON_CALL: lambda one, _: f"{one.name} on call has answered",
    Happening.LEFT: lambda *_: "the resident has left the chat",
    Happening.RUNG: lambda one, _: f"rung back {_times(one.count)} without success",
    Happening.PERHAPS: lambda one, _: f"perhaps the same as {one.form} {one.name}: {one.more}",
}


def story_of(state: State, row: Item) -> tuple[HappenedView, ...]:
    """Return what happened so far, oldest first, at least one line."""
    return tuple(_happened(state, row))


def in_english(state: State, story: Sequence[HappenedView]) -> tuple[str, ...]:
    """Return a line for each, with the town's time of day."""
    zone, now = state.policy.time_zone, state.now

    def at(one: HappenedView) -> str:
        return "" if one.at is None else time_of_day(zone, instant_of(one.at), now)

    return tuple(_SAID[one.what](one, at(one)) for one in story)


def _happened(state: State, row: Item) -> Iterator[HappenedView]:
    yield _at(Happening.CAME, row.received_at, row.called, row.form)
    yield from _counted(Happening.REOPENED, row.reopened)
    if row.flow is not None:
        yield HappenedView(what=Happening.MENU, name=row.flow.flow, more=row.flow.node)
    queue = queue_named(state.policy, row.queue)
    if queue is not None and row.first_queued_at is not None:
        yield _at(Happening.QUEUED, row.first_queued_at, queue.name)
    yield from _counted(Happening.RELAXED, row.step)
    yield from _counted(Happening.OFFERED, row.offer_count if row.offer_count > 1 else 0)
    yield from _counted(Happening.PLACE, row.spoken_place if row.spoken_turn else 0)
    if row.text is not None:
        yield from _about_text(row.text)
    yield from _counted(Happening.RUNG, 0 if row.callback is None else row.callback.attempts)
    for other in duplicates_of(state, row):
        yield HappenedView(what=Happening.PERHAPS, form=other.form, name=other.item, more=other.why)


def _about_text(text: TextWork) -> Iterator[HappenedView]:
    yield from _named(Happening.RULE, text.rule)
    if text.rule and text.urgent:
        yield HappenedView(what=Happening.URGENT)
    yield from _named(Happening.LINKED, text.linked_to or "")
    yield from _named(Happening.ON_CALL, text.page_answered_by)
    if text.resident_left:
        yield HappenedView(what=Happening.LEFT)


def _at(what: Happening, at: Instant, name: str, form: Form | None = None) -> HappenedView:
    return HappenedView(what=what, at=moment(at), name=name, form=form)


def _counted(what: Happening, count: int) -> Iterator[HappenedView]:
    if count:
        yield HappenedView(what=what, count=count)


def _named(what: Happening, name: str) -> Iterator[HappenedView]:
    if name:
        yield HappenedView(what=what, name=name)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
