"""The compiled rules of a surge; part of `router.core.policy.Policy`."""

from __future__ import annotations

import msgspec

from router.core.model import QueueId, Span


class SurgeRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """What holds while far more people turn to the town than it can answer.

    Callers and chats for every other queue than `first` meet its fallback for `surge`, if it names
    one: pointed elsewhere, offered a callback, or let wait after all.
    """

    text: dict[str, str]  # every caller hears it first; language code -> text
    first: tuple[QueueId, ...]  # queues that go before all others
    head_start: Span  # of what comes to them
    lasts_max: Span  # nobody may switch it on for longer
    begins_at: int = 0  # so many callers and chats wait in all: it begins by itself; 0 = never
    lasts: Span = 0  # then for so long
    written: dict[str, str] = {}  # for those who read instead of `text`; {} = the same
