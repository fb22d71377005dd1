"""A browser of the tests that is sent to the sign-in provider and back."""

from __future__ import annotations

import httpx

from router.desk.browsers import COOKIE, HEADER
from tests.desk.house import House
from tests.fakes.false_provider import FalseProvider

OURS = {HEADER: "/hall/", "Origin": "https://town.example.org"}


class Visitor:
    """A browser: keeps cookies as it was told, sends them where they belong."""

    def __init__(self, office: House) -> None:
        self._office = office
        self.cookies: dict[str, str] = {}
        self.set_cookies: dict[str, str] = {}

    async def begin(self, page: str = "", **headers: str) -> httpx.Response:
        async with self._office.http() as http:
            body = {"page": page}
            answer = await http.post("/provider/sign_in", json=body, headers=OURS | headers)
        return self._keep(answer)

    async def come_back(self, query: dict[str, str], **headers: str) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self._office.http() as http:
            return self._keep(
                await http.get(
                    "http://town.test/desk/signed-in",
                    params=query,
                    headers={"Cookie": cookies, **headers},
                )
            )

    async def who(self) -> httpx.Response:
        async with self._office.http() as http:
            return await http.get(
                "/sessions", headers={"Cookie": f"{COOKIE}={self.cookies[COOKIE]}"}
            )

    def _keep(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.split(";")[0].strip('"')
            self.set_cookies[name] = line
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


async def sign_in(
    office: House, directory: FalseProvider, page: str = ""
) -> tuple[Visitor, httpx.Response]:
    """Go there and come back."""
    visitor = Visitor(office)
    begun = await visitor.begin(page)
    assert begun.status_code == 200, begun.text
    return visitor, await visitor.come_back(directory.approve(begun.json()["address"]))


def refused(answer: httpx.Response, title: str, case: object = "") -> None:
    """Nobody was signed in, and the page says so."""
    assert answer.status_code in {403, 503}, case
    assert title in answer.text, case
    assert f"{COOKIE}=" not in ",".join(answer.headers.get_list("set-cookie"))
