"""How the daemon is told to stop or to read its policy again: signals, turned into events."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)


@contextmanager
def signals(stop: asyncio.Event, reload: asyncio.Event) -> Iterator[None]:
    """Within it SIGTERM and SIGINT set `stop`, SIGHUP sets `reload`."""
    loop = asyncio.get_running_loop()

    def told(event: asyncio.Event, name: str) -> Callable[[], None]:
        def set_event() -> None:
            log.info("signal_received", signal=name)
            event.set()

        return set_event

    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    for number, event in wanted.items():
        loop.add_signal_handler(number, told(event, number.name))
    try:
        yield
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)
