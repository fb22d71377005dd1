"""What happened to an item so far, as facts: a client says them in its reader's language."""

from __future__ import annotations

from enum import StrEnum

from router.core.model import Form
from router.desk.view_types import Moment, View


class Happening(StrEnum):
    """What a line of a story tells."""

    CAME = "came"  # by `name`, the town's number, form or address
    REOPENED = "reopened"  # so many times
    MENU = "menu"  # went through the menu `name`, last at `more`
    QUEUED = "queued"  # in line at the queue `name` since then
    RELAXED = "relaxed"  # its requirement, so many times
    OFFERED = "offered"  # so many times
    PLACE = "place"  # what a caller was told: place `count`
    RULE = "rule"  # the mail rule `name`
    URGENT = "urgent"  # by that rule
    LINKED = "linked"  # to the item `name`
    ON_CALL = "on_call"  # `name`, on call, has answered
    LEFT = "left"  # the resident, the chat
    RUNG = "rung"  # the resident, so many times, without success
    PERHAPS = "perhaps"  # the same as the item `name`, because of `more`


class HappenedView(View, frozen=True, kw_only=True):
    """One line of a story."""

    what: Happening
    at: Moment | None = None
    form: Form | None = None  # of the item that came, or is perhaps the same
    name: str = ""
    more: str = ""
    count: int = 0
