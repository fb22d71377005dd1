"""The desks connected to this daemon, and what each stored batch means to them.

Called in the sequencer's turn: it looks only at desks that a batch touches (through what they show
and who signed in there), never at all agents or items. It draws each touched desk's picture anew
and pushes the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final

import structlog

from router.core import events as e
from router.core.model import AgentId, Instant
from router.core.state import State
from router.desk.actions import policy_texts
from router.desk.desk import (
    LEASE_LOST,
    NOT_SIGNED_IN,
    SIGNED_OUT,
    TAKEN_OVER,
    Desk,
    Goodbye,
    dismiss,
)
from router.desk.messages import Notice, Ping, PolicyTexts, TypingMessage
from router.desk.pictures import Picture, picture_of
from router.desk.pushes import Endings, changes, welcome_outgoing
from router.desk.surroundings import Publisher
from router.desk.view_types import moment
from router.errors import UnknownAgent

BEAT_EVERY_S: Final = 5.0  # what clients are asked to keep
VANISHED: Final = "lease-lost"  # the reason of a sign-out that nobody wished

# which fields of an event name something that a desk may show
_NAMING: Final = {
    event: tuple(name for name in ("item", "offer", "agent") if name in event.__struct_fields__)
    for event in e.AnyEvent.__args__
}
_FOR_ALL: Final = (e.PolicyAdopted, e.ServiceResumed)

log = structlog.get_logger(__name__)

TellOthers = Callable[[str, str], None]  # `end_desks` at the other daemons of the town


def _nobody_else(agent: str, session: str) -> None:
    """A daemon alone has nobody to tell."""


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class Hub:
    """See the module's text."""

    def __init__(self, publisher: Publisher) -> None:
        self.is_stopping = False
        self.tell_others: TellOthers = _nobody_else
        self._desks: dict[str, Desk] = {}
        self._followers: dict[str, set[Desk]] = {}  # agent, item or offer id -> desks
        self._shows: dict[str, frozenset[str]] = {}  # desk id -> ids under which it is followed
        self._unsubscribe = publisher.subscribe(self.on_batch)

    # --- coming and going ------------------------------------------------------------------------

    def join(self, desk: Desk) -> None:
        """From now on nothing that is stored escapes the desk; it is told after the welcome."""
        self._desks[desk.id] = desk
        self._follow(desk, frozenset({desk.agent}))

    def welcome(self, desk: Desk, message_id: str, picture: Picture, texts: PolicyTexts) -> None:
        """Tell the desk everything; a picture that is newer than the given one wins."""
        if desk.newest is not None and desk.newest.version > picture.version:
            picture = desk.newest
        desk.shown = picture
        desk.newest = None
        self._follow(desk, _ids_on(picture))
        desk.push(welcome_outgoing(message_id, desk.id, picture, texts, BEAT_EVERY_S))
        _part(desk, picture)

    def part(self, desk: Desk) -> None:
        """The connection is over."""
        self._follow(desk, frozenset())
        self._desks.pop(desk.id, None)

    def end_session(self, token: str) -> None:
        """The session was signed out: its desks close, at the other daemons, too."""
        self.end_desks("", _digest(token))
        self.tell_others("", _digest(token))

    def end_agent(self, agent: AgentId) -> None:
        """The agent's account was changed or closed: their desks sign in again, everywhere."""
        self.end_desks(agent, "")
        self.tell_others(agent, "")

    def agents(self) -> frozenset[AgentId]:
        """Return whose desks are here."""
        return frozenset(desk.agent for desk in self._desks.values())

    def end_desks(self, agent: str, session: str) -> None:
        """Close the desks of that agent, or of the session whose token has that digest."""
        for desk in list(self._desks.values()):
            if desk.agent == agent or (session and _digest(desk.token) == session):
                desk.leave(NOT_SIGNED_IN)

    async def stop(self) -> None:
        """Tell every desk and let go of those that do not close in time."""
        self.is_stopping = True
        self._unsubscribe()
        await dismiss(list(self._desks.values()))

    def ping(self, at: Instant) -> None:
        """Tell every desk that the daemon is alive."""
        for desk in list(self._desks.values()):
            if desk.shown is not None:
                desk.say(Ping(at=moment(at)))

    def resident_types(self, conversation: str) -> None:
        """Tell the desks that show the conversation that its resident is writing."""
        for desk in tuple(self._desks.values()):
            for each in desk.shown.items if desk.shown is not None else ():
                if each.row.text is not None and each.row.text.conversation == conversation:
                    desk.say(TypingMessage(item=each.row.id))

    # --- stored batches --------------------------------------------------------------------------

    def on_batch(self, events: Sequence[e.AnyEvent], state: State) -> None:
        """Push what the batch changed on the desks it touches."""
        if not self._desks:
            return
        endings: Endings = {}
        touched: dict[str, Desk] = {}
        for event in events:
            if isinstance(event, e.OfferEnded):
                endings[event.offer] = (event.ending, event.reason)
            for desk in self._touched_by(event):
                touched[desk.id] = desk
        if any(isinstance(event, e.PolicyAdopted) for event in events):
            self._tell_policy(state)
        for desk in touched.values():
            self._show(desk, endings, state)

    def _touched_by(self, event: e.AnyEvent) -> Iterator[Desk]:
        if isinstance(event, _FOR_ALL):
            yield from self._desks.values()
        for name in _NAMING[type(event)]:
            yield from self._followers.get(getattr(event, name), ())

    def _tell_policy(self, state: State) -> None:
        notices: dict[str, Notice] = {}  # by language
        for desk in list(self._desks.values()):
            if desk.shown is None:
                continue
            if desk.language not in notices:
                notices[desk.language] = Notice(
                    notice="policy-changed",
                    message="The town's rules have changed.",
                    policy=policy_texts(state, desk.language),
                )
            desk.say(notices[desk.language])

    def _show(self, desk: Desk, endings: Endings, state: State) -> None:
        try:
            picture = picture_of(state, desk.agent)
        except UnknownAgent:
            desk.leave(NOT_SIGNED_IN)  # the policy has dropped somebody who holds nothing
            return
        if desk.shown is None:
            desk.newest = picture
            return
        for outgoing in changes(desk.shown, picture, endings, state):
            desk.push(outgoing)
        desk.shown = picture
        self._follow(desk, _ids_on(picture))
        _part(desk, picture)

    def _follow(self, desk: Desk, ids: frozenset[str]) -> None:
        before = self._shows.get(desk.id, frozenset())
        for name in before - ids:
            followers = self._followers[name]
            followers.discard(desk)
            if not followers:
                del self._followers[name]
        for name in ids - before:
            self._followers.setdefault(name, set()).add(desk)
        if ids:
            self._shows[desk.id] = ids
        else:
            self._shows.pop(desk.id, None)


def _ids_on(picture: Picture) -> frozenset[str]:
    ids = {picture.agent.agent, *(shown.row.id for shown in picture.items)}
    if picture.offer is not None:
        ids |= {picture.offer.view.offer, picture.offer.view.item}
    return frozenset(ids)


def _part(desk: Desk, picture: Picture) -> None:
    """Close a desk that no longer holds the agent's lease."""
    if picture.desk == desk.id:
        return
    goodbye: Goodbye | None = TAKEN_OVER
    if picture.desk == "":
        if picture.agent.reason == VANISHED:
            goodbye = LEASE_LOST
        else:  # what is still held is finished at this desk
            goodbye = None if picture.agent.holdings else SIGNED_OUT
    if goodbye is not None:
        log.info("desk_parted", agent=desk.agent, desk=desk.id, why=goodbye.reason)
        desk.leave(goodbye)
