"""What a person on a telephone leg shall hear, and what happens then: carrier-free.

`router.core.flows.presentation` derives a script from the state; a voice channel turns it into the
carrier's language. Deriving it twice gives the same script, which is why answers to webhooks are
never stored.
"""

from __future__ import annotations

import msgspec

from router.core.model import ListenMode, Span


class Spoken(msgspec.Struct, frozen=True):
    """One prompt in one language."""

    text: str
    language: str  # language id of the policy
    audio: str = ""  # URL to play instead; the text is said when it cannot be played


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Listen for digits; the answer goes to flow step `step`."""

    step: int
    digits_max: int  # 0: any number of digits, ended by #
    timeout: Span


class Record(msgspec.Struct, frozen=True, tag=True):
    """Record the caller after a tone; the recording goes to flow step `step`."""

    step: int
    length_max: Span


class Dial(msgspec.Struct, frozen=True, tag=True):
    """Ring somebody outside and connect; the result goes to flow step `step`."""

    step: int
    number: str
    ring_timeout: Span
    caller_number: str
    accept: bool = False  # who picks up hears what it is about and must press a key


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Put the caller into the waiting room; announcements start at `turn`."""

    turn: int


class Listen(msgspec.Struct, frozen=True, tag=True):
    """One announcement of the waiting room: say, listen for one key, play music, ask again."""

    next_turn: int
    music: str  # URL; "" = silence
    pause: Span  # until the next announcement
    keys: str  # keys that mean something now, e.g. "1"; "" = none


class Leave(msgspec.Struct, frozen=True, tag=True):
    """Leave the waiting room; the flow goes on where the state says."""


class Room(msgspec.Struct, frozen=True, tag=True):
    """Talk: join the item's room."""

    room: str
    resident: bool  # the resident's leg: the room ends when it leaves
    third: bool = False  # a third party whom the agent asks
    listener: ListenMode | None = None  # a supervisor, and how they are in it
    coached: str = ""  # the leg that alone hears who whispers


class Confirm(msgspec.Struct, frozen=True, tag=True):
    """Ask whoever picked up to press a key before anybody is connected."""

    key: str
    leg: str = "agent"  # of whom it is asked: agent | third | listener | resident | on_call


class Accept(msgspec.Struct, frozen=True, tag=True):
    """Ask somebody on call who picked up to press a key before the caller is connected."""

    step: int
    key: str


class Join(msgspec.Struct, frozen=True, tag=True):
    """Say no more: the two are connected whom the carrier is about to connect."""


class End(msgspec.Struct, frozen=True, tag=True):
    """Hang up."""


Then = Ask | Record | Dial | Wait | Listen | Leave | Room | Confirm | Accept | Join | End


class Script(msgspec.Struct, frozen=True):
    """Prompts in order, then one thing."""

    spoken: tuple[Spoken, ...]
    then: Then
