"""What the desk's surface needs from the rest of the daemon; protocols and their plain data.

The runtime gives the publisher, history gives accounts, audit and words. `reply` functions that
are handed to the inbox stay in this package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Protocol, TypeVar

import msgspec

from router.core.events import AnyEvent
from router.core.model import AgentId, Instant
from router.core.records import Message
from router.core.state import State
from router.ports import EarlierItem, Known, Words
from router.reports.choices import By
from router.reports.own import Own
from router.reports.periods import Kind
from router.reports.report import Report

GivePass = Callable[[str, int], str]  # (identity, until this second of Unix time) -> token
Subscriber = Callable[[Sequence[AnyEvent], State], None]


class Publisher(Protocol):
    """Tells what was stored."""

    def subscribe(self, subscriber: Subscriber, /) -> Callable[[], None]:
        """Call back after each stored batch with its events and the state; return the way out.

        The state is that of the batch and only valid during the call. A callback is quick, awaits
        nothing and never raises.
        """
        ...


class FindWords(Protocol):
    """Residents' words, looked for in the spool and then in history."""

    def __call__(self, refs: list[str], /) -> Awaitable[dict[str, Words]]:
        """Return those that were found."""
        ...


class KeptMail(Protocol):
    """A machine's mail that nobody had to read."""

    @property
    def ref(self) -> str:
        """Return the reference of its words."""
        ...

    @property
    def at(self) -> Instant:
        """Return when it came."""
        ...

    @property
    def item(self) -> str:
        """Return the item it is about; "" for none."""
        ...

    @property
    def kind(self) -> str:
        """Return what it is: bounce, auto_reply, list ..."""
        ...

    @property
    def why(self) -> str:
        """Return the rule that decided."""
        ...


class FindKept(Protocol):
    """The newest of what machines wrote. Errors: `StorageFailed`."""

    def __call__(self, limit: int, /) -> Awaitable[Sequence[KeptMail]]:
        """Return them, newest first."""
        ...


class BlockedEntry(Protocol):
    """Somebody who may not write by chat."""

    @property
    def address_key(self) -> str:
        """Return the key of an address, or a conversation's id."""
        ...

    @property
    def until(self) -> Instant | None:
        """Return until when; None: until somebody unblocks it."""
        ...

    @property
    def reason(self) -> str:
        """Return why."""
        ...

    @property
    def by(self) -> str:
        """Return which account decided it."""
        ...


class BlockList(Protocol):
    """Who may not write by chat. Errors: `StorageFailed`."""

    async def block(self, key: str, until: Instant | None, reason: str, by: str) -> None:
        """Block from now on."""
        ...

    async def unblock(self, key: str, by: str) -> None:
        """Let them write again."""
        ...

    async def everyone(self) -> Sequence[BlockedEntry]:
        """Return who is blocked now."""
        ...


class RenderHtml(Protocol):
    """Makes the HTML of a resident's mail safe to look at."""

    def __call__(self, html: str, /, *, remote: bool, pictures: Mapping[str, str]) -> str:
        """Return a whole page; pictures of the mail by content id, remote ones only if wanted."""
        ...


class FindEarlier(Protocol):
    """What history knows of residents. Errors: `StorageFailed`."""

    async def items(self, of: Known, after: str, limit: int) -> tuple[EarlierItem, ...]:
        """Return at most so many of their earlier items, newest first, those after `after`."""
        ...

    async def item(self, of: Known, item_id: str) -> EarlierItem | None:
        """Return one of them; None for one that is not theirs."""
        ...

    async def messages(self, conversation: str) -> tuple[Message, ...]:
        """Return what was written in a conversation, oldest first."""
        ...


class Explain(Protocol):
    """The story of one item, in plain lines."""

    def __call__(self, item_id: str, /) -> Awaitable[tuple[str, ...]]:
        """Return the lines. Errors: `UnknownItem`."""
        ...


class MakeReports(Protocol):
    """Figures of the past. Errors: `StorageFailed`."""

    async def report(self, kind: Kind, day: date | None, by: By, language: str) -> Report:
        """Return the report of the day, week or month that holds the day; None: today's."""
        ...

    async def own(self, agent: AgentId, language: str) -> Own:
        """Return the agent's own figures of today."""
        ...


class PolicyRefusal(msgspec.Struct, frozen=True):
    """A proposed policy that was not adopted."""

    at: Instant
    complaints: tuple[str, ...]


class Door(msgspec.Struct, frozen=True):
    """A connection to the outside that is kept open."""

    name: str
    state: str
    why: str
    since: Instant


class Daemons(msgspec.Struct, frozen=True):
    """The daemons that serve the town together."""

    ours: str  # name of this one
    decider: str  # that decides; "" when nobody knows
    names: tuple[str, ...]  # of those heard of lately
    behind_events: int  # stored, and not followed here yet


class About(Protocol):
    """What the daemon knows about itself."""

    def daemons(self) -> Daemons | None:
        """Return who serves the town together; None for a daemon alone."""
        ...

    def doors(self) -> tuple[Door, ...]:
        """Return how the connections to the outside stand."""
        ...

    @property
    def version(self) -> str:
        """Return the program's version."""
        ...

    @property
    def journal(self) -> str:
        """Return which journal is written, without secrets."""
        ...

    @property
    def kept_since(self) -> Instant | None:
        """Return when the journal begins; None: with the first event."""
        ...

    @property
    def started_at(self) -> Instant:
        """Return when the daemon started."""
        ...

    @property
    def policy_adopted_at(self) -> Instant | None:
        """Return when the policy in force was adopted; None when that is not known."""
        ...

    @property
    def policy_refusal(self) -> PolicyRefusal | None:
        """Return the last refusal since the last adoption."""
        ...


# --- who may do what -----------------------------------------------------------------------------

R_contra = TypeVar("R_contra", contravariant=True)  # the accounts' own type of role


class Account(Protocol):
    """A person who may sign in."""

    @property
    def name(self) -> str:
        """Return the name the person signs in with."""
        ...

    @property
    def role(self) -> str:
        """Return agent, supervisor or administrator."""
        ...

    @property
    def agent_id(self) -> AgentId | None:
        """Return which agent of the policy this is; None: takes no items."""
        ...

    @property
    def must_change(self) -> bool:
        """Say whether the password must be changed before anything else."""
        ...

    @property
    def locked_until(self) -> Instant | None:
        """Return until when no password is looked at; None: not locked."""
        ...

    @property
    def is_disabled(self) -> bool:
        """Say whether nobody may sign in with it."""
        ...

    @property
    def has_password(self) -> bool:
        """Say whether the person can sign in with a password of ours."""
        ...

    @property
    def provider_name(self) -> str:
        """Return what the sign-in provider calls this person; "" = nobody there."""
        ...


class Accounts(Protocol[R_contra]):
    """Local accounts. Errors: `NotAllowed`, `StorageFailed`, `Overloaded`."""

    async def verify(self, name: str, password: str) -> Account | None:
        """Return the account; None when name or password is wrong or the account is locked."""
        ...

    async def change_password(self, name: str, old: str, new: str) -> Account:
        """Replace one's own password; ends all sessions of the account."""
        ...

    async def create(
        self,
        name: str,
        role: R_contra,
        *,
        agent_id: AgentId | None = None,
        provider_name: str = "",
        by: str,
    ) -> str:
        """Create an account; return its one-time password, "" with a provider name."""
        ...

    async def reset_password(self, name: str, *, by: str) -> str:
        """Give a new one-time password; ends all sessions of the account."""
        ...

    async def set_role(
        self, name: str, role: R_contra, *, agent_id: AgentId | None = None, by: str
    ) -> Account:
        """Change what the account may do."""
        ...

    async def disable(self, name: str, *, by: str) -> Account:
        """Let nobody sign in with the account; ends all its sessions."""
        ...

    async def enable(self, name: str, *, by: str) -> Account:
        """Let the account be used again."""
        ...

    async def remove(self, name: str, *, by: str) -> None:
        """Remove the account and its sessions."""
        ...

    async def everybody(self) -> Sequence[Account]:
        """Return all accounts by name."""
        ...


class Sessions(Protocol):
    """Who is signed in. Errors: `StorageFailed`."""

    async def open(self, name: str) -> str:
        """Begin a session of an account that was just verified; return its token."""
        ...

    async def find(self, token: str) -> Account | None:
        """Return whose session it is; None when it is over or unknown."""
        ...

    async def close(self, token: str) -> None:
        """End the session; harmless when it is over."""
        ...


class AuditEntry(Protocol):
    """One line of the trail."""

    @property
    def at(self) -> Instant:
        """Return when."""
        ...

    @property
    def who(self) -> str:
        """Return which account."""
        ...

    @property
    def what(self) -> str:
        """Return what was done, kebab case."""
        ...

    @property
    def target(self) -> str:
        """Return to what."""
        ...


class Audit(Protocol):
    """What people inside changed. Errors: `StorageFailed`."""

    async def note(self, who: str, what: str, target: str) -> None:
        """Add a line."""
        ...

    async def recent(self, limit: int = 100) -> Sequence[AuditEntry]:
        """Return the newest lines, newest first."""
        ...
