"""What every channel offers the daemon, and what it promises everybody.

One suite, `tests/contract/test_channels.py`, holds every channel and the shipped fake to it. The
promises, each with a test of that suite:

1. Nothing is acknowledged before it is stored: a success goes out only after `Inbox.submit` has
   returned. What cannot be stored is answered so that the sender keeps it or asks again.
2. Repeats are harmless: the same message twice, in any order, is one contact; the second answer is
   the present one. Dedupe keys come from what the sender repeats, never from our own chance.
3. Bad input is the sender's error: a 4xx with a stable code or, where somebody is on the line, a
   spoken apology and a way on. Never a 5xx that is our own mistake, never a lost caller.
4. Unauthenticated input changes nothing.
5. Residents' words, names and numbers travel as `Words`; none of them stands in a command, in a
   web address that we make, or in a log above DEBUG.
6. Limits are declared and kept: one beyond is refused before it is read.
7. Effects do, when repeated, the harm their docstring states and no more; failures come as
   `ChannelError` that says whether trying again makes sense, within `Limits.effect_s`.
8. A channel decides nothing: which queue, which agent, what is said is the engine's. It keeps no
   state that a restart would miss.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
from starlette.routing import BaseRoute

from router.core.effects import Effect
from router.core.model import Channel, Tempo
from router.ports import Duty, Outlet


class Limits(msgspec.Struct, frozen=True):
    """The largest that a channel takes, and how long it lets others wait."""

    body_max: int  # bytes of one request; one more is 413
    answer_s: float  # seconds within which every request is answered
    effect_s: float  # seconds within which an effect is done or has failed


class Capabilities(msgspec.Struct, frozen=True):
    """What a channel can do for an item; the desk offers no more than this."""

    effects: frozenset[type[Effect]]  # those its outlet performs
    hold: bool = False  # the resident can be put on hold
    transfer: bool = False  # the item can go to somebody outside
    reply: bool = False  # the agent can write back through it


class ChannelAdapter(Protocol):
    """A channel, built by the daemon with the inbox and its settings, then started."""

    @property
    def name(self) -> Channel:
        """The door that contacts come through."""
        ...

    @property
    def tempos(self) -> frozenset[Tempo]:
        """The kinds of items it can bring: a call can become a message left."""
        ...

    @property
    def limits(self) -> Limits:
        """What it takes at most."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    @property
    def outlet(self) -> Outlet | None:
        """Where the effects of `capabilities.effects` go; None when there are none."""
        ...

    def routes(self) -> list[BaseRoute]:
        """Return its HTTP routes; they answer before `start` too, with apologies at worst."""
        ...

    def duties(self) -> tuple[Duty, ...]:
        """Return what it does over and over in the background."""
        ...

    async def start(self) -> None:
        """Open connections inside the running loop; called once, before the first effect."""
        ...

    async def stop(self) -> None:
        """Close them; what is under way is finished or given up within `Limits.effect_s`."""
        ...
