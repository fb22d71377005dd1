"""The far side of the mailbox's doors: a ledger that knows a mail by its content."""

from __future__ import annotations

import asyncio
from collections import Counter
from hashlib import sha256

from channels.mail.intake import Answer, Envelope


class Ledger:
    """Takes everything, or answers as it is told to; notes what it was handed."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}  # by content, in order of arrival
        self.handed: Counter[str] = Counter()
        self.envelopes: list[Envelope] = []
        self.answers: list[Answer | Exception] = []  # the next ones; then TAKEN
        self.gate: asyncio.Event | None = None  # waits for it when there is one
        self.waiting = 0  # at the gate
        self.arrived = asyncio.Event()

    async def __call__(self, raw: bytes, envelope: Envelope) -> Answer:
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
            self.waiting -= 1
        key = sha256(raw).hexdigest()
        self.handed[key] += 1
        self.envelopes.append(envelope)
        self.arrived.set()
        answer = self.answers.pop(0) if self.answers else Answer.TAKEN
        if isinstance(answer, Exception):
            raise answer
        if answer is Answer.TAKEN:
            self.taken.setdefault(key, raw)
        return answer

    async def has(self, count: int, limit_s: float = 60.0) -> None:
        """Return once that many different mails were taken."""
        async with asyncio.timeout(limit_s):
            while len(self.taken) < count:
                self.arrived.clear()
                await self.arrived.wait()
