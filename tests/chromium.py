"""The browser of the tests: where it is, how it starts, and axe-core, which judges its pages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

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
