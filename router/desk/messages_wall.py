"""What a wallboard and the daemon say to each other: the whole once, then what has changed."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from router.desk.message_types import ClientMessage
from router.desk.messages import Notice, Ping, Refused, ServerMessage
from router.desk.view_types import Moment
from router.desk.views_wall import WallAgentView, WallItemView, WallQueueView, WallTownView


class Watch(ClientMessage, frozen=True, kw_only=True, tag="watch"):
    """First message of a connection, and whenever another queue is looked into."""

    token: Annotated[str, Meta(max_length=512)] = ""  # may come in a header or a cookie instead
    queue: Annotated[str, Meta(max_length=128)] = ""  # whose line is shown; "" = none


class WallMessage(ServerMessage, frozen=True, kw_only=True, tag="wall"):
    """Everything but the lines; it replaces what was shown."""

    version: int
    at: Moment
    town: WallTownView
    queues: tuple[WallQueueView, ...]
    agents: tuple[WallAgentView, ...]


class WallChangeMessage(ServerMessage, frozen=True, kw_only=True, tag="wall_change"):
    """The rows that are new or other than before."""

    version: int
    at: Moment
    town: WallTownView | None  # None: as before
    queues: tuple[WallQueueView, ...]
    agents: tuple[WallAgentView, ...]
    gone_agents: tuple[str, ...]


class LineMessage(ServerMessage, frozen=True, kw_only=True, tag="line"):
    """Who waits in the queue that is looked into; it replaces what was shown."""

    queue: str
    items: tuple[WallItemView, ...]


class LineChangeMessage(ServerMessage, frozen=True, kw_only=True, tag="line_change"):
    """The rows of that queue that are new or other than before."""

    queue: str
    items: tuple[WallItemView, ...]
    gone_items: tuple[str, ...]


AnyWallMessage = (
    WallMessage | WallChangeMessage | LineMessage | LineChangeMessage | Ping | Notice | Refused
)

_decoder: Final[msgspec.json.Decoder[Watch]] = msgspec.json.Decoder(Watch)


def decode_watch(text: str) -> Watch:
    """Return the client's message. Errors: `msgspec.DecodeError`."""
    return _decoder.decode(text)
