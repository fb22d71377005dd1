"""Drafts: kept per item and agent, forgotten when sent, when the item has ended, when old."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from router.core.model import DAY
from router.history.database import Database
from router.history.drafts import KEPT, Drafts
from router.runtime.clock import VirtualClock

from .written_past import Past


@pytest.fixture
def drafts(database: Database, clock: VirtualClock) -> Drafts:
    return Drafts(database, clock)


async def test_each_agent_finds_their_own_last_draft(drafts: Drafts) -> None:
    assert await drafts.find("A", "ann") == ""
    await drafts.save("A", "ann", "Dear")
    await drafts.save("A", "ann", "Dear Sam,\n\0thanks")
    await drafts.save("A", "bob", "Hello")
    assert await drafts.find("A", "ann") == "Dear Sam,\nthanks"
    assert await drafts.find("A", "bob") == "Hello"
    assert await drafts.find("B", "ann") == ""


async def test_an_empty_draft_is_forgotten(drafts: Drafts) -> None:
    await drafts.save("A", "ann", "Dear")
    await drafts.save("A", "ann", "")
    await drafts.save("A", "ann", "")
    assert await drafts.find("A", "ann") == ""


async def test_drafts_are_swept_when_old_or_when_their_item_has_ended(
    past: Past, drafts: Drafts
) -> None:
    desk = past.desk
    desk.sign_in("amina")
    await past.mail("DONE")
    await past.mail("OPEN")
    item = desk.answer("amina")
    other = "OPEN" if item == "DONE" else "DONE"
    for each in (item, other, "UNKNOWN"):
        await drafts.save(each, "amina", f"about {each}")
    desk.reply(item, "amina", then="close", code="answered")
    desk.wait(DAY)
    await past.feed()
    with capture_logs() as logs:
        await drafts()
        await drafts()
    assert await drafts.find(item, "amina") == ""
    assert await drafts.find(other, "amina") == f"about {other}"
    assert await drafts.find("UNKNOWN", "amina") == "about UNKNOWN"
    assert [(log["event"], log["count"]) for log in logs] == [("history_drafts_swept", 1)]
    await past.clock.advance_to(past.clock.now() + KEPT + 1)
    await drafts()
    assert await drafts.find(other, "amina") == ""
