"""A town that keeps its journal for a day only: a week later the old is gone and all goes on."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.process import Daemon, a_day, reached
from tests.end_to_end.rig import Forms
from tests.fakes.redis_server import DURABLE, PROGRAM, redis_server

NAME = "TOWNLINE_JOURNAL_KEEP_DAYS"


def at(day: date) -> tuple[str, str]:
    return "--at", f"{day}T10:00"


def read_by_history(daemon: Daemon) -> int:
    with closing(sqlite3.connect(daemon.data / "history.sqlite")) as history:
        try:
            [(position,)] = history.execute("SELECT position FROM feed")
        except sqlite3.OperationalError:  # it has no tables yet
            return 0
    return int(position)


async def fails(daemon: Daemon, *words: str) -> str:
    """Run a command that must fail; return what it prints."""
    with pytest.raises(AssertionError) as caught:
        await daemon.cli(*words)
    return " ".join(re.sub(r"[│╭╰─]", " ", str(caught.value)).split())


@pytest.mark.skipif(PROGRAM is None, reason="redis-server is missing (apt package redis-server)")
async def test_a_week_later_the_first_day_is_gone_and_the_town_goes_on(tmp_path: Path) -> None:
    first_day = a_day(1, 2, 3)
    later = first_day + timedelta(7)
    with redis_server(*DURABLE) as redis:
        daemon = Daemon(tmp_path, TOWNLINE_JOURNAL=redis.url)
        try:
            await daemon.start(*at(first_day))
            forms = Forms(daemon)
            early = await forms.send("early")
            for number in range(5):
                await forms.send(str(number))
            await reached("history has read", lambda: read_by_history(daemon) > 0)
            await daemon.stop()
            daemon.environment[NAME] = "1"
            await daemon.start(*at(later))
            late = await forms.send("late")
            await reached("it is shortened", lambda: bool(daemon.logged("journal_shortened")))
            await daemon.kill()  # nothing but the journal is left
            await daemon.start()
            assert not daemon.logged("history_has_gap")
            again = await forms.send("late")
            assert (again.reference, again.repeated) == (late.reference, True)
            assert f"kept from {first_day}" in await daemon.cli("status")
            story = await daemon.cli("explain", early.reference)
            assert "what happened until then is kept no longer" in story
            assert "received by webform" in await daemon.cli("explain", late.reference)
            whole = first_day + timedelta(1)
            refused = await fails(daemon, "report", "service-level", "--day", str(first_day))
            assert f"kept from {whole} on" in refused
            await daemon.cli("report", "service-level", "--day", str(later))
            await daemon.cli("backup", str(tmp_path / "town.zip"))
            await daemon.stop()
            moved = f"sqlite:{tmp_path}/moved.sqlite"
            await daemon.cli("migrate-journal", redis.url, moved)
            daemon.environment["TOWNLINE_JOURNAL"] = moved
            await daemon.start()
            again = await forms.send("late")
            assert (again.reference, again.repeated) == (late.reference, True)
            await daemon.stop()
        finally:
            await asyncio.to_thread(daemon.give_up)
            await daemon.http.aclose()
