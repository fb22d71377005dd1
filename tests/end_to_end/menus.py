"""Callers who press what the town's menus ask for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from channels.voice.practice.call import Call, CallEnded
from channels.voice.practice.ledger import Entry, Heard, Ledger

LANGUAGE, SUBJECT = "For service in English", "For parking, noise or another"  # begin the menus
AGAIN_S: Final = 0.02


class Ears:
    """What each caller has heard, pauses left out, without looking through the whole ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._heard: dict[str, list[str]] = defaultdict(list)
        ledger.listen(self._note)

    def of(self, call: Call) -> list[str]:
        """Return what was said to that caller."""
        return self._heard[call.sid]

    def _note(self, entry: Entry) -> None:
        if isinstance(entry, Heard) and entry.kind != "pause":
            self._heard[entry.call_sid].append(entry.text)


async def answer_menus(
    call: Call, ears: Ears, subject: str, is_over: Callable[[], bool] = lambda: False
) -> None:
    """Press what each menu asks for, however often it asks; return when the call is over.

    `is_over`: whether the caller presses nothing more; whoever changes that nudges the call.
    """
    pressed = 0
    try:
        while not is_over():
            await call.until(
                lambda: (
                    (call.expects == "digits" and call.prompted and call.place == "") or is_over()
                )
            )
            heard = ears.of(call)
            if len(heard) == pressed or not heard:
                await asyncio.sleep(AGAIN_S)
                continue
            pressed = len(heard)
            if SUBJECT in heard[-1]:
                call.press(subject)
            elif any(LANGUAGE in text for text in heard[-2:]):
                call.press("1")
    except CallEnded:
        return
