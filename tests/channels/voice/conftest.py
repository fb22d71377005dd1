"""Logs are captured, not printed."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.channels.voice.line import Line

Entries = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def logs() -> Iterator[Entries]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def line() -> Line:
    return Line()
