"""What the town says in front of everything at this moment, for those who read instead of listen.

The surge that somebody has switched on, messages by hand, front messages of the policy: those that
are not for some called numbers alone. Only looks; telephones have `surge.heard_first`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.core.model import Instant
from router.core.state import State
from router.core.state_town import SURGE


class Announced(msgspec.Struct, frozen=True):
    """One message, and when it ends."""

    text: dict[str, str]  # language code -> text; messages by hand may lack languages
    until: Instant


def announced(s: State, now: Instant) -> tuple[Announced, ...]:
    """Return the messages that hold now, in the order in which callers hear them."""
    return tuple(_holding(s, now))


def _holding(s: State, now: Instant) -> Iterator[Announced]:
    rule, surge = s.policy.surge, s.surges.get(SURGE)
    if rule is not None and surge is not None and (rule.written or rule.text):
        yield Announced(rule.written or rule.text, surge.until)
    for row in s.notices.values():
        if row.since <= now < row.until and not row.numbers:
            yield Announced(dict(row.text), row.until)
    for message in s.policy.front_messages:
        if message.from_instant <= now < message.until and not message.numbers:
            yield Announced(message.text, message.until)
