"""Microsoft's own clients as published, unpacked into a cache, on a page of another site.

`npm pack` fetches one archive without what it depends on: the bundles for browsers are whole. Where
there is no npm, no network or no browser the tests skip and say why; `TOWNLINE_NPM_CACHE` names a
folder that already holds the archives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from tests.chromium import FLAGS, chromium

FETCH_S = 120
BUNDLES = {
    "directline.js": ("botframework-directlinejs", "0.15.8"),
    "webchat.js": ("botframework-webchat", "4.18.1"),
}


def cache_folder() -> Path:
    """Return where archives are kept between runs."""
    named = os.environ.get("TOWNLINE_NPM_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "townline-tests"


def bundle(name: str) -> Path:
    """Return the unpacked file; skips the test where it cannot be had."""
    package, version = BUNDLES[name]
    folder = cache_folder()
    path = folder / f"{package}-{version}" / name
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{package}-{version}.tgz"
    if not archive.exists():
        _fetch(f"{package}@{version}", folder)
    with tarfile.open(archive) as packed:
        inside = packed.extractfile(f"package/dist/{name}")
        assert inside is not None
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(inside.read())
        draft.replace(path)
    return path


def _fetch(package: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is missing (apt package npm)")
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), package]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=FETCH_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch {package} within {FETCH_S} s")
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch {package}: {done.stderr.strip()[-200:]}")


def pages(html: str) -> list[BaseRoute]:
    """Return a page and the clients it loads."""

    async def page(_: Request) -> Response:
        return HTMLResponse(html)

    async def script(request: Request) -> Response:
        return FileResponse(bundle(request.path_params["name"]), media_type="text/javascript")

    return [Route("/", page), Route("/{name}", script)]


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """An empty page in Chromium."""
    program = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield await browser.new_page()
        finally:
            await browser.close()
