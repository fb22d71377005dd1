"""A town with mail and chat, a real browser, and an agent's desk in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page

from router.core.policy import Policy
from tests.core.text_town import writing_town
from tests.desk.house import House
from tests.wallboard.conftest import (  # noqa: F401 fixtures
    axe,
    browser,
    contexts,
    hall,
    quiet_logs,
    wall,
)

OpenDesk = Callable[..., Awaitable[Page]]


@pytest.fixture
def policy() -> Policy:
    return writing_town()


@pytest.fixture
def desk(contexts: Callable[..., Awaitable[BrowserContext]], hall: House) -> OpenDesk:  # noqa: F811
    """Return a function that opens the desk of an agent, in a browser of their own."""

    async def open_desk(name: str = "amina", **options: Any) -> Page:
        page = await (await contexts(name, **options)).new_page()
        await page.goto(f"{hall.url}/desk/")
        await (
            page.get_by_role("heading", name="Shared inbox")
            .or_(page.get_by_role("heading", name="Boîte partagée"))
            .first.wait_for()
        )
        return page

    return open_desk
