"""Residents' numbers by reference, from a dict."""

from __future__ import annotations


class FakeContacts:
    def __init__(self, numbers: dict[str, str] | None = None) -> None:
        self.numbers = dict(numbers or {})

    async def number_of(self, ref: str) -> str | None:
        return self.numbers.get(ref)
