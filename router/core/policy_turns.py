"""The compiled rules of whose turn it is when an agent is free; part of `router.core.policy`."""

from __future__ import annotations

from typing import Final

import msgspec

from router.core.model import AgentId, QueueId, Span, Tempo

WAITING: Final = "waiting"  # a part keeps its proportion of all that wait
BEGUN: Final = "begun"  # a part gets its proportion of all that is offered


class Struct(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of these rules."""


class Part(Struct, frozen=True):
    """Some of what waits."""

    id: str
    queues: frozenset[QueueId]  # empty = all
    tempo: Tempo | None  # None = any
    weight: int  # its proportion is this of the weights of all parts

    def takes(self, queue: QueueId, tempo: Tempo) -> bool:
        """Say whether what waits there belongs to it."""
        return (not self.queues or queue in self.queues) and self.tempo in (None, tempo)


class Turn(Struct, frozen=True):
    """Parts that take turns; what waits belongs to one of them or to none."""

    id: str
    of: str  # WAITING | BEGUN
    parts: tuple[Part, ...]
    file: str  # where it stands
    line: int


class Turns(Struct, frozen=True):
    """Whose turn it is: own queues first, then each turn narrows what the one before left."""

    overdue_max: Span  # who is overdue by more goes first whosever turn it is
    own: dict[AgentId, tuple[QueueId, ...]]  # queues that come first for that agent, in order
    rules: tuple[Turn, ...]
