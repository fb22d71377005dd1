"""The browser of the tests: where it is, how it starts, and axe-core, which judges its pages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS: Final = [
    "--no-sandbox",  # tests run as root in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
]
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium() -> str:
    """Return the program; skips the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("chromium is missing (apt package chromium)")
    return CHROMIUM


def axe_core() -> str:
    """Return the source of axe-core."""
    import axe_playwright_python

    path = Path(axe_playwright_python.__file__).parent / "axe.min.js"
    return path.read_text(encoding="utf-8")


async def faults(page: Page, axe: str) -> list[str]:
    """Return what axe finds on the page."""
    await page.evaluate(axe)
    options = json.dumps({"runOnly": {"type": "tag", "values": WCAG}})
    found: dict[str, Any] = await page.evaluate(f"() => axe.run(document, {options})")
    assert found["passes"]
    return [
        f"{fault['id']}: {node['html'][:120]} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
