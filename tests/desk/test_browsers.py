"""A browser's session is a cookie: no script reads it, no page of another site can use it."""

from __future__ import annotations

import httpx
import pytest
import websockets
from starlette.requests import Request
from starlette.responses import Response

from router.desk.browsers import COOKIE, HEADER, Browsers
from tests.desk.house import PASSWORD, House, connect

OURS = {HEADER: "/hall/"}
ELSEWHERE = "https://elsewhere.example.com"


async def sign_in(http: httpx.AsyncClient, **headers: str) -> httpx.Response:
    body = {"name": "amina", "password": PASSWORD, "browser": True}
    return await http.post("/sessions", json=body, headers=OURS | headers)


async def cookie_of(house: House) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={await house.token('amina')}"}


async def test_a_browser_gets_a_cookie_that_scripts_cannot_read_and_no_token(office: House) -> None:
    async with office.http() as http:
        answer = await sign_in(http)
    assert answer.status_code == 201
    assert answer.json()["token"] == ""
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert set(attributes) == {"HttpOnly", "Path=/hall/", "SameSite=strict", "Secure"}


@pytest.mark.parametrize("folder", ["", "hall", "//evil/", "/a/../", "/; Domain=x/", "/x" * 300])
async def test_a_folder_that_is_none_is_not_put_into_the_cookie(office: House, folder: str) -> None:
    async with office.http() as http:
        answer = await sign_in(http, **{HEADER: folder})
    assert "Path=/;" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("asked", "web_root", "is_secure"),
    [
        ("https", "http://127.0.0.1:8400", True),  # a proxy said so
        ("http", "https://town.example.org", True),  # the settings say so
        ("http", "http://127.0.0.1:8400", False),
    ],
)
def test_over_https_the_cookie_stays_there(asked: str, web_root: str, is_secure: bool) -> None:
    scope = {"type": "http", "scheme": asked, "path": "/", "server": ("town.test", 80)}
    response = Response()
    Browsers(web_root).give(Request(scope | {"headers": []}), response, "token")
    assert ("; Secure" in response.headers["set-cookie"]) is is_secure


async def test_a_program_gets_its_token_and_no_cookie(office: House) -> None:
    async with office.http() as http:
        answer = await http.post("/sessions", json={"name": "amina", "password": PASSWORD})
    assert answer.json()["token"]
    assert "set-cookie" not in answer.headers


async def test_the_cookie_opens_what_the_token_opens(office: House) -> None:
    async with office.http() as http:
        cookie = await cookie_of(office)
        who = await http.get("/sessions", headers=cookie)
        mine = await http.post("/agents/me/sign_in", headers=cookie | OURS)
    assert who.json()["name"] == "amina"
    assert mine.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://town.example.org"},
        OURS | {"Origin": ELSEWHERE},
        OURS | {"Origin": "null"},
        OURS | {"Origin": "https://town.example.org.example.com"},
    ],
)
async def test_what_another_page_could_have_sent_is_refused(
    office: House, headers: dict[str, str]
) -> None:
    async with office.http() as http:
        cookie = await cookie_of(office)
        answer = await http.post("/agents/me/sign_in", headers=cookie | headers)
        signing_in = await http.post(
            "/sessions",
            json={"name": "amina", "password": PASSWORD, "browser": True},
            headers=headers,
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-request")
    assert (signing_in.status_code, signing_in.json()["code"]) == (403, "foreign-request")
    assert "set-cookie" not in signing_in.headers


@pytest.mark.parametrize(
    "headers",
    [
        OURS,
        OURS | {"Origin": "http://town.test"},  # as it was asked
        OURS | {"Origin": "https://town.example.org"},  # as the settings say
        OURS | {"Origin": "https://hall.test", "X-Forwarded-Host": "hall.test"},  # as a proxy says
    ],
)
async def test_our_own_page_may(office: House, headers: dict[str, str]) -> None:
    async with office.http() as http:
        answer = await http.post("/agents/me/sign_in", headers=await cookie_of(office) | headers)
    assert answer.status_code == 200


async def test_a_bearer_token_needs_no_header_of_ours(office: House) -> None:
    async with office.http() as http:
        bearer = {"Authorization": f"Bearer {await office.token('amina')}", "Origin": ELSEWHERE}
        answer = await http.post("/agents/me/sign_in", headers=bearer)
    assert answer.status_code == 200


async def test_signing_out_takes_the_cookie_back(office: House) -> None:
    async with office.http() as http:
        cookie = await cookie_of(office)
        answer = await http.delete("/sessions", headers=cookie | OURS)
        after = await http.get("/sessions", headers=cookie)
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert after.status_code == 401


async def test_a_new_password_gives_a_new_cookie(office: House) -> None:
    async with office.http() as http:
        cookie = await cookie_of(office)
        body = {"old": PASSWORD, "new": "quite another four words"}
        answer = await http.post("/password", json=body, headers=cookie | OURS)
        fresh = answer.headers["set-cookie"].split(";")[0]
        before = await http.get("/sessions", headers=cookie)
        after = await http.get("/sessions", headers={"Cookie": fresh})
    assert answer.json()["token"] == ""
    assert (before.status_code, after.status_code) == (401, 200)


async def test_a_locked_account_says_until_when_to_those_who_may_see(office: House) -> None:
    async with office.http() as http:
        for _ in range(10):
            await http.post("/sessions", json={"name": "boris", "password": "wrong"})
        bearer = {"Authorization": f"Bearer {await office.token('adele')}"}
        people = {one["name"]: one for one in (await http.get("/accounts", headers=bearer)).json()}
    assert people["boris"]["locked_until"] is not None
    assert people["amina"]["locked_until"] is None


# --- the WebSocket -------------------------------------------------------------------------------


async def hello(house: House, **headers: str) -> dict[str, object]:
    async with connect(house.url, additional_headers=headers) as client:
        await client.send(type="hello", id="1")
        try:
            return await client.next()
        except websockets.ConnectionClosed:  # pragma: no cover - would be a mistake
            return {}


async def test_a_desk_is_opened_by_the_cookie_from_our_own_page(town_hall: House) -> None:
    said = await hello(town_hall, **await cookie_of(town_hall), Origin=town_hall.url)
    assert said["type"] == "welcome"


@pytest.mark.parametrize("origin", [{}, {"Origin": ELSEWHERE}, {"Origin": "null"}])
async def test_a_desk_is_not_opened_by_a_page_of_another_site(
    town_hall: House, origin: dict[str, str]
) -> None:
    said = await hello(town_hall, **await cookie_of(town_hall), **origin)
    assert (said["type"], said["code"]) == ("refused", "foreign-request")
