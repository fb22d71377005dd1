"""What an agent does with mail, chats and forms, as messages of the desk protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from router.desk.message_types import ClientMessage, LetterText, Name, NoteText, Reason

FILES_MAX = 20

Moment = Annotated[datetime, Meta(tz=True)]


class FileSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that was uploaded before, as the upload named it."""

    blob: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Annotated[str, Meta(max_length=100)]
    size: Annotated[int, Meta(ge=0)]


class Take(ClientMessage, frozen=True, kw_only=True, tag="take"):
    """Take an item from the list; `force` takes it from a colleague."""

    item: Name
    force: bool = False


class Reply(ClientMessage, frozen=True, kw_only=True, tag="reply"):
    """Answer the resident, by chat or mail; the same `key` twice sends one answer."""

    item: Name
    text: LetterText
    key: Name
    then: Literal["stay", "wait", "close"] = "stay"
    code: Reason = ""
    files: Annotated[tuple[FileSent, ...], Meta(max_length=FILES_MAX)] = ()


class Note(ClientMessage, frozen=True, kw_only=True, tag="note"):
    """An internal note in the conversation; residents never see it."""

    item: Name
    text: LetterText
    key: Name


class Draft(ClientMessage, frozen=True, kw_only=True, tag="draft"):
    """What is being written, kept by the daemon; an empty text forgets it."""

    item: Name
    text: NoteText


class Wait(ClientMessage, frozen=True, kw_only=True, tag="wait"):
    """Put the item away until the resident answers."""

    item: Name


class Snooze(ClientMessage, frozen=True, kw_only=True, tag="snooze"):
    """Put the item away until an instant."""

    item: Name
    until: Moment


class Forward(ClientMessage, frozen=True, kw_only=True, tag="forward"):
    """Ask a department by mail; its answer comes back into the conversation."""

    item: Name
    contact: Name
    text: LetterText
    key: Name


class Merge(ClientMessage, frozen=True, kw_only=True, tag="merge"):
    """The item is about the same as another and ends in its favour."""

    item: Name
    into: Name


class Unmerge(ClientMessage, frozen=True, kw_only=True, tag="unmerge"):
    """Take a merge back."""

    item: Name


class Split(ClientMessage, frozen=True, kw_only=True, tag="split"):
    """Make an item of its own of what was written from a message on."""

    item: Name
    number: Annotated[int, Meta(ge=1)]


class UndoRule(ClientMessage, frozen=True, kw_only=True, tag="undo_rule"):
    """What a mail rule did to the item was wrong."""

    item: Name
    reason: Reason = ""


class Typing(ClientMessage, frozen=True, kw_only=True, tag="typing"):
    """The agent is writing; the resident of a chat is told, nothing is stored."""

    item: Name
