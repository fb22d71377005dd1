"""Skills for today in a real browser: a supervisor changes them, the agent's desk says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, expect

from router.core.model import AgentId, ItemId, ItemState
from router.core.policy import Policy
from tests.core.test_skills_today import MIDNIGHT, trained
from tests.core.town import town
from tests.desk.house import House
from tests.wallboard.conftest import OpenWall, look
from tests.wallboard.test_wallboard_page import audit

BORIS = AgentId("boris")


@pytest.fixture
def policy() -> Policy:
    """Boris has learned nothing that anybody asks for."""
    return trained(town(), BORIS, english=9)


async def test_a_skill_is_added_for_today_seen_by_both_and_taken_back(
    hall: House, wall: OpenWall, contexts: Callable[..., Awaitable[BrowserContext]], axe: str
) -> None:
    desk = await (await contexts("boris")).new_page()
    await desk.goto(f"{hall.url}/desk/")
    await desk.get_by_role("button", name="Status:").click()
    await desk.get_by_role("button", name="Available", exact=True).click()
    page = await wall()
    await look(hall)
    await hall.form("F1")  # roads: nobody there has learned it
    held = hall.engine.state.items[ItemId("F1")]
    assert held.state is ItemState.QUEUED, held
    await page.get_by_role("button", name="Skills for today: Boris").click()
    dialog = page.locator("dialog")
    await dialog.get_by_label("roads").select_option("6")
    await dialog.get_by_label("french").select_option("3")
    await page.evaluate(axe)
    found = await page.evaluate("axe.run(document)")
    assert [one["id"] for one in found["violations"]] == []
    await dialog.get_by_label("Reason").fill("fair at the arena")
    await dialog.get_by_role("button", name="Let it hold").click()
    await expect(dialog).to_have_count(0)
    row = hall.engine.state.skills[BORIS]
    assert (dict(row.levels), row.until) == ({"roads": 6, "french": 3}, MIDNIGHT)
    assert ("sam", "skills-set", "boris: french 3, roads 6") in await audit(hall)
    await expect(desk.get_by_role("region", name="Offered to you")).to_be_visible()
    told = desk.get_by_role("region", name="Skills for today")
    await expect(told).to_contain_text("+french 3, +roads 6")
    await expect(told).to_contain_text("fair at the arena · by sam")
    await look(hall)
    await expect(page.locator(".agent", has_text="Boris")).to_contain_text("other skills today")

    await page.get_by_role("button", name="Skills for today: Boris").click()
    await expect(dialog.get_by_label("roads")).to_have_value("6")
    await dialog.get_by_role("button", name="As written again").click()
    await expect(dialog).to_have_count(0)
    assert not hall.engine.state.skills
    await expect(told).to_have_count(0)
    await look(hall)
    await expect(page.locator(".agent", has_text="Boris")).not_to_contain_text("other skills")


async def test_somebody_who_is_not_signed_in_is_found_by_name(hall: House, wall: OpenWall) -> None:
    page = await wall()
    await look(hall)
    absent = page.get_by_role("region", name="Not signed in")
    await expect(absent).to_have_count(0)
    await page.get_by_label("Find an agent").fill("bor")
    await absent.get_by_role("button", name="Skills for today: Boris").click()
    dialog = page.locator("dialog")
    await expect(dialog).to_contain_text("Skills for today: Boris")
    await dialog.get_by_label("roads").select_option("6")
    await dialog.get_by_label("Reason").fill("comes at noon")
    await dialog.get_by_role("button", name="Let it hold").click()
    await expect(dialog).to_have_count(0)
    assert dict(hall.engine.state.skills[BORIS].levels) == {"roads": 6}
    await expect(absent).to_contain_text("other skills today")
