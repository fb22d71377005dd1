"""The verbs of TwiML that the practice line plays, as plain immutable data.

Every URL is absolute once a document was read; "" means "none" where a verb allows that.
Seconds are whole, as the carrier takes them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

DEFAULT_MUSIC: Final = "carrier:music"
"""What plays where a document names no waitUrl or holdUrl: the carrier's own music."""


class Say(msgspec.Struct, frozen=True):
    """Speak the text `loop` times; 0 means until something ends it."""

    text: str
    language: str = "en-US"
    voice: str = ""
    loop: int = 1


class Play(msgspec.Struct, frozen=True):
    """Play a sound, or tones when `digits` are given ("w" is half a second of silence)."""

    url: str = ""
    digits: str = ""
    loop: int = 1


class Pause(msgspec.Struct, frozen=True):
    """Silence."""

    length_s: int = 1


Prompt = Say | Play | Pause


class Gather(msgspec.Struct, frozen=True):
    """Collect digits or speech while and after the prompts play."""

    action: str
    method: str = "POST"
    input: frozenset[str] = frozenset({"dtmf"})
    timeout_s: int = 5  # silence after the prompts, and between two digits
    finish_on_key: str = "#"  # "" = no key ends it
    num_digits: int | None = None  # None = any number
    action_on_empty_result: bool = False
    prompts: tuple[Prompt, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """Record the caller; silence from the start is no recording and the next verb follows."""

    action: str
    method: str = "POST"
    timeout_s: int = 5
    max_length_s: int = 3600
    finish_on_key: str = "1234567890*#"
    play_beep: bool = True
    status_callback: str = ""
    status_callback_method: str = "POST"
    status_callback_events: frozenset[str] = frozenset({"completed"})
    transcribe_callback: str = ""


class Party(msgspec.Struct, frozen=True):
    """One telephone to ring: a number, a SIP address or a client name, told by `address`."""

    address: str  # "+19055550101", "sip:ann@example.org", "client:ann"
    url: str = ""  # played to whoever answers, before the two are joined
    method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    status_callback_events: frozenset[str] = frozenset({"completed"})


class Room(msgspec.Struct, frozen=True):
    """A place in a conference."""

    name: str
    start_on_enter: bool = True
    end_on_exit: bool = False
    muted: bool = False
    beep: str = "true"
    wait_url: str = DEFAULT_MUSIC  # "" = silence
    wait_method: str = "POST"
    max_participants: int = 250
    label: str = ""
    coach: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    status_callback_events: frozenset[str] = frozenset({"start", "end"})


class Line(msgspec.Struct, frozen=True):
    """The head of a queue; `url` is played to that caller before the two are joined."""

    name: str
    url: str = ""
    method: str = "POST"


class Dial(msgspec.Struct, frozen=True):
    """Join the caller with one of the parties, a conference or the head of a queue."""

    target: tuple[Party, ...] | Room | Line
    action: str = ""  # "" = the next verb follows
    method: str = "POST"
    timeout_s: int = 30
    time_limit_s: int = 14_400
    caller_id: str = ""
    hangup_on_star: bool = False
    sequential: bool = False


class Enqueue(msgspec.Struct, frozen=True):
    """Wait in a queue, hearing what `wait_url` says over and over."""

    name: str
    action: str = ""  # "" = the next verb follows
    method: str = "POST"
    wait_url: str = DEFAULT_MUSIC  # "" = silence
    wait_method: str = "POST"


class Leave(msgspec.Struct, frozen=True):
    """Leave the queue; only in a document of a waitUrl."""


class Redirect(msgspec.Struct, frozen=True):
    """Go on with another document; nothing after it is played."""

    url: str
    method: str = "POST"


class Reject(msgspec.Struct, frozen=True):
    """Refuse the call without answering it."""

    reason: str = "rejected"  # rejected | busy


class Hangup(msgspec.Struct, frozen=True):
    """End the call."""


Verb = Say | Play | Pause | Gather | Record | Dial | Enqueue | Leave | Redirect | Reject | Hangup


class Place(StrEnum):
    """Where a document plays; it decides which verbs it may hold."""

    CALL = "a call"
    WAIT = "an Enqueue waitUrl"
    CONFERENCE = "a Conference waitUrl, holdUrl or announceUrl"
    WHISPER = "the url of a dialled party"
    DEQUEUE = "the url of a Queue"


ALLOWED: Final[dict[Place, frozenset[type]]] = {
    Place.CALL: frozenset(
        {Say, Play, Pause, Gather, Record, Dial, Enqueue, Redirect, Reject, Hangup}
    ),
    Place.WAIT: frozenset({Say, Play, Pause, Gather, Redirect, Leave, Hangup}),
    Place.CONFERENCE: frozenset({Say, Play, Pause, Redirect}),
    Place.WHISPER: frozenset({Say, Play, Pause, Gather, Redirect, Hangup}),
    Place.DEQUEUE: frozenset({Say, Play, Pause, Redirect}),
}
"""Source: Twilio's pages on Enqueue, Conference (error 13238), Number and Queue."""
