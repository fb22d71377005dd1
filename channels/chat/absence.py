"""Residents who left before the answer came: what they have not seen goes by mail.

A duty. Who is connected gets the answer where they are; who has been away for as long as the policy
says, with words of an agent unread, is reported to the engine, which decides whether and where to
mail. Presence is known in memory only, that at other daemons from what they tell: after a restart
everybody is away since then, and has seen what was there when they last wrote. Every daemon of a
town looks; the engine mails once.
"""

from __future__ import annotations

from functools import partial

import structlog

from channels.chat.activities import is_agents
from channels.chat.elsewhere import Elsewhere
from channels.chat.rooms import Room, Rooms
from channels.chat.standing import chat_of
from router.core.commands_text import MailUnread
from router.core.model import SECOND, Channel, Instant, Span
from router.core.records import Conversation, Message
from router.core.state import State
from router.core.transcript import BY_MAIL, RESIDENT
from router.errors import CommandRefused, TownlineError
from router.ports import Clock, Inbox

log = structlog.get_logger(__name__)


class Absence:
    """The duty; see the module's text."""

    name = "chat-absence"
    period: Span = 20 * SECOND

    def __init__(self, inbox: Inbox, rooms: Rooms, clock: Clock, elsewhere: Elsewhere) -> None:
        self._inbox = inbox
        self._elsewhere = elsewhere
        self._rooms = rooms
        self._clock = clock
        self._since = clock.now()  # nobody was seen before
        self._is_begun = False

    async def __call__(self) -> None:
        """Report whoever has been away long enough."""
        if not self._is_begun:
            await self._take_up()
        if self._rooms.owed:
            mail_after = await self._inbox.read(_mail_after)
            for conversation, since in list(self._rooms.owed.items()):
                await self._look(conversation, since, mail_after)
        self._rooms.sweep()

    async def _take_up(self) -> None:
        """Find what was unread when the daemon started; once, over all that the core holds."""
        for conversation, at in await self._inbox.read(_unread_in):
            self._rooms.owed.setdefault(conversation, at)
        self._is_begun = True

    async def _look(self, conversation: str, since: Instant, mail_after: Span) -> None:
        room = self._rooms.get(conversation)
        row = await self._inbox.read(partial(_row_in, conversation=conversation))
        there = self._elsewhere.of(conversation)
        seen = max(_seen(row, room), there.sent)
        if row is None or not mail_after or seen >= _last_of_agents(row):
            self._rooms.owed.pop(conversation, None)
            return
        if room is not None and room.gone_since is None:
            return  # it reaches them where they are
        gone = self._since if room is None or room.gone_since is None else room.gone_since
        if self._clock.now() - max(gone, since, there.seen_at) < mail_after:
            return
        try:
            await self._inbox.submit(MailUnread(conversation, seen), _nothing)
        except CommandRefused as refusal:
            log.info("chat_unread_not_mailed", conversation=conversation, code=refusal.code)
        except TownlineError as error:
            log.warning("chat_unread_not_stored", conversation=conversation, code=error.code)
            return
        self._rooms.owed.pop(conversation, None)


def _seen(row: Conversation | None, room: Room | None) -> int:
    """Return the last message the resident surely has: who wrote here had read until there."""
    wrote = max((m.number for m in row.messages if _was_there(m)), default=0) if row else 0
    mailed = row.mailed if row is not None else 0
    sent = room.sent if room is not None and room.sent is not None else wrote
    return max(sent, mailed)


def _was_there(message: Message) -> bool:
    return message.by == RESIDENT and message.note != BY_MAIL


def _last_of_agents(row: Conversation) -> int:
    return max((m.number for m in row.messages if is_agents(m)), default=0)


def _unread_in(state: State) -> list[tuple[str, Instant]]:
    return [
        (row.id, row.messages[-1].at)
        for row in state.conversations.values()
        if row.channel is Channel.CHAT and row.messages and _seen(row, None) < _last_of_agents(row)
    ]


def _row_in(state: State, conversation: str) -> Conversation | None:
    return state.conversations.get(conversation)


def _mail_after(state: State) -> Span:
    chat = chat_of(state.policies.get(state.policy_hash))
    return chat.mail_after if chat is not None else 0


def _nothing(_: State) -> None:
    """Nobody asks for more than that it is stored."""
