"""The console's pages: strict, kept by browsers while they hold, and built from their sources."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from router.desk.pages import FOLDER, PAGES, SAFE, built_files
from scripts import console_sources, draw_protocol
from tests.desk.house import House


@pytest.fixture
async def http(office: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=office.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://town.test") as client:
        yield client


def test_what_is_served_was_built_from_the_sources_there_are() -> None:
    """Run `scripts/console build` when this fails."""
    assert console_sources.NOTE.read_text(encoding="utf-8").strip() == console_sources.digest()


def test_the_messages_the_console_knows_are_those_of_the_daemon() -> None:
    """Run `python -m scripts.draw_protocol` when this fails."""
    assert draw_protocol.FILE.read_text(encoding="utf-8") == draw_protocol.page()


def test_the_console_and_the_daemon_know_the_same_pages() -> None:
    table = (console_sources.SOURCES / "src" / "pages.ts").read_text(encoding="utf-8")
    assert tuple(re.findall(r'name: "([^"]*)"', table)) == PAGES


def test_the_document_asks_for_nothing_but_files_of_ours_at_relative_addresses() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert asked
    assert all(address.removeprefix("./") in built_files() for address in asked)
    assert "<style" not in text
    assert " style=" not in text
    assert re.findall(r"<script(?![^>]*src=)", text) == []


def test_no_source_makes_html_of_text() -> None:
    """Residents' words are text nodes; a mail's HTML is fetched by its frame."""
    ways = re.compile(
        r"@html|innerHTML|outerHTML|insertAdjacent|srcdoc|document\.write|\beval\(|Function\("
    )
    sources = (console_sources.SOURCES / "src").rglob("*")
    found = [
        f"{path.name}: {match}"
        for path in sources
        if path.suffix in {".ts", ".svelte"}
        for match in ways.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("page", [f"/desk/{name}" for name in PAGES])
async def test_every_page_is_the_document_under_a_strict_policy(
    http: httpx.AsyncClient, page: str
) -> None:
    answer = await http.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {name: answer.headers[name] for name in SAFE} == SAFE
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "http" not in answer.headers["content-security-policy"]
    again = await http.get(page, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_bare_address_leads_to_the_page_and_keeps_a_prefix(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/desk")
    assert (answer.status_code, answer.headers["location"]) == (307, "desk/")


async def test_files_are_kept_for_ever_and_travel_compressed(http: httpx.AsyncClient) -> None:
    for name, file in built_files().items():
        if name == "index.html":
            continue
        packed = await http.get(f"/desk/{name}")
        plain = await http.get(f"/desk/{name}", headers={"Accept-Encoding": "identity"})
        assert packed.content == plain.content == file.plain
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert packed.headers["x-content-type-options"] == "nosniff"
        assert gzip.decompress(file.packed) == file.plain
        assert re.search(r"-[\w-]{8}\.\w+$", name), "a name without a hash must not be kept"


@pytest.mark.parametrize(
    "path",
    ["/desk/nothing", "/desk/assets/none.js", "/desk/assets/..%2findex.html", "/desk/sources"],
)
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


def test_the_desk_is_under_250_kb_compressed() -> None:
    weighed = sum(
        len(f.packed) for name, f in built_files().items() if name.endswith(("js", "css"))
    )
    assert weighed < 250_000
