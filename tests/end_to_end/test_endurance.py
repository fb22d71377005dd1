"""A whole town of real programs endures faults, and everything is accounted for afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endurance.run import endure
from tests.endurance.scale import Scale
from tests.fakes.mail_servers import missing
from tests.fakes.postgres_server import PROGRAMS
from tests.fakes.redis_server import PROGRAM

NO_DOVECOT = missing("dovecot", "openssl", "setpriv")

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed"),
    pytest.mark.skipif(PROGRAMS is None, reason="postgres is not installed"),
    pytest.mark.skipif(bool(NO_DOVECOT), reason=NO_DOVECOT),
]
SMALL = Scale(
    minutes=0.5,
    calls=40,
    chats=30,
    agents=20,
    mails=4,
    boxes=2,
    talks_s=2.0,
    words_s=4.0,
    rests_s=0.2,
    full=0.5,  # agents that talk two seconds leave little of a line on a quick machine
)


async def test_every_fault_once(tmp_path: Path) -> None:
    result = await endure(tmp_path, SMALL, print)
    print(result)
    assert result.findings == []


@pytest.mark.full
async def test_faults_for_twenty_minutes(tmp_path: Path) -> None:
    result = await endure(tmp_path, Scale(), print)
    print(result)
    assert result.findings == []
