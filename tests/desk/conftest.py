"""A town with three agents, a supervisor and an administrator, served on a free port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.desk.house import House, house


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def town_hall(tmp_path: Path) -> AsyncIterator[House]:
    """With a real web server, for WebSockets."""
    async with house(tmp_path) as made:
        yield made


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[House]:
    """Without a network, for HTTP."""
    async with house(tmp_path, serve=False) as made:
        yield made
