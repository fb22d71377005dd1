"""The attributes of TwiML: which element takes which, how its text is read, what it may hold.

Data. `SILENT` lists attributes that are right but change nothing one could hear on this line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Field = Any
"""A converted attribute: text, number, truth or a set of words; checked by the verb's own type."""

Convert = Callable[[str], Field]


def _text(raw: str) -> str:
    return raw


def _method(raw: str) -> str:
    return _one_of("GET", "POST")(raw.upper())


def _truth(raw: str) -> bool:
    if raw.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return raw.lower() == "true"


def _words(raw: str) -> frozenset[str]:
    return frozenset(raw.replace(",", " ").split())


def _one_of(*allowed: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return raw

    return convert


def _whole(least: int, most: int) -> Callable[[str], int]:
    def convert(raw: str) -> int:
        if not raw.isdecimal() or not least <= int(raw) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(raw)

    return convert


def _keys(raw: str) -> str:
    if not set(raw) <= set("0123456789*#"):
        raise ValueError("must be telephone keys, or nothing")
    return raw


def _tones(raw: str) -> str:
    if not set(raw) <= set("0123456789*#wW"):
        raise ValueError("must be telephone keys and w for half a second")
    return raw


def _input(raw: str) -> frozenset[str]:
    words = _words(raw)
    if not words or not words <= {"dtmf", "speech"}:
        raise ValueError("must be dtmf, speech or both")
    return words


def _gather_timeout(raw: str) -> int:
    return 5 if raw == "auto" else _whole(0, 600)(raw)


_CALLBACK: Final[dict[str, tuple[str, Convert]]] = {
    "statusCallback": ("status_callback", _text),
    "statusCallbackMethod": ("status_callback_method", _method),
    "statusCallbackEvent": ("status_callback_events", _words),
}
_PARTY: Final[dict[str, tuple[str, Convert]]] = {
    "url": ("url", _text),
    "method": ("method", _method),
    **_CALLBACK,
}

ATTRIBUTES: Final[dict[str, dict[str, tuple[str, Convert]]]] = {
    "Say": {
        "language": ("language", _text),
        "voice": ("voice", _text),
        "loop": ("loop", _whole(0, 1000)),
    },
    "Play": {"digits": ("digits", _tones), "loop": ("loop", _whole(0, 1000))},
    "Pause": {"length": ("length_s", _whole(0, 600))},
    "Gather": {
        "action": ("action", _text),
        "method": ("method", _method),
        "input": ("input", _input),
        "timeout": ("timeout_s", _gather_timeout),
        "finishOnKey": ("finish_on_key", _keys),
        "numDigits": ("num_digits", _whole(1, 1000)),
        "actionOnEmptyResult": ("action_on_empty_result", _truth),
    },
    "Record": {
        "action": ("action", _text),
        "method": ("method", _method),
        "timeout": ("timeout_s", _whole(0, 600)),
        "maxLength": ("max_length_s", _whole(1, 14_400)),
        "finishOnKey": ("finish_on_key", _keys),
        "playBeep": ("play_beep", _truth),
        "transcribeCallback": ("transcribe_callback", _text),
        "recordingStatusCallback": ("status_callback", _text),
        "recordingStatusCallbackMethod": ("status_callback_method", _method),
        "recordingStatusCallbackEvent": ("status_callback_events", _words),
    },
    "Dial": {
        "action": ("action", _text),
        "method": ("method", _method),
        "timeout": ("timeout_s", _whole(0, 600)),
        "timeLimit": ("time_limit_s", _whole(1, 86_400)),
        "callerId": ("caller_id", _text),
        "hangupOnStar": ("hangup_on_star", _truth),
        "sequential": ("sequential", _truth),
    },
    "Number": _PARTY,
    "Sip": _PARTY,
    "Client": _PARTY,
    "Conference": {
        "startConferenceOnEnter": ("start_on_enter", _truth),
        "endConferenceOnExit": ("end_on_exit", _truth),
        "muted": ("muted", _truth),
        "beep": ("beep", _one_of("true", "false", "onEnter", "onExit")),
        "waitUrl": ("wait_url", _text),
        "waitMethod": ("wait_method", _method),
        "maxParticipants": ("max_participants", _whole(2, 250)),
        "participantLabel": ("label", _text),
        "coach": ("coach", _text),
        **_CALLBACK,
    },
    "Queue": {"url": ("url", _text), "method": ("method", _method)},
    "Enqueue": {
        "action": ("action", _text),
        "method": ("method", _method),
        "waitUrl": ("wait_url", _text),
        "waitUrlMethod": ("wait_method", _method),
    },
    "Redirect": {"method": ("method", _method)},
    "Reject": {"reason": ("reason", _one_of("rejected", "busy"))},
}

_RECORDED: Final = frozenset(
    {
        "record",
        "trim",
        "recordingStatusCallback",
        "recordingStatusCallbackMethod",
        "recordingStatusCallbackEvent",
        "recordingTrack",
    }
)

SILENT: Final[dict[str, frozenset[str]]] = {
    "Gather": frozenset(
        {
            "language",
            "hints",
            "speechTimeout",
            "speechModel",
            "enhanced",
            "profanityFilter",
            "bargeIn",
            "debug",
            "partialResultCallback",
            "partialResultCallbackMethod",
            "maxSpeechTime",
        }
    ),
    "Record": frozenset({"trim", "transcribe", "recordingTrack"}),
    "Dial": _RECORDED | {"answerOnBridge", "ringTone", "referUrl", "referMethod", "events"},
    "Number": frozenset({"sendDigits", "byoc", "machineDetection"}),
    "Sip": frozenset({"username", "password"}),
    "Client": frozenset(),
    "Conference": _RECORDED | {"region", "jitterBufferSize", "eventCallbackUrl"},
    "Enqueue": frozenset({"workflowSid", "maxQueueSize"}),
}
