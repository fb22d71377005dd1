"""An inbox without a journal: decides and publishes at once; and the rest of a desk's world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from router.core import commands as c
from router.core.engine import Engine
from router.core.model import AgentId, Instant
from router.core.policy import Policy, encode, policy_hash
from router.core.state import State
from router.errors import TownlineError
from router.ports import Words
from router.runtime.clock import VirtualClock
from router.runtime.publisher import Publisher
from tests.core.town import OPEN, town

T = TypeVar("T")


class InstantInbox:
    """`Inbox` on a bare engine; `trouble` is raised instead of storing."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.engine = Engine()
        self.publisher = Publisher()
        self.clock = VirtualClock(OPEN)
        self.words: dict[str, Words] = {}
        self.commands: list[c.Command] = []
        self.trouble: TownlineError | None = None
        policy = policy or town()
        digest = policy_hash(encode(policy))
        self.engine.state.policies[digest] = policy
        self.engine.run(c.AdoptPolicy(digest), OPEN)

    @property
    def now(self) -> Instant:
        return self.clock.now()

    async def submit(
        self, command: c.Command, reply: Callable[[State], T], *, words: tuple[Words, ...] = ()
    ) -> T:
        if self.trouble is not None:
            raise self.trouble
        self.commands.append(command)
        events = self.engine.run(command, self.now)
        answer = reply(self.engine.state)
        self.words |= {one.ref: one for one in words}
        self.publisher.publish(events, self.engine.state)
        return answer

    async def read(self, view: Callable[[State], T]) -> T:
        return view(self.engine.state)

    async def find_words(self, refs: list[str]) -> dict[str, Words]:
        return {ref: self.words[ref] for ref in refs if ref in self.words}


class OnePerson:
    """`Account` and `Sessions` of somebody whose token is their name."""

    def __init__(self, name: str = "chloe") -> None:
        self.name = name
        self.role = "agent"
        self.agent_id = AgentId(name)
        self.must_change = False
        self.locked_until = None
        self.is_disabled = False
        self.has_password = True
        self.provider_name = ""

    async def open(self, name: str) -> str:
        return name

    async def find(self, token: str) -> OnePerson | None:
        return self if token == self.name else None

    async def close(self, token: str) -> None:
        """Nothing to forget."""
