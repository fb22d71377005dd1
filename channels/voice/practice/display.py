"""What the phone in the terminal shows: one plain line for everything heard or happening."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from channels.voice.practice.call import Call
from channels.voice.practice.ledger import Entry, Heard, Ledger, Moved, Sent, Trouble

STATES: Final[dict[str, str]] = {
    "ringing": "it rings",
    "in-progress": "answered",
    "queue": "waiting in the queue",
    "conference": "in a conference",
    "talking": "talking",
    "flow": "back in the call flow",
    "completed": "the call has ended",
    "busy": "busy",
    "failed": "the call failed",
    "no-answer": "no answer",
    "canceled": "the call was taken back",
}
SIGNS: Final[dict[str, str]] = {
    "say": "",
    "play": "sound ",
    "tones": "tones ",
    "beep": "(",
    "error": "carrier: ",
}


class Display:
    """Prints the ledger as it grows, the caller's own leg in full and the others in short."""

    def __init__(self, console: Console, calls: dict[str, Call], own_number: str) -> None:
        self._console = console
        self._calls = calls
        self._own_number = own_number
        self._music: dict[str, str] = {}  # what plays over and over, to be shown once

    def follow(self, ledger: Ledger) -> None:
        """Print everything the ledger gets from now on."""
        ledger.listen(self.show)

    def note(self, text: str, style: str = "dim") -> None:
        """Print a line of the phone's own."""
        self._console.print(Text(f"  {text}", style=style))

    def show(self, entry: Entry) -> None:
        """Print one entry, if there is something to see in it."""
        if isinstance(entry, Heard):
            self._heard(entry)
        elif isinstance(entry, Moved):
            self._moved(entry)
        elif isinstance(entry, Trouble):
            self._trouble(entry)

    def _heard(self, entry: Heard) -> None:
        if entry.kind == "pause":
            return
        if entry.kind in ("play", "music"):
            if self._music.get(entry.call_sid) == entry.text:
                return
            self._music[entry.call_sid] = entry.text
        if entry.kind == "music":
            self._print(entry.call_sid, "music", style="dim")
        elif entry.kind == "beep":
            self._print(entry.call_sid, "beep!", style="yellow")
        elif entry.kind == "say":
            self._print(entry.call_sid, f"[{entry.language}] {entry.text}", style="bold")
        else:
            self._print(entry.call_sid, SIGNS.get(entry.kind, "") + entry.text, style="cyan")

    def _moved(self, entry: Moved) -> None:
        call = self._calls.get(entry.call_sid)
        state = STATES.get(entry.what, entry.what)
        if call is not None and call.over and call.duration_s:
            state += f" after {call.duration_s} s"
        self._music.pop(entry.call_sid, None)
        self._print(entry.call_sid, f"- {state}", style="green")

    def _trouble(self, entry: Trouble) -> None:
        kind, style = ("warning", "yellow") if entry.warning else ("error", "red")
        self._print(entry.call_sid, f"{kind} {entry.code}: {entry.text}", style=style)

    def _print(self, call_sid: str, text: str, style: str) -> None:
        call = self._calls.get(call_sid)
        if call is None or call.direction == "inbound" or call.to == self._own_number:
            self._console.print(Text(f"  {text}", style=style))
        else:
            self._console.print(Text(f"      {call.to}: {text}", style="dim"))


def was_refused(ledger: Ledger) -> bool:
    """Return whether the town could not be reached at all."""
    sent: list[Sent] = ledger.sent()
    return bool(sent) and all(entry.status is None for entry in sent)
