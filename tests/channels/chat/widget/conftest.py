"""A browser, a town and a page with the widget; whatever the page does wrong fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from channels.chat.widget.files import DEMO_POLICY, widget_files
from tests.chromium import FLAGS, axe_core, chromium
from tests.fakes.direct_line import FakeDirectLine, serving

# A page of a town that is strict: no style at all, and no text may become HTML or code.
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
HOST = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Waste</title>
<meta name="viewport" content="width=device-width"><script type="module" src="widget.js"></script>
</head><body><main><h1>Waste</h1><p><a href="#x">First</a></p>
<townline-chat town="Willowmere" forms="forms" {attributes}></townline-chat>
<p><a href="#y">Last</a></p></main></body></html>"""

OpenPage = Callable[..., Page]


def pages() -> list[BaseRoute]:
    """Return the widget's files, and `/host`, a page that includes it."""
    return [
        Route("/host", _host),
        *(Route(f"/{address}", _sender(address)) for address in widget_files()),
    ]


def _sender(address: str) -> Callable[[Request], Response]:
    file = widget_files()[address]
    headers = {"content-security-policy": DEMO_POLICY} if address == "" else {}
    return lambda _: Response(file.plain, media_type=file.media_type, headers=headers)


def _host(request: Request) -> Response:
    language = request.query_params.get("lang", "en-CA")
    attributes = request.query_params.get("with", "")
    body = HOST.format(language=language, attributes=attributes)
    return HTMLResponse(body, headers={"content-security-policy": STRICT})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium, once for the tests of a module."""
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDirectLine]:
    with serving(pages()) as server:
        yield server


@pytest.fixture
def town(server: FakeDirectLine) -> FakeDirectLine:
    """Return the town, in which nobody has said anything yet."""
    server.reset()
    return server


@pytest.fixture
def contexts(browser: Browser, town: FakeDirectLine) -> Iterator[Callable[..., BrowserContext]]:
    """Return a maker of browsers' profiles; each watches what its pages do."""
    made: list[BrowserContext] = []
    wrong: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(45_000)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        context.on(
            "console", lambda said: wrong.append(said.text) if _is_wrong(said.text) else None
        )
        context.on(
            "request", lambda asked: wrong.append(asked.url) if _is_foreign(asked.url) else None
        )
        made.append(context)
        return context

    def _is_foreign(url: str) -> bool:
        return not url.startswith(town.url)

    yield make
    for context in made:
        context.close()
    assert wrong == []


def _is_wrong(text: str) -> bool:
    return "Content Security Policy" in text or "TrustedHTML" in text


@pytest.fixture
def context(contexts: Callable[..., BrowserContext]) -> BrowserContext:
    return contexts(locale="en-CA", viewport={"width": 1000, "height": 760})


@pytest.fixture
def host(context: BrowserContext, town: FakeDirectLine) -> OpenPage:
    """Return a function that opens the town's page in a new tab; the chat is open if asked for."""

    def open_page(path: str = "host", *, is_open: bool = True) -> Page:
        page = context.new_page()
        page.goto(town.url + path)
        launcher = page.locator("townline-chat .launcher")
        launcher.wait_for()
        if is_open:
            launcher.click()
        return page

    return open_page


@pytest.fixture
def axe() -> str:
    """Return the source of axe-core."""
    return axe_core()
