"""Names, reasons and residents' words on the wallboard are text, whatever stands in them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from playwright.async_api import expect

from router.core.commands import SetEmergency
from router.core.model import MINUTE
from router.core.policy import Policy
from tests.core.text_town import writing_town
from tests.desk.house import House
from tests.wallboard.conftest import OpenWall, look

HOSTILE = (
    "<img src=x onerror=\"alert('1')\">",
    "<script>alert(2)</script>",
    '"><svg onload=alert(3)>',
    "{@html '<img src=x onerror=alert(4)>'}",
    "javascript:alert(5)",
    "</textarea><iframe srcdoc='<script>parent.alert(6)</script>'>",
)


@pytest.fixture
def policy() -> Policy:
    """Return a town whose own names are hostile."""
    policy, names = writing_town(), iter(HOSTILE * 9)
    agents = {k: replace(a, name=next(names)) for k, a in policy.agents.items()}
    queues = {
        k: replace(q, name={"en": next(names), "fr": next(names)}) for k, q in policy.queues.items()
    }
    subjects = {k: {"en": next(names)} for k in policy.subjects}
    return replace(policy, agents=agents, queues=queues, subjects=subjects)


async def test_no_name_reason_or_word_is_ever_run(hall: House, wall: OpenWall) -> None:
    """What the browser reports, dialogs included, fails the test through its fixtures."""
    page = await wall()
    for number, text in enumerate(HOSTILE):
        await hall.form(f"F{number}", where=text, what=text)
        await hall.mail(f"M{number}", text, sender=f"s{number}")
    until = hall.clock.now() + 60 * MINUTE
    command = SetEmergency(hours="office", closed=False, until=until, reason=HOSTILE[0], by="sam")
    await hall.inbox.submit(command, lambda _: None)
    async with hall.desk("amina"):
        await look(hall)
        await expect(page.locator(".banners")).to_contain_text(HOSTILE[0])
        await expect(page.locator(".side")).to_contain_text("onerror")
        for index in range(await page.locator("tbody button").count()):
            await page.locator("tbody button").nth(index).click()
            waiting = page.locator(".side li button")
            for place in range(min(4, await waiting.count())):
                await waiting.nth(place).click()
                await page.locator(".side .read button").click()
                await page.locator("#said").wait_for()
                await page.locator(".side header button").click()
        await page.locator(".tabs button").last.click()
        await expect(page.locator(".wall")).to_contain_text("script")
    assert await page.locator("img, iframe, main script").count() == 0
