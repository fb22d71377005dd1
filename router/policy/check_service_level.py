"""Checks that giving up at once is shorter than what a queue promises, on each channel."""

from __future__ import annotations

from router.core.model import SECOND, Channel
from router.policy.compile_service_level import promises
from router.policy.documents import Document
from router.policy.models_queues import QueuesFile

_UNDER = {Channel.VOICE: (), Channel.CHAT: ("chat",)}


def check_service_levels(document: Document, queues: QueuesFile) -> None:
    """Complain about queues in which somebody could give up late and yet at once."""
    for name, queue in queues.queues.items():
        for channel, promise in promises(
            queue.service_level, queues.defaults.service_level
        ).items():
            if channel not in _UNDER or promise.short < promise.within:
                continue
            short, within = promise.short // SECOND, promise.within // SECOND
            document.complain(
                ("queues", name, "service_level", *_UNDER[channel], "short_abandon_s"),
                f"who gives up within {short} s would have given up at once, although"
                f" answer_within_s is {within}; write less than {within}, here or in `defaults`",
            )
