"""Who is connected to which conversation, what they were told, and what each stored batch changes.

Called in the sequencer's turn: it looks only at conversations that a batch touches and somebody
looks at. Nothing here is stored: after a restart nobody is here, and what was told is unknown until
clients come back and say what they have.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from channels.chat.activities import is_agents
from channels.chat.free_times import FreeTimes
from channels.chat.standing import Standing, Stands, chat_of, standing_of
from router.core import events as e
from router.core.model import MINUTE, Channel, Instant, ItemId, Span
from router.core.policy import Policy
from router.core.records import Conversation
from router.core.state import State
from router.core.transcript import AGENT
from router.ports import Clock, Inbox

ROOMS_MAX: Final = 50_000  # then those that nobody is in go, the longest left first
REST: Final[Span] = 10 * MINUTE  # a room that nobody asks for is remembered so long
LOOKED_AT_ONCE: Final = 100  # rooms looked at in one turn of the sequencer
_MOVING: Final = frozenset({Stands.READY, Stands.WAITING, Stands.AWAY, Stands.CLOSED})

log = structlog.get_logger(__name__)

Subscriber = Callable[[Sequence[e.AnyEvent], State], None]


class Publisher(Protocol):
    """Tells what was stored."""

    def subscribe(self, subscriber: Subscriber, /) -> Callable[[], None]:
        """Call back after each stored batch with its events and the state; return the way out."""
        ...


class Listener(Protocol):
    """A connection that wants to be told."""

    def wake(self) -> None:
        """There may be something to tell."""
        ...

    def beat(self) -> None:
        """Show the client that the line is alive."""
        ...

    def end(self, code: int) -> None:
        """Close with this WebSocket code."""
        ...


class Glimpse(msgspec.Struct, frozen=True):
    """A conversation as it was stored at one version."""

    version: int
    policy: Policy
    row: Conversation | None  # None: nothing was said yet
    standing: Standing


def glimpse_of(
    state: State, conversation: str, now: Instant, times: FreeTimes, *, door: str, language: str
) -> Glimpse | None:
    """Return how a conversation stands; None while the town has no chat."""
    policy = state.policies.get(state.policy_hash)
    if policy is None or chat_of(policy) is None:
        return None
    standing = standing_of(state, conversation, now, times, door=door, language=language)
    return Glimpse(state.version, policy, state.conversations.get(conversation), standing)


class Room:
    """A conversation that somebody looks at, or did a moment ago."""

    __slots__ = (
        "conversation", "door", "gone_since", "is_new", "language", "listeners", "news", "policy",
        "row", "said", "sent", "since", "standing", "turn", "typing", "typing_name", "version",
    )  # fmt: skip

    def __init__(self, conversation: str, door: str, language: str, glimpse: Glimpse) -> None:
        self.conversation = conversation
        self.door = door
        self.language = language
        self.listeners: dict[Listener, None] = {}  # oldest first
        self.gone_since: Instant | None = None  # None: somebody is here
        self.sent: int | None = None  # last message that reached a client; None: not known
        self.version = glimpse.version
        self.policy = glimpse.policy
        self.row = glimpse.row
        self.standing = glimpse.standing
        self.news = glimpse.version  # grows with every other standing
        self.since = glimpse.row.count if glimpse.row is not None else 0  # messages at that turn
        self.is_new = True  # how it stood before is not known
        self.turn = 0  # grows whenever the standing's one word changes
        self.said = -1  # the turn that was last told in words to who asks without a stream
        self.typing = 0  # grows whenever somebody writes
        self.typing_name = ""

    def show(self, glimpse: Glimpse) -> None:
        """Take over what is newer and wake whoever listens."""
        if glimpse.version < self.version:
            return
        count = glimpse.row.count if glimpse.row is not None else 0
        if glimpse.standing != self.standing:
            if glimpse.standing.state is not self.standing.state:
                self.since, self.is_new = count, False
                self.turn += 1
            self.standing = glimpse.standing
            self.news = max(self.news + 1, glimpse.version)
        self.version, self.policy, self.row = glimpse.version, glimpse.policy, glimpse.row
        self.wake()

    def wake(self) -> None:
        """Have everything told."""
        for listener in self.listeners:
            listener.wake()

    def show_typing(self, name: str) -> None:
        """Somebody of the town is writing."""
        self.typing += 1
        self.typing_name = name
        self.wake()

    def told(self, number: int) -> None:
        """A client has everything up to this message."""
        self.sent = number if self.sent is None else max(self.sent, number)


class Rooms:
    """See the module's text."""

    def __init__(self, inbox: Inbox, publisher: Publisher, clock: Clock) -> None:
        self.owed: dict[str, Instant] = {}  # conversation -> since when agents' words wait there
        self.times = FreeTimes()
        self._inbox = inbox
        self._clock = clock
        self._rooms: OrderedDict[str, Room] = OrderedDict()  # the longest unasked first
        self._is_stale = False
        self._present = 0  # listeners
        self.emptied = asyncio.Event()  # nobody listens
        self.emptied.set()
        self._unsubscribe = publisher.subscribe(self.on_batch)

    def close(self) -> None:
        """Hear nothing more."""
        self._unsubscribe()

    def get(self, conversation: str) -> Room | None:
        """Return the room, if anybody was there lately."""
        return self._rooms.get(conversation)

    def all(self) -> list[Room]:
        """Return every room."""
        return list(self._rooms.values())

    def enter(self, conversation: str, door: str, language: str, glimpse: Glimpse) -> Room:
        """Return the room, which shows what the glimpse or something newer says."""
        room = self._rooms.get(conversation)
        if room is None:
            room = self._rooms[conversation] = Room(conversation, door, language, glimpse)
            room.gone_since = self._clock.now()
            if len(self._rooms) > ROOMS_MAX:
                self._drop(lambda _: True, len(self._rooms) - ROOMS_MAX)
        else:
            self._rooms.move_to_end(conversation)
            room.show(glimpse)
        return room

    def join(self, room: Room, listener: Listener) -> None:
        """From now on the listener is woken by what is stored."""
        self._rooms[room.conversation] = room
        room.listeners[listener] = None
        room.gone_since = None
        self._present += 1
        self.emptied.clear()

    def part(self, room: Room, listener: Listener, surely_told: int | None) -> None:
        """The listener is gone; `surely_told` is what it certainly had, None: all it was sent."""
        del room.listeners[listener]
        self._present -= 1
        if not self._present:
            self.emptied.set()
        if room.listeners:
            return
        room.gone_since = self._clock.now()
        if surely_told is None or room.sent is None or surely_told >= room.sent:
            return
        room.sent = surely_told
        messages = room.row.messages if room.row is not None else ()
        if any(is_agents(message) and message.number > surely_told for message in messages):
            self.owed.setdefault(room.conversation, room.gone_since)

    def asked(self, room: Room) -> None:
        """A client without a connection is here just now."""
        if not room.listeners:
            room.gone_since = self._clock.now()

    # --- stored batches --------------------------------------------------------------------------

    def on_batch(self, events: Sequence[e.AnyEvent], state: State) -> None:
        """Show rooms what the batch changed in them; remember what residents have not seen."""
        self._is_stale = True
        touched: dict[str, None] = {}
        for event in events:
            if isinstance(event, e.MessageAdded):
                touched[event.conversation] = None
                self._owe(event, state)
            elif self._rooms:
                conversation = _conversation_in(event, state)
                if conversation in self._rooms:
                    touched[conversation] = None
        for conversation in touched:
            room = self._rooms.get(conversation)
            if room is not None:
                self._look(room, state)

    def _owe(self, event: e.MessageAdded, state: State) -> None:
        row = state.conversations.get(event.conversation)
        if row is not None and row.channel is Channel.CHAT and event.by.startswith(AGENT):
            self.owed.setdefault(event.conversation, event.at)

    def _look(self, room: Room, state: State) -> None:
        now = max(self._clock.now(), state.now)
        where = {"door": room.door, "language": room.language}
        glimpse = glimpse_of(state, room.conversation, now, self.times, **where)
        if glimpse is not None:
            room.show(glimpse)

    async def refresh(self) -> None:
        """Look again where others coming and going may have changed the place or the wait."""
        if not self._is_stale:
            return
        self._is_stale = False
        moving = [r for r in self._rooms.values() if r.listeners and r.standing.state in _MOVING]
        for start in range(0, len(moving), LOOKED_AT_ONCE):
            some = moving[start : start + LOOKED_AT_ONCE]

            def look(state: State, some: list[Room] = some) -> None:
                for room in some:
                    self._look(room, state)

            await self._inbox.read(look)

    def sweep(self) -> None:
        """Forget rooms that nobody has asked for in a while."""
        before = self._clock.now() - REST
        self._drop(lambda room: room.gone_since is not None and room.gone_since < before)

    def _drop(self, may_go: Callable[[Room], bool], count: int = ROOMS_MAX) -> None:
        empty = [
            room.conversation
            for room in self._rooms.values()
            if not room.listeners and room.conversation not in self.owed and may_go(room)
        ]
        for conversation in empty[:count]:
            del self._rooms[conversation]


def _conversation_in(event: e.AnyEvent, state: State) -> str:
    """Return which conversation an event is about; "" for none."""
    found = getattr(event, "conversation", "")
    if found:
        return str(found)
    item = state.items.get(ItemId(getattr(event, "item", None) or ""))
    return item.text.conversation if item is not None and item.text is not None else ""
