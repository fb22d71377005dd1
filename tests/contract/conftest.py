"""Every journal of the contract, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.disks import DISKS, Disk, RedisDisk
from tests.fakes import redis_server


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    if redis_server.PROGRAM is None:
        yield
        return
    with redis_server.redis_server(*redis_server.DURABLE) as running:
        RedisDisk.url = running.url
        yield


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest, tmp_path: Path, server: None) -> Disk:
    return DISKS[request.param](tmp_path)
