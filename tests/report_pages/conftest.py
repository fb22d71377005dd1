"""A town with a morning behind it, and a browser in which somebody reads reports of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.desk.house import House
from tests.desk.test_reports_api import a_morning
from tests.wallboard.conftest import axe, browser, contexts, hall, policy, quiet_logs

__all__ = ["axe", "browser", "contexts", "hall", "policy", "quiet_logs"]

OpenReports = Callable[..., Awaitable[Page]]


@pytest.fixture
async def morning(hall: House) -> House:
    """Two callers, of whom one gave up, and a form."""
    await a_morning(hall)
    await hall.form("F1")
    await hall.feed_reports()
    return hall


@pytest.fixture
def reports(contexts: Callable[..., Awaitable[BrowserContext]], hall: House) -> OpenReports:
    """Return a function that opens the reports of somebody, in a browser of their own."""

    async def open_reports(search: str = "", who: str = "sam", **options: object) -> Page:
        page = await (await contexts(who, **options)).new_page()
        await page.goto(f"{hall.url}/desk/reports{search}")
        return page

    return open_reports


async def settled(page: Page) -> None:
    """Wait until the report and its charts are there."""
    await expect(page.locator("figure").first).to_be_visible()
    await expect(page.locator(".shown")).to_have_attribute("aria-busy", "false")
