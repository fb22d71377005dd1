"""Calls the carrier makes: ringing a telephone, and what follows when somebody answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from channels.voice.practice.call import Call, StatusCallback
from channels.voice.practice.clock import SECOND
from channels.voice.practice.exchange import Exchange
from channels.voice.practice.handset import Behaviour
from channels.voice.practice.player import Player, PlayVerb
from channels.voice.practice.webhooks import Fetch, Params, Purpose, Source

DETECTION_S: Final = {"human": 2, "machine_start": 4, "machine_end_beep": 6}
"""Seconds until the carrier says who answered."""


class Detection(msgspec.Struct, frozen=True):
    """Whether a person or a machine answers is to be found out.

    With a `callback` the call goes on meanwhile and the callback is told; without, the first
    document waits for the verdict.
    """

    mode: str  # Enable | DetectMessageEnd
    callback: str = ""
    callback_method: str = "POST"

    def verdict(self, behaviour: Behaviour) -> str:
        """Return what the carrier will find."""
        if behaviour is not Behaviour.MACHINE:
            return "human"
        return "machine_end_beep" if self.mode == "DetectMessageEnd" else "machine_start"


def new_call(
    exchange: Exchange,
    *,
    from_: str,
    to: str,
    direction: str = "outbound-api",
    parent_sid: str = "",
    callback: StatusCallback | None = None,
) -> Call:
    """Enter a call into the register; it does not ring yet."""
    call = Call(
        exchange,
        sid=exchange.new_sid("CA"),
        from_=from_,
        to=to,
        direction=direction,
        parent_sid=parent_sid,
        callback=callback,
    )
    call.script = exchange.handset(to).script
    exchange.calls[call.sid] = call
    return call


def start(
    exchange: Exchange,
    call: Call,
    repertoire: Mapping[type, PlayVerb],
    *,
    timeout_s: int,
    answered: Callable[[Player], Awaitable[Source | None]],
    detection: Detection | None = None,
) -> None:
    """Ring, and when somebody answers do `answered` and play what it returns."""
    player = Player(exchange, call, repertoire)

    async def begin() -> Source | None:
        await ring(call, timeout_s)
        if detection is not None:
            await _detect(call, detection)
        return await answered(player)

    exchange.spawn(player.run(begin))


async def ring(call: Call, timeout_s: int) -> None:
    """Ring the telephone the call goes to, until it is answered.

    Errors: `CallEnded` when it is not; the call's status says why.
    """
    exchange = call.exchange
    handset = exchange.handset(call.to)
    if handset.behaviour is Behaviour.FAILS:
        call.end("failed")
    elif handset.behaviour is Behaviour.BUSY:
        call.ring()
        call.end("busy")
    else:
        call.ring()
    rung_at = exchange.clock.now()
    give_up = rung_at + timeout_s * SECOND
    if handset.behaviour not in (Behaviour.NO_ANSWER, Behaviour.MANUAL):
        lifted = rung_at + round(handset.after_s * SECOND)
        decided = await call.wait(min(lifted, give_up), lambda: call.answered)
        if not decided and lifted <= give_up:
            if handset.behaviour is Behaviour.REJECTS:
                call.refuse()
            else:
                call.pick_up()
    if not await call.wait(give_up, lambda: call.answered):
        call.end("no-answer")
        call.check()


async def _detect(call: Call, detection: Detection) -> None:
    exchange = call.exchange
    verdict = detection.verdict(exchange.handset(call.to).behaviour)
    seconds = DETECTION_S[verdict]
    found: Params = (
        ("AnsweredBy", verdict),
        ("MachineDetectionDuration", str(seconds * 1000)),
    )

    def announce() -> None:
        call.answered_by = verdict
        if not call.over:
            method = detection.callback_method
            exchange.tell(call, Fetch(detection.callback, Purpose.MACHINE, method, found))

    if detection.callback:
        exchange.after(seconds, announce)
        return
    await call.wait(exchange.clock.now() + seconds * SECOND)
    call.answered_by = verdict
    call.extra = (*call.extra, *found)
