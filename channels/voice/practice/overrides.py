"""Connection overrides: what a webhook address may say behind "#" about retries and time limits.

`https://town.example.org/voice#rc=3&rp=ct,5xx&rt=8000` asks for three retries after a refused
connection or a server error, and for an answer within 8 s. Source: Twilio's page on connection
overrides; `rc` 0 to 5 (1), `rp` any of ct, rt, 4xx, 5xx, all (ct), `ct`, `rt` and `tt` in
milliseconds (5000, 15000, 15000). What cannot be read counts as not said.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

POLICIES: Final = frozenset({"ct", "rt", "4xx", "5xx"})


class Overrides(msgspec.Struct, frozen=True):
    """How patient the carrier is with one address."""

    retries: int = 1
    after: frozenset[str] = frozenset({"ct"})  # ct = refused, rt = too late, 4xx, 5xx
    answer_s: float = 15
    total_s: float = 15


def overrides_of(url: str) -> Overrides:
    """Return what the address says, with the carrier's defaults for the rest."""
    said = {key: values[-1] for key, values in parse_qs(urlsplit(url).fragment).items()}
    words = frozenset(said.get("rp", "ct").split(","))
    return Overrides(
        retries=_whole(said, "rc", 0, 5, 1),
        after=POLICIES if "all" in words else words & POLICIES,
        answer_s=_whole(said, "rt", 100, 15_000, 15_000) / 1000,
        total_s=_whole(said, "tt", 100, 15_000, 15_000) / 1000,
    )


def _whole(said: dict[str, str], key: str, least: int, most: int, default: int) -> int:
    raw = said.get(key, "")
    return int(raw) if raw.isdecimal() and least <= int(raw) <= most else default
