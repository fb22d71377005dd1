"""The verb Record: a beep, what the person says, and where the town learns of it."""

from __future__ import annotations

from channels.voice.practice.call import CallEnded
from channels.voice.practice.clock import SECOND
from channels.voice.practice.exchange import Recording
from channels.voice.practice.player import Player
from channels.voice.practice.verbs import Place, Record, Verb
from channels.voice.practice.webhooks import Fetch, Params, Purpose, Source


async def record(player: Player, verb: Verb, place: Place) -> Source | None:
    """Record until a key, silence, the greatest length or hanging up; silence alone is nothing."""
    assert isinstance(verb, Record)
    call, exchange = player.call, player.exchange
    if verb.play_beep:
        exchange.hear(call, "beep", "beep")
    began = exchange.clock.now()
    call.listen("recording")
    call.await_person()
    spoken = call.words
    try:
        key = await _until_finished(player, verb, began)
    except CallEnded:
        if spoken:
            saved = _save(player, verb, began, spoken)
            done = (*_result(player, saved), ("Digits", "hangup"))
            exchange.tell(call, Fetch(verb.action, Purpose.RECORD, verb.method, done))
        raise
    finally:
        call.listen("")
    if not spoken:
        return None
    saved = _save(player, verb, began, spoken)
    params = (*_result(player, saved), ("Digits", key))
    return Fetch(verb.action, Purpose.RECORD, method=verb.method, params=params)


async def _until_finished(player: Player, verb: Record, began: int) -> str:
    """Return the key that ended the recording, "" when silence or the length did."""
    call = player.call
    longest = began + verb.max_length_s * SECOND

    def key() -> str:
        return next((key for key in call.keys if key in verb.finish_on_key), "")

    while True:
        sentences = len(call.words)
        silent_since = max((said for _, said in call.words), default=began)
        until = min(longest, silent_since + verb.timeout_s * SECOND)

        def news(sentences: int = sentences) -> bool:
            return bool(key()) or len(call.words) > sentences

        if not await call.wait(until, news) or key():
            return key()


def _save(player: Player, verb: Record, began: int, spoken: list[tuple[str, int]]) -> Recording:
    exchange, call = player.exchange, player.call
    end = min(exchange.clock.now(), spoken[-1][1])
    saved = Recording(
        sid=exchange.new_sid("RE"),
        call_sid=call.sid,
        text=" ".join(text for text, _ in spoken),
        started_at=began,
        duration_s=min(verb.max_length_s, max(1, -(-(end - began) // SECOND))),
    )
    exchange.recordings[saved.sid] = saved
    if verb.status_callback and "completed" in verb.status_callback_events:
        params = (
            *_result(player, saved),
            ("RecordingStatus", "completed"),
            ("RecordingChannels", "1"),
            ("RecordingSource", "RecordVerb"),
            ("ErrorCode", "0"),
        )
        method = verb.status_callback_method
        exchange.tell(call, Fetch(verb.status_callback, Purpose.RECORDING, method, params))
    if verb.transcribe_callback:
        written = (
            *_result(player, saved),
            ("TranscriptionSid", exchange.new_sid("TR")),
            ("TranscriptionText", saved.text),
            ("TranscriptionStatus", "completed"),
        )
        exchange.tell(call, Fetch(verb.transcribe_callback, Purpose.TRANSCRIPTION, "POST", written))
    return saved


def _result(player: Player, saved: Recording) -> Params:
    exchange = player.exchange
    path = f"/2010-04-01/Accounts/{exchange.account_sid}/Recordings/{saved.sid}"
    return (
        ("RecordingSid", saved.sid),
        ("RecordingUrl", exchange.rest_url + path),
        ("RecordingDuration", str(saved.duration_s)),
    )
