"""`townline line`: a phone in the terminal, on the practice line.

Digits are typed and sent with Enter, `h` hangs up, `r WORDS` speaks onto a recording, `a` answers
when the town calls back. Lines from a pipe are taken one by one, each when the call waits for the
person; the end of the pipe hangs up.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx
from rich.console import Console

from channels.voice.practice.call import Call, CallEnded
from channels.voice.practice.carrier import Carrier, Subscription
from channels.voice.practice.clock import Clock
from channels.voice.practice.display import Display, was_refused
from channels.voice.practice.exchange import Pace
from channels.voice.practice.handset import Behaviour, Handset, presses
from channels.voice.practice.keys import Keys
from channels.voice.practice.serving import address, listening, serving

PRACTICE_HEADER: Final = "X-Townline-Practice-At"
"""Header with the town's local time, ISO 8601; a daemon honours it in practice mode only."""

KEYPAD: Final = frozenset("0123456789*#")
HELP: Final = "type digits and Enter; r WORDS = speak; h = hang up; ? = this help"
QUICK: Final = Pace(say_s_per_character=0.0005, play_s=1, tone_s=0, loop_s=0.5)
"""Nobody listens to a pipe: speech takes hardly any time."""

LOOK_S: Final = 0.1
"""Seconds between two looks whether it is the person's turn."""

QUEUE_PATIENCE_S: Final = 8
TALK_S: Final = 2
"""Seconds that a prepared line lets pass in a silent queue, and in a conversation."""


async def run_phone(
    *,
    base_url: str,
    to: str,
    from_: str,
    auth_token: str,
    account_sid: str,
    rest_port: int | None,
    at: str | None,
    console: Console,
    keys: Keys,
    clock: Clock,
    public_url: str | None = None,
    agents: str = "answer",
    stay: bool = False,
) -> int:
    """Call the town and be the caller until the call is over; return the exit code.

    `base_url` is where the town listens (http://127.0.0.1:8400), `public_url` the address its
    signatures cover when that is another one. `rest_port` of 127.0.0.1 takes the carrier's REST
    calls, 0 for any port; None serves none. `at` is the town's local time in ISO 8601. With agents
    "answer" every other phone is answered and presses 1, with "silent" none is. With `stay` the
    phone waits after the call until the town calls `from_` back.

    Errors: `ValueError` for a wrong `at` or `agents`; `SettingsError` when the port is taken.
    """
    if agents not in ("answer", "silent"):
        raise ValueError(f"agents={agents!r}: must be answer or silent")
    headers = {} if at is None else {PRACTICE_HEADER: datetime.fromisoformat(at).isoformat()}
    public = _origin(public_url or base_url)
    with listening(rest_port) as sock:
        subscription = Subscription(
            account_sid=account_sid,
            auth_token=auth_token,
            voice_url=f"{public}/voice/incoming",
            status_url=f"{public}/voice/status",
            rest_url=address(sock),
        )
        async with httpx.AsyncClient(timeout=None, trust_env=False) as http:
            carrier = Carrier(
                subscription,
                http=http,
                clock=clock,
                pace=None if keys.typed else QUICK,
                headers=headers,
                reach=(public, _origin(base_url)),
            )
            if agents == "answer":
                carrier.answer_everything(Handset(after_s=1, script=presses("1")))
            carrier.register(from_, Handset(behaviour=Behaviour.MANUAL))
            async with serving(carrier, sock), carrier:
                return await _Phone(carrier, console, keys, from_).use(to, stay=stay)


class _Phone:
    def __init__(self, carrier: Carrier, console: Console, keys: Keys, number: str) -> None:
        self._carrier = carrier
        self._keys = keys
        self._number = number
        self._calls = carrier.exchange.calls
        self._display = Display(console, self._calls, number)

    async def use(self, to: str, *, stay: bool) -> int:
        self._display.follow(self._carrier.ledger)
        self._display.note(f"{self._number} calls {to}. {HELP}")
        await self._hold(self._carrier.call_in(self._number, to))
        if was_refused(self._carrier.ledger):
            town = self._carrier.subscription.voice_url
            self._display.note(f"nobody answers at {town}: is `townline run` running?", "red")
            return 1
        while stay:
            self._display.note("waiting for the town to call back; Ctrl-C ends")
            call = await self._rung()
            self._display.note("the phone rings: a = answer, h = refuse", "bold yellow")
            await self._hold(call)
            stay = not call.answered_at
        return 0

    async def _hold(self, call: Call) -> None:
        """Be the person on this call until it is over."""
        async with asyncio.TaskGroup() as group:
            typing = group.create_task(self._obey(call))
            showing = group.create_task(self._prompt(call))
            while not call.over:
                await _ended(call)
            typing.cancel()
            showing.cancel()

    async def _rung(self) -> Call:
        clock = self._carrier.exchange.clock
        while True:
            for call in self._calls.values():
                if call.to == self._number and call.status == "ringing":
                    return call
            await clock.sleep_until(clock.now() + round(LOOK_S * 1e9))

    async def _prompt(self, call: Call) -> None:
        """Show when it is the person's turn."""
        try:
            while True:
                await call.until(lambda: bool(call.expects))
                self._display.note(f"? {call.expects} expected", "yellow")
                await call.until(lambda: not call.expects)
        except CallEnded:
            return

    async def _obey(self, call: Call) -> None:
        try:
            while not call.over:
                if not self._keys.typed:
                    await self._turn(call)
                line = await self._keys.read()
                if line is None:
                    call.hang_up()
                    return
                self._do(call, line.strip())
                if not self._keys.typed:
                    await _consumed(call)
        except CallEnded:
            return

    async def _turn(self, call: Call) -> None:
        """Wait until the call waits for the person."""
        clock = self._carrier.exchange.clock
        since, place = clock.now(), call.place
        patience = {"queue": QUEUE_PATIENCE_S, "talking": TALK_S, "conference": TALK_S}
        while True:
            if call.expects and call.prompted:
                return
            if call.direction != "inbound" and call.status == "ringing":
                return
            if call.place != place:
                since, place = clock.now(), call.place
            if place in patience and clock.now() - since >= patience[place] * 1e9:
                return
            await call.rest(LOOK_S)

    def _do(self, call: Call, line: str) -> None:
        command, _, words = line.partition(" ")
        if command == "h":
            (call.hang_up if call.answered or call.direction == "inbound" else call.refuse)()
        elif command == "a" and call.direction != "inbound":
            call.pick_up()
        elif command == "r" and words:
            if call.expects not in ("recording", "speech"):
                self._display.note("nothing records now", "yellow")
            call.speak(words, seconds=len(words) * self._carrier.exchange.pace.say_s_per_character)
        elif line and set(line) <= KEYPAD:
            if not call.expects:
                self._display.note("no digits are expected now", "yellow")
            call.press(line)
        else:
            self._display.note(HELP)


async def _consumed(call: Call) -> None:
    """Wait until what was typed has had its effect."""
    if call.expects:
        await call.until(lambda: not call.expects)


async def _ended(call: Call) -> None:
    try:
        await call.until(lambda: False)
    except CallEnded:
        return


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
