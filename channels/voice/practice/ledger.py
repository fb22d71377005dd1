"""What happened on the practice line, seen from outside the town: its own independent record.

Crash tests believe this, not the town's journal: which webhooks were sent, which answers came back,
what each person heard. Entries are only ever added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec


class Heard(msgspec.Struct, frozen=True):
    """Something a person heard: kind is say, play, pause, tones, beep, music or error."""

    at: int  # nanoseconds UTC, when it began
    call_sid: str
    kind: str
    text: str
    language: str = ""


class Sent(msgspec.Struct, frozen=True):
    """One webhook request and what came back."""

    at: int  # nanoseconds UTC, when it was sent
    call_sid: str
    purpose: str  # voice, gather, wait, status, conference ... (see `webhooks.Purpose`)
    method: str
    url: str
    params: tuple[tuple[str, str], ...]
    token: str  # I-Twilio-Idempotency-Token: the same for every repeat of one webhook
    status: int | None = None  # None = no answer: refused, cut off, too late, or dropped on purpose
    body: str = ""
    error: str = ""  # why there was no answer

    @property
    def acknowledged(self) -> bool:
        """Whether the town said that it has it."""
        return self.status is not None and 200 <= self.status < 300

    def param(self, name: str) -> str:
        """Return the first value of that parameter, "" when it was not sent."""
        return next((value for key, value in self.params if key == name), "")


class Trouble(msgspec.Struct, frozen=True):
    """What the carrier would put into its debugger: an error (or warning) with its number."""

    at: int
    call_sid: str
    code: int  # 0 = the practice line does not offer this
    text: str
    warning: bool = False


class Moved(msgspec.Struct, frozen=True):
    """A call's status or place changed: ringing, in-progress, queued, talking, completed ..."""

    at: int
    call_sid: str
    what: str


Entry = Heard | Sent | Trouble | Moved


class Ledger:
    """All entries in the order they happened."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._listeners: list[Callable[[Entry], None]] = []

    def add(self, entry: Entry) -> None:
        """Write it down and tell the listeners."""
        self.entries.append(entry)
        for listener in self._listeners:
            listener(entry)

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Have every later entry passed to `listener`, which must be quick and not raise."""
        self._listeners.append(listener)

    def heard(self, call_sid: str) -> list[str]:
        """Return the words and sounds that person heard, in order, pauses left out."""
        return [
            entry.text
            for entry in self.entries
            if isinstance(entry, Heard) and entry.call_sid == call_sid and entry.kind != "pause"
        ]

    def prompts(self, call_sid: str) -> list[Heard]:
        """Return everything that person heard, with language and instant."""
        return [e for e in self.entries if isinstance(e, Heard) and e.call_sid == call_sid]

    def sent(self, purpose: str | None = None, *, call_sid: str | None = None) -> list[Sent]:
        """Return the webhooks, of one purpose or call or all, in the order they were answered."""
        return [
            entry
            for entry in self.entries
            if isinstance(entry, Sent)
            and purpose in (None, entry.purpose)
            and call_sid in (None, entry.call_sid)
        ]

    def troubles(self, call_sid: str | None = None) -> list[Trouble]:
        """Return errors and warnings, of one call or all."""
        return [
            entry
            for entry in self.entries
            if isinstance(entry, Trouble) and call_sid in (None, entry.call_sid)
        ]

    def acknowledged(self) -> Mapping[str, list[Sent]]:
        """Return per call sid the webhooks that the town acknowledged."""
        calls: dict[str, list[Sent]] = {}
        for entry in self.sent():
            if entry.acknowledged:
                calls.setdefault(entry.call_sid, []).append(entry)
        return calls
