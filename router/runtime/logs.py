"""Logs: one JSON object a line on standard error, or columns for eyes on a terminal.

Residents' data never leaves at INFO or above: keys that may carry it are emptied, and telephone
numbers and mail addresses are blotted out of every text, tracebacks and other libraries' messages
included. Secrets are emptied at DEBUG, too. This is a net under those who log; the rule is still
to log ids.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

PRIVATE_KEYS: Final = frozenset(
    {"from", "to", "caller", "called", "sender", "recipient", "name", "subject", "content", "words"}
)
PRIVATE_PARTS: Final = frozenset(  # of a key: `caller_number`, `mailAddress`
    {"number", "phone", "address", "email", "text", "body", "digits", "transcript", "contact"}
)
SECRET_PARTS: Final = frozenset(
    {"token", "password", "secret", "cookie", "authorization", "signature", "credentials"}
)
REMOVED: Final = "[removed]"

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=repr)
_PART: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_NUMBER: Final = re.compile(r"\+\d[\d ().-]{6,}\d")
_ADDRESS: Final = re.compile(r"[^\s@<>'\"]+@[^\s@<>'\"]+\.[^\s@<>'\"]+")

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]


class WhatCanBeWritten:
    """A stream whose failures stop nothing: a full disk or a closed pipe costs log lines only."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it if that is possible."""
        with suppress(OSError, ValueError):  # ValueError: closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure_logs(level: Level, style: Format, stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (standard error) from that level on.

    Other libraries speak from WARNING on (all of it at DEBUG): they cannot know what is private.
    """
    stream = sys.stderr if stream is None else stream
    written = cast("TextIO", WhatCanBeWritten(stream))
    is_console = stream.isatty() if style == "auto" else style == "console"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor]
    if is_console:
        ending = [
            structlog.processors.format_exc_info,
            remove_private,
            structlog.dev.ConsoleRenderer(colors=stream.isatty()),
        ]
    else:
        ending = [
            structlog.processors.format_exc_info,
            remove_private,
            structlog.processors.JSONRenderer(serializer=_as_json),
        ]
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(written),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(written)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    others = logging.getLogger()
    others.handlers[:] = [handler]
    others.setLevel(least if level == "debug" else max(least, logging.WARNING))


def remove_private(logger: object, method: str, event_dict: EventDict) -> EventDict:
    """Empty what may carry secrets, and above DEBUG what may carry residents' data."""
    is_open = event_dict.get("level") == "debug"
    return {key: _cleaned(key, value, is_open) for key, value in event_dict.items()}


def _cleaned(key: object, value: object, is_open: bool) -> object:
    if value is not None:
        is_secret, is_private = _kept_back(str(key))
        if is_secret or (is_private and not is_open):
            return REMOVED
    if isinstance(value, Mapping):
        return {inner: _cleaned(inner, each, is_open) for inner, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_cleaned("", each, is_open) for each in value]
    if is_open or isinstance(value, (bool, int, float)) or value is None:
        return value
    return _ADDRESS.sub(REMOVED, _NUMBER.sub(REMOVED, str(value)))


@lru_cache(maxsize=1024)  # of the keys that code writes; what a key is never changes
def _kept_back(key: str) -> tuple[bool, bool]:
    """Return whether what stands under the key may be secret, and whether private."""
    parts = {part.lower() for part in _PART.findall(key)}
    is_private = bool(parts & PRIVATE_PARTS) or key.strip("_").lower() in PRIVATE_KEYS
    return bool(parts & SECRET_PARTS), is_private


def _as_json(event_dict: EventDict, **_: object) -> str:
    return _ENCODER.encode(event_dict)
