"""An interpreter is brought into a call with one key."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from playwright.async_api import expect

from router.core import commands as c
from router.core.model import LegResult
from router.core.policy import Policy
from router.desk.pictures import item_view
from tests.core.town import town
from tests.desk.house import House
from tests.desk_page.conftest import OpenDesk


@pytest.fixture
def policy() -> Policy:
    base = town()
    officer = replace(base.contacts["officer"], name="Interpreter line", interprets=True)
    return replace(base, contacts=base.contacts | {"officer": officer})


async def test_alt_i_rings_the_interpreter_while_the_resident_stays(
    hall: House, desk: OpenDesk
) -> None:
    page = await desk()
    await page.get_by_role("button", name=re.compile("^Status")).click()
    await page.get_by_role("button", name="Available").click()
    item = await hall.call("C1", "1", "2")
    await page.get_by_role("region", name="Offered to you").wait_for()
    await page.keyboard.press("Alt+a")
    interpreter = page.get_by_role("button", name="Interpreter")
    await expect(page.get_by_role("button", name="Ask somebody")).to_be_visible()
    await expect(interpreter).to_have_count(0)  # nobody is on the line yet
    await hall.pick_up(item, "amina")
    await expect(interpreter).to_be_visible()
    await page.keyboard.press("Alt+i")
    await expect(page.locator(".consult")).to_contain_text("Interpreter line is being rung")
    await expect(interpreter).to_have_count(0)  # one at a time is asked
    consult = item_view(hall.engine.state, hall.engine.state.items[item]).consult
    assert consult is not None
    assert consult.to == "contact:officer"
    await hall.inbox.submit(c.ReportLeg(item, "third", "T", LegResult.BUSY), lambda _: None)
    await expect(page.locator(".consult")).to_contain_text("could not be reached: busy")
    await expect(interpreter).to_be_visible()
