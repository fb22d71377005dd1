"""The carrier's queues: who waits, since when, and how each one left.

First come, first served; the town uses them only as a place to wait.
"""

from __future__ import annotations

from channels.voice.practice.call import Call
from channels.voice.practice.clock import SECOND
from channels.voice.practice.webhooks import Fetch, Params, Purpose


class Bridge:
    """Two calls that hear each other from `ready` until `over`."""

    def __init__(self, *calls: Call) -> None:
        self.calls = calls
        self.greeting: Fetch | None = None  # played to the one who waited, before `open`
        self.ready = False
        self.over = False

    def open(self) -> None:
        """Let them talk."""
        if self.over:
            return
        self.ready = True
        for call in self.calls:
            call.settle_in("talking")
            call.nudge()

    def cut(self, cause: str) -> None:
        """End it because one of them hung up or was sent elsewhere."""
        self.over = True
        for call in self.calls:
            call.nudge()


class Member:
    """A call in a queue."""

    def __init__(self, queue: Queue, call: Call, action: str, method: str) -> None:
        self.queue = queue
        self.call = call
        self.joined_at = call.exchange.clock.now()
        self.left_at: int | None = None
        self.result = ""  # QueueResult; "" = still waiting
        self.bridge: Bridge | None = None
        self._action, self._method = action, method

    @property
    def waited_s(self) -> int:
        """Whole seconds in the queue."""
        return ((self.left_at or self.call.exchange.clock.now()) - self.joined_at) // SECOND

    @property
    def position(self) -> int:
        """Place in the queue, from 1; 0 once it has left."""
        return self.queue.members.index(self) + 1 if self in self.queue.members else 0

    def leave(self, result: str) -> None:
        """Leave the queue."""
        if not self.result:
            self.result = result
            self.left_at = self.call.exchange.clock.now()
            self.queue.drop(self)
            self.call.nudge()

    def take(self, bridge: Bridge) -> None:
        """Leave the queue in order to be joined with the other end of the bridge."""
        self.bridge = bridge
        self.leave("bridged")

    def cut(self, cause: str) -> None:
        """Leave because the person hung up or was sent elsewhere; the action URL is told."""
        if self.bridge is not None:
            self.bridge.cut(cause)
            self.result = "bridged" if cause == "hangup" else "redirected-from-bridged"
        else:
            self.leave(cause)
        if self._action:
            self.call.exchange.tell(self.call, self.action())

    def action(self) -> Fetch:
        """Return the request that tells how the call left."""
        return Fetch(self._action, Purpose.ENQUEUE, method=self._method, params=self.outcome())

    def outcome(self) -> Params:
        """Return what the action URL is told."""
        return (
            ("QueueResult", self.result),
            ("QueueSid", self.queue.sid),
            ("QueueTime", str(self.waited_s)),
        )


class Queue:
    """Calls that wait, first in front."""

    def __init__(self, sid: str, name: str, created_at: int, max_size: int = 1000) -> None:
        self.sid = sid
        self.name = name
        self.created_at = created_at
        self.max_size = max_size
        self.members: list[Member] = []
        self.waited_s: list[int] = []  # of those who have left
        self.watchers: list[Call] = []  # callers who dialled the queue and wait for somebody

    @property
    def average_wait_s(self) -> int:
        """Mean wait of those who left, whole seconds."""
        return sum(self.waited_s) // len(self.waited_s) if self.waited_s else 0

    def join(self, call: Call, action: str, method: str) -> Member:
        """Put the call at the end."""
        member = Member(self, call, action, method)
        self.members.append(member)
        for watcher in self.watchers:
            watcher.nudge()
        return member

    def drop(self, member: Member) -> None:
        """Take the member out and remember how long it waited."""
        self.members.remove(member)
        self.waited_s.append(member.waited_s)

    def news(self, member: Member) -> Params:
        """Return what a waitUrl is told."""
        return (
            ("QueueSid", self.sid),
            ("QueuePosition", str(member.position)),
            ("QueueTime", str(member.waited_s)),
            ("AvgQueueTime", str(self.average_wait_s)),
            ("CurrentQueueSize", str(len(self.members))),
            ("MaxQueueSize", str(self.max_size)),
        )
