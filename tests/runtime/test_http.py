"""The one application: the front door leads to the forms, nothing is built from the Host header."""

from __future__ import annotations

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from router.runtime.http import application


async def _answer(_: Request) -> Response:
    return PlainTextResponse("here")


async def _stumble(_: Request) -> Response:
    raise RuntimeError("ours")


def _client() -> httpx.AsyncClient:
    app = application(
        [Route("/forms", _answer), Route("/voice/incoming", _answer), Route("/broken", _stumble)]
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://stranger.test")


async def test_the_bare_address_leads_to_the_forms_without_naming_a_host() -> None:
    async with _client() as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "forms")


async def test_a_slash_too_many_is_not_redirected_to_what_the_host_header_says() -> None:
    async with _client() as http:
        answer = await http.post("/voice/incoming/")
    assert answer.status_code == 404
    assert "location" not in answer.headers


async def test_a_mistake_of_ours_is_told_by_its_code_alone() -> None:
    async with _client() as http:
        answer = await http.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "ours" not in answer.text
