"""Those who watch the town on a wallboard, and what each second tells them.

One picture is made for all of them, from the stored state, and only while somebody watches; what
differs from the one before is written once and sent to everybody. So a second wall in the hall
costs the bytes it is sent and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, TypeVar

from router.core.model import SECOND, Span
from router.desk.desk import FAREWELLS, GONE, TOO_SLOW, Goodbye, dismiss
from router.desk.messages import Notice, Ping, ServerMessage, encode
from router.desk.messages_wall import (
    LineChangeMessage,
    LineMessage,
    WallChangeMessage,
    WallMessage,
)
from router.desk.surroundings import About
from router.desk.view_types import moment
from router.desk.wall import Board, Line, board_of, line_of
from router.ports import Clock, Inbox

QUIET: Final[Span] = 5 * SECOND  # estimates move without events; and a sign of life
QUEUE_MAX: Final = 32  # messages; who reads none for half a minute is cut off

R = TypeVar("R")


class Viewer:
    """One connected wallboard."""

    def __init__(self) -> None:
        self.queue = ""  # whose line it shows; "" = none
        self.goodbye = GONE
        self.ended = asyncio.Event()
        self.told: asyncio.Queue[str | Goodbye] = asyncio.Queue(QUEUE_MAX)  # not sent yet

    async def next(self) -> str | Goodbye:
        """Return what is to be told next, as soon as there is something."""
        return await self.told.get()

    def tell(self, text: str) -> None:
        """Have it told; a viewer that does not read is cut off."""
        self._put(text)

    def leave(self, goodbye: Goodbye) -> None:
        """Tell why, then close."""
        notice = Notice(notice=goodbye.reason, message=FAREWELLS[goodbye])
        self._put(encode(notice))
        self._put(goodbye)

    def cut(self, goodbye: Goodbye) -> None:
        """Close without telling anything more."""
        if not self.ended.is_set():
            self.goodbye = goodbye
            self.ended.set()

    def _put(self, told: str | Goodbye) -> None:
        try:
            self.told.put_nowait(told)
        except asyncio.QueueFull:
            self.cut(TOO_SLOW)


class Watching:
    """A `Duty`; see the module's text."""

    name = "wallboards"
    period: Span = SECOND

    def __init__(self, inbox: Inbox, clock: Clock, about: About) -> None:
        self.is_stopping = False
        self._inbox = inbox
        self._clock = clock
        self._about = about
        self._viewers: list[Viewer] = []
        self._board: Board | None = None
        self._lines: dict[str, Line] = {}
        self._turn = asyncio.Lock()  # a picture is compared with the one before it

    async def watch(self, viewer: Viewer, queue: str) -> None:
        """Show the town to a new viewer, or another queue to one who watches already.

        Errors: `StorageError`.
        """
        async with self._turn:
            viewer.queue = queue
            if self._board is None or (queue and queue not in self._lines):
                await self._draw(queue)
            if viewer not in self._viewers and self._board is not None:
                self._viewers.append(viewer)
                viewer.tell(encode(_whole(self._board)))
            if queue:
                rows = tuple(self._lines[queue].values())
                viewer.tell(encode(LineMessage(queue=queue, items=rows)))

    def part(self, viewer: Viewer) -> None:
        """The connection is over."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)

    async def stop(self) -> None:
        """Tell everybody that the daemon restarts; let go of those that do not close in time."""
        self.is_stopping = True
        await dismiss(list(self._viewers))

    async def __call__(self) -> None:
        """Tell everybody what is other than a second ago."""
        if not self._viewers:
            self._board, self._lines = None, {}
            return
        await self._look()

    async def _look(self) -> None:
        async with self._turn:
            before, now = self._board, self._clock.now()
            if before is None:
                return
            version = await self._inbox.read(lambda state: state.version)
            if version == before.version and now < before.at + QUIET:
                return
            await self._draw()

    async def _draw(self, queue: str = "") -> None:
        """Draw the town and the lines that are looked into, and tell what is other now."""
        now = self._clock.now()
        queues = {queue, *(viewer.queue for viewer in self._viewers)} - {""}
        before, lines = self._board, self._lines
        board, self._lines = await self._inbox.read(
            lambda state: (
                board_of(state, self._about, now),
                {each: line_of(state, each, now) for each in queues},
            )
        )
        self._follow(before, board)
        for each in self._lines.keys() & lines.keys():
            self._follow_line(each, lines[each])

    def _follow(self, before: Board | None, board: Board) -> None:
        """Tell everybody who has seen the board before what is other now."""
        self._board = board
        if before is None:
            return
        told: ServerMessage = Ping(at=moment(board.at))
        if board.policy != before.policy:
            told = _whole(board)
        elif change := _change(before, board):
            told = change
        self._tell(told)

    def _follow_line(self, queue: str, before: Line) -> None:
        items, gone = _differs(before, self._lines[queue])
        if items or gone:
            told = encode(LineChangeMessage(queue=queue, items=items, gone_items=gone))
            for viewer in list(self._viewers):
                if viewer.queue == queue:
                    viewer.tell(told)

    def _tell(self, message: ServerMessage) -> None:
        told = encode(message)
        for viewer in list(self._viewers):
            viewer.tell(told)


def _whole(board: Board) -> WallMessage:
    return WallMessage(
        version=board.version,
        at=moment(board.at),
        town=board.town,
        queues=tuple(board.queues.values()),
        agents=tuple(board.agents.values()),
    )


def _change(before: Board, board: Board) -> WallChangeMessage | None:
    """Return what is other; None when everything looks the same."""
    queues, _ = _differs(before.queues, board.queues)
    agents, gone = _differs(before.agents, board.agents)
    town = board.town if board.town != before.town else None
    if town is None and not queues and not agents and not gone:
        return None
    return WallChangeMessage(
        version=board.version,
        at=moment(board.at),
        town=town,
        queues=queues,
        agents=agents,
        gone_agents=gone,
    )


def _differs(old: Mapping[str, R], new: Mapping[str, R]) -> tuple[tuple[R, ...], tuple[str, ...]]:
    """Return the rows that are new or other, and the names of those that are gone."""
    changed = tuple(row for name, row in new.items() if old.get(name) != row)
    return changed, tuple(name for name in old if name not in new)
