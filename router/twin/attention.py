"""How fast an agent gets on with several things in hand.

One has one attention. The telephone has it first, then chats, then mail and forms; things of one
tempo share what is left for them. What gets less than it asks for takes so much longer, and a mail
in hand during a call rests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from router.core.model import Instant, ItemId, Span, Tempo

ORDER: Final = (Tempo.LIVE, Tempo.FAST_TEXT, Tempo.SLOW_TEXT)


@dataclass(slots=True)
class Held:
    """One thing in hand."""

    tempo: Tempo
    share: float  # of the attention that it asks for
    left: float  # ns of work at full speed


@dataclass(slots=True)
class Hands:
    """What one agent has in hand; `turn` says which plan of its end holds."""

    held: dict[ItemId, Held] = field(default_factory=dict)
    since: Instant = 0
    busy: float = 0.0  # ns of attention given so far
    turn: int = 0
    is_there: bool = False  # at work, by the roster
    over: Span = 0  # worked on for so long when they were not

    def take(self, item: ItemId, tempo: Tempo, share: float, work: Span, now: Instant) -> None:
        """Take one more thing in hand."""
        self.pass_to(now)
        self.held[item] = Held(tempo, share, float(work))
        self.turn += 1

    def put_down(self, item: ItemId, now: Instant) -> None:
        """Be done with one thing."""
        self.pass_to(now)
        del self.held[item]
        self.turn += 1

    def pass_to(self, now: Instant) -> None:
        """Get on with what is in hand until now."""
        passed, self.since = now - self.since, now
        if not self.held or passed <= 0:
            return
        if not self.is_there:
            self.over += passed
        for item, speed in self.speeds().items():
            held = self.held[item]
            held.left -= passed * speed
            self.busy += passed * speed * held.share

    def speeds(self) -> dict[ItemId, float]:
        """Return how fast each thing goes on: 1 is full speed, 0 rests."""
        if len(self.held) == 1:  # no share is above 1
            return dict.fromkeys(self.held, 1.0)
        free, found = 1.0, {}
        for tempo in ORDER:
            group = {item: held.share for item, held in self.held.items() if held.tempo is tempo}
            wanted = sum(group.values())
            speed = min(1.0, free / wanted) if wanted else 0.0
            free -= wanted * speed
            found.update(dict.fromkeys(group, speed))
        return found

    def next_end(self) -> tuple[Instant, ItemId] | None:
        """Return what is done first, and when; None with empty hands."""
        ends = [
            (self.since + math.ceil(max(0.0, self.held[item].left) / speed), item)
            for item, speed in self.speeds().items()
            if speed > 0
        ]
        return min(ends, default=None)
