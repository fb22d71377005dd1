"""One leg of the practice line: a person at one end, the carrier at the other.

A call knows its status, its standard webhook parameters and what the person does with the
receiver and the keys. What is played to it is the player's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from channels.voice.practice.clock import SECOND, utc
from channels.voice.practice.ledger import Moved
from channels.voice.practice.webhooks import Fetch, Params, Purpose, Source

if TYPE_CHECKING:
    from channels.voice.practice.exchange import Exchange
    from channels.voice.practice.handset import Script

FINAL: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

Ready = Callable[[], bool]


class CallEnded(Exception):
    """The call is over; whoever plays to it stops."""


class Detoured(Exception):
    """Somebody sent the call to another document by REST."""

    def __init__(self, source: Source) -> None:
        super().__init__("redirected")
        self.source = source


class Stopped(Exception):
    """The condition of `stopping_when` came true; only the scope that set it catches this."""


class Attachment(Protocol):
    """Something the call takes part in: a queue, a conference, a bridge."""

    def cut(self, cause: str) -> None:
        """Take the call out at once; cause is hangup or redirected."""
        ...


class StatusCallback(msgspec.Struct):
    """Where news of the call goes; events are initiated, ringing, answered, completed."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})
    sequence: int = 0


class Call:
    """A leg. `from_`, `to`: numbers, SIP addresses or client names as the carrier writes them."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        sid: str,
        from_: str,
        to: str,
        direction: str,
        parent_sid: str = "",
        callback: StatusCallback | None = None,
        extra: Params = (),
    ) -> None:
        self.exchange = exchange
        self.sid, self.from_, self.to = sid, from_, to
        self.direction, self.parent_sid = direction, parent_sid
        self.callback = callback
        self.extra = extra
        self.fallback_url = ""
        self.answered_by = ""
        self.script: Script | None = None
        self.status = "queued"
        self.expects = ""  # digits, speech, recording, or "" while nothing listens
        self.prompted = False  # whether all was said before keys or words are waited for
        self.place = ""  # queue, conference, talking, or ""
        self.keys = ""  # pressed since something began to listen
        self.words: list[tuple[str, int]] = []  # said since then, with the instant it is all said
        self.attachments: list[Attachment] = []
        self.created_at = exchange.clock.now()
        self.answered_at: int | None = None
        self.ended_at: int | None = None
        self._detour: Source | None = None
        self._scopes: list[tuple[Ready, Stopped]] = []
        self._news = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether the call has ended, one way or another."""
        return self.status in FINAL

    @property
    def answered(self) -> bool:
        """Whether the call is in progress."""
        return self.status == "in-progress"

    @property
    def duration_s(self) -> int:
        """Whole seconds from the answer until the end, or now; 0 when never answered."""
        if self.answered_at is None:
            return 0
        return -(-((self.ended_at or self.exchange.clock.now()) - self.answered_at) // SECOND)

    def params(self, status: str = "") -> Params:
        """Return the parameters that every webhook of this call carries."""
        pairs = [
            ("CallSid", self.sid),
            ("AccountSid", self.exchange.account_sid),
            ("From", self.from_),
            ("To", self.to),
            ("Caller", self.from_),
            ("Called", self.to),
            ("CallStatus", status or self.status),
            ("Direction", self.direction),
            ("ApiVersion", "2010-04-01"),
        ]
        for end in ("From", "To", "Caller", "Called"):
            place = {"City": "", "State": "ON", "Zip": "", "Country": "CA"}
            pairs += [(end + field, value) for field, value in place.items()]
        if self.parent_sid:
            pairs.append(("ParentCallSid", self.parent_sid))
        return (*pairs, *self.extra)

    # What the person does

    def press(self, digits: str) -> None:
        """Press keys; those nobody listens to are lost, as on a real line."""
        if self.expects or self.place in ("conference", "talking"):
            self.keys += digits
            self.nudge()

    def speak(self, text: str, *, seconds: float = 3) -> None:
        """Say something that takes so long; lost unless a recording or a speech Gather listens."""
        if self.expects:
            self.words.append((text, self.exchange.clock.now() + round(seconds * SECOND)))
            self.nudge()

    def hang_up(self) -> None:
        """Put the receiver down."""
        self.end("completed" if self.answered else "no-answer")

    def pick_up(self) -> None:
        """Answer the ringing telephone."""
        if not self.over and not self.answered:
            self.answered_at = self.exchange.clock.now()
            self._move("in-progress", "answered")
            if self.script is not None:
                self.exchange.spawn(_perform(self.script, self))

    def refuse(self) -> None:
        """Press the ringing telephone away."""
        if not self.answered:
            self.end("busy")

    # What the carrier does

    def ring(self) -> None:
        """Tell that the call is on its way, and that it rings."""
        self._report("initiated", "initiated")
        self._move("ringing", "ringing")

    def end(self, status: str) -> None:
        """End the call; nothing happens when it has ended before."""
        if self.over:
            return
        self.ended_at = self.exchange.clock.now()
        self.status = status
        self._cut("hangup")
        self.expects = self.place = ""
        self._move(status, "completed")

    def detour(self, source: Source) -> None:
        """Have another document played instead of whatever plays now."""
        self._detour = source
        self._cut("redirected")
        self.nudge()

    def listen(self, what: str) -> None:
        """Begin (or, with "", cease) to hear keys and words."""
        self.expects, self.keys, self.words, self.prompted = what, "", [], False
        self.nudge()

    def await_person(self) -> None:
        """Note that everything was said and it is the person's turn."""
        self.prompted = True
        self.nudge()

    def settle_in(self, place: str) -> None:
        """Note where the call is: queue, conference, talking or "" for none of these."""
        if not self.over and place != self.place:
            self.place, self.keys = place, ""
            self.exchange.ledger.add(Moved(self.exchange.clock.now(), self.sid, place or "flow"))
            self.nudge()

    def nudge(self) -> None:
        """Have everybody who waits on this call look again."""
        self._news.set()

    def check(self) -> None:
        """Return when the playing may go on.

        Errors: `CallEnded`, `Detoured` (once per detour), `Stopped` for the outermost scope whose
            condition holds.
        """
        if self.over:
            raise CallEnded
        if self._detour is not None:
            source, self._detour = self._detour, None
            raise Detoured(source)
        for condition, stopped in self._scopes:
            if condition():
                raise stopped

    @contextmanager
    def stopping_when(self, condition: Ready) -> Iterator[None]:
        """Leave the block as soon as the condition holds and the call is nudged or waits."""
        stopped = Stopped()
        self._scopes.append((condition, stopped))
        try:
            yield
        except Stopped as error:
            if error is not stopped:
                raise
        finally:
            self._scopes.pop()

    async def wait(self, until: int | None = None, ready: Ready = lambda: False) -> bool:
        """Wait for `ready` (return True) or the instant `until` (return False).

        Errors: those of `check`.
        """
        while True:
            self.check()
            if ready():
                return True
            if until is not None and self.exchange.clock.now() >= until:
                return False
            await self._listen_for_news(until)

    async def until(self, reached: Ready) -> None:
        """Wait, as the person does, until something is so.

        Errors: `CallEnded` when the call is over first.
        """
        while not reached():
            if self.over:
                raise CallEnded
            await self._listen_for_news(None)

    async def rest(self, seconds: float) -> None:
        """Let time pass on the line.

        Errors: `CallEnded` when the call is over first.
        """
        due = self.exchange.clock.now() + round(seconds * SECOND)
        while self.exchange.clock.now() < due:
            if self.over:
                raise CallEnded
            await self._listen_for_news(due)

    async def _listen_for_news(self, until: int | None) -> None:
        self._news.clear()
        if until is None:
            await self._news.wait()
            return
        async with asyncio.TaskGroup() as group:
            alarm = group.create_task(self._wake_at(until))
            await self._news.wait()
            alarm.cancel()

    async def _wake_at(self, instant: int) -> None:
        await self.exchange.clock.sleep_until(instant)
        self._news.set()

    def _cut(self, cause: str) -> None:
        for attachment in reversed(self.attachments[:]):
            attachment.cut(cause)
        self.attachments.clear()

    def _move(self, status: str, event: str) -> None:
        self.status = status
        self.exchange.ledger.add(Moved(self.exchange.clock.now(), self.sid, status))
        self._report(event, status)
        self.nudge()

    def _report(self, event: str, status: str) -> None:
        callback = self.callback
        if callback is None or event not in callback.events:
            return
        news = [
            ("Timestamp", format_datetime(utc(self.exchange.clock.now()))),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(callback.sequence)),
        ]
        callback.sequence += 1
        if event == "completed":
            news += [
                ("CallDuration", str(self.duration_s)),
                ("Duration", str(-(-self.duration_s // 60))),
            ]
        if self.answered_by:
            news.append(("AnsweredBy", self.answered_by))
        fetch = Fetch(callback.url, Purpose.STATUS, method=callback.method, params=tuple(news))
        self.exchange.tell(self, fetch, status=status)


async def _perform(script: Script, call: Call) -> None:
    try:
        await script(call)
    except CallEnded:
        return
