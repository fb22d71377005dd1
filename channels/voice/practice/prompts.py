"""Verbs that speak, listen or say where to go: Say, Play, Pause, Gather, Redirect, Hangup, ..."""

from __future__ import annotations

from channels.voice.practice.call import Ready
from channels.voice.practice.clock import SECOND
from channels.voice.practice.player import Player
from channels.voice.practice.verbs import (
    Gather,
    Hangup,
    Leave,
    Pause,
    Place,
    Play,
    Prompt,
    Redirect,
    Reject,
    Say,
    Verb,
)
from channels.voice.practice.webhooks import Fetch, Params, Purpose, Source

ENDLESS = 1000
"""Times that loop="0" repeats at most. Source: Twilio's page on <Say>."""

REDIRECTED = {Place.CALL: Purpose.REDIRECT, Place.WHISPER: Purpose.WHISPER}


async def play_prompt(player: Player, verb: Verb, place: Place) -> None:
    """Play a Say, Play or Pause to its end."""
    assert isinstance(verb, Say | Play | Pause)
    await utter(player, verb, lambda: False)


async def utter(player: Player, prompt: Prompt, interrupted: Ready) -> bool:
    """Play a prompt until it ends (False) or `interrupted` (True)."""
    call, exchange = player.call, player.exchange
    if isinstance(prompt, Pause):
        exchange.hear(call, "pause", str(prompt.length_s))
        return await call.wait(exchange.clock.now() + prompt.length_s * SECOND, interrupted)
    for _ in range(prompt.loop or ENDLESS):
        seconds = _perform(player, prompt)
        if await call.wait(exchange.clock.now() + round(seconds * SECOND), interrupted):
            return True
    return False


def _perform(player: Player, prompt: Say | Play) -> float:
    """Write down what is heard; return how many seconds it takes."""
    pace = player.exchange.pace
    if isinstance(prompt, Say):
        player.exchange.hear(player.call, "say", prompt.text, prompt.language)
        return len(prompt.text) * pace.say_s_per_character
    if prompt.digits:
        player.exchange.hear(player.call, "tones", prompt.digits)
        return len(prompt.digits) * pace.tone_s
    kind = "music" if prompt.url.startswith("carrier:") else "play"
    player.exchange.hear(player.call, kind, prompt.url)
    return pace.play_s


async def gather(player: Player, verb: Verb, place: Place) -> Source | None:
    """Collect digits or speech; nothing collected means the next verb, unless asked otherwise."""
    assert isinstance(verb, Gather)
    call = player.call
    call.listen("digits" if "dtmf" in verb.input else "speech")
    try:
        await _collect(player, verb)
        digits, key = _entered(verb, call.keys)
        words = call.words[0] if call.words and "speech" in verb.input else None
        if words is not None and not digits:
            await call.wait(until=words[1])
    finally:
        call.listen("")
    result: Params = ()
    if digits or (verb.action_on_empty_result and words is None):
        result = (("Digits", digits), ("FinishedOnKey", key), ("msg", "Gather End"))
    elif words is not None:
        result = (("SpeechResult", words[0]), ("Confidence", "0.9"))
    if not result:
        return None
    return Fetch(verb.action, Purpose.GATHER, method=verb.method, params=result)


async def _collect(player: Player, verb: Gather) -> None:
    call, clock = player.call, player.exchange.clock

    def begun() -> bool:
        return bool(_heard(verb, call.keys) or ("speech" in verb.input and call.words))

    for prompt in verb.prompts:
        if await utter(player, prompt, begun):
            break
    call.await_person()
    while not _complete(verb, call.keys) and not ("speech" in verb.input and call.words):
        heard = len(call.keys)

        def more(heard: int = heard) -> bool:
            return len(_heard(verb, call.keys)) > heard or (
                "speech" in verb.input and bool(call.words)
            )

        if not await call.wait(clock.now() + verb.timeout_s * SECOND, more):
            return


def _heard(verb: Gather, keys: str) -> str:
    return keys if "dtmf" in verb.input else ""


def _entered(verb: Gather, keys: str) -> tuple[str, str]:
    """Return the digits entered and the key that ended them ("" when a number or time did)."""
    keys = _heard(verb, keys)
    digits, key, _ = keys.partition(verb.finish_on_key[0]) if verb.finish_on_key else (keys, "", "")
    for other in verb.finish_on_key[1:]:
        if other in digits:
            digits, key = digits.partition(other)[:2]
    if verb.num_digits is not None and len(digits) >= verb.num_digits:
        return digits[: verb.num_digits], ""
    return digits, key


def _complete(verb: Gather, keys: str) -> bool:
    digits, key = _entered(verb, keys)
    return bool(key) or (verb.num_digits is not None and len(digits) >= verb.num_digits)


async def redirect(player: Player, verb: Verb, place: Place) -> Source:
    """Go on with another document."""
    assert isinstance(verb, Redirect)
    return Fetch(verb.url, REDIRECTED.get(place, Purpose.WAIT), method=verb.method)


async def hang_up(player: Player, verb: Verb, place: Place) -> None:
    """End the call."""
    assert isinstance(verb, Hangup)
    player.call.end("completed")
    player.call.check()


async def reject(player: Player, verb: Verb, place: Place) -> None:
    """Refuse the call; once it was answered that is the same as hanging up."""
    assert isinstance(verb, Reject)
    refused = "busy" if verb.reason == "busy" else "no-answer"
    player.call.end("completed" if player.call.answered else refused)
    player.call.check()


async def leave(player: Player, verb: Verb, place: Place) -> None:
    """Leave the queue."""
    assert isinstance(verb, Leave)
    assert player.member is not None  # Leave is allowed in a waitUrl's document only
    player.member.leave("leave")
    player.call.check()
