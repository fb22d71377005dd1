"""Administrators say who may sign in and how; whoever may no longer is out at once."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from router.core.model import SECOND, AgentId
from router.desk.disabled import Disabled
from router.history.account_rows import Role
from tests.desk.house import PASSWORD, House

AMINA = "amina@example.org"


async def ask(house: House, who: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {await house.token(who)}"}
    async with house.http() as http:
        return await http.request(method, path, json=body, headers=headers)


async def test_a_disabled_account_loses_its_desk_and_session_and_comes_back(
    town_hall: House,
) -> None:
    async with town_hall.desk("amina") as desk:
        token = await town_hall.token("amina")
        answer = await ask(town_hall, "adele", "POST", "/accounts/amina/disable")
        assert answer.json()["is_disabled"] is True
        assert await desk.close_code() == 4003
    async with town_hall.http() as http:
        who = await http.get("/sessions", headers={"Authorization": f"Bearer {token}"})
        refused = await http.post("/sessions", json={"name": "amina", "password": PASSWORD})
        wrong = await http.post("/sessions", json={"name": "amina", "password": "wrong"})
        nobody = await http.post("/sessions", json={"name": "nobody", "password": "wrong"})
        assert who.status_code == 401
        assert refused.status_code == wrong.status_code == nobody.status_code == 401
        assert refused.json() == wrong.json() == nobody.json()
        answer = await ask(town_hall, "adele", "POST", "/accounts/amina/enable")
        assert answer.json()["is_disabled"] is False
        again = await http.post("/sessions", json={"name": "amina", "password": PASSWORD})
    assert again.status_code == 201
    trail = (await ask(town_hall, "adele", "GET", "/audit")).json()
    made = [(one["who"], one["what"]) for one in trail if one["target"] == "amina"]
    assert [one for one in made if one[0] == "adele"] == [
        ("adele", "account-enabled"),
        ("adele", "account-disabled"),
    ]


@pytest.mark.parametrize("change", ["disable", "remove", "another agent"])
async def test_a_desk_is_closed_within_ten_seconds_when_a_command_changes_its_account(
    town_hall: House, change: str
) -> None:
    async with town_hall.desk("amina") as desk, town_hall.desk("boris") as other:
        match change:
            case "disable":
                await town_hall.accounts.disable("amina", by="operator")
            case "remove":
                await town_hall.accounts.remove("amina", by="operator")
            case _:
                dora = AgentId("dora")
                await town_hall.accounts.set_role("amina", Role.AGENT, agent_id=dora, by="operator")
        for duty in town_hall.surface.duties():
            if isinstance(duty, Disabled):
                assert duty.period == 10 * SECOND
                await duty()
        assert await desk.close_code() == 4003
        assert (await other.ask("beat"))["type"] == "ok"


async def test_the_name_at_the_provider_is_set_by_administrators(town_hall: House) -> None:
    body = {"provider_name": f" {AMINA} ", "keeps_password": False}
    async with town_hall.desk("amina") as desk:
        answer = await ask(town_hall, "adele", "POST", "/accounts/amina/provider_name", body)
        assert await desk.close_code() == 4003
    account = answer.json()
    assert (account["provider_name"], account["has_password"]) == (AMINA, False)
    made = await ask(
        town_hall, "adele", "POST", "/accounts",
        {"name": "zoe", "role": "supervisor", "provider_name": "zoe@example.org"},
    )  # fmt: skip
    assert made.json() == {"name": "zoe", "one_time_password": ""}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/accounts/amina", None),
        ("POST", "/accounts/amina/role", {"role": "agent", "agent": "dora"}),
    ],
)
async def test_a_desk_that_comes_back_while_its_account_changes_does_not_stay(
    town_hall: House, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
) -> None:
    accounts, left = type(town_hall.accounts), []
    for what in ("remove", "set_role"):
        change = getattr(accounts, what)

        async def slow(self: Any, *given: Any, change: Any = change, **more: Any) -> Any:
            left.append(await stack.enter_async_context(town_hall.desk("amina")))
            return await change(self, *given, **more)

        monkeypatch.setattr(accounts, what, slow)
    async with AsyncExitStack() as stack:
        await ask(town_hall, "adele", method, path, body)
        assert await left[0].close_code() == 4003


@pytest.mark.parametrize("who", ["amina", "sam"])
@pytest.mark.parametrize("what", ["disable", "enable", "provider_name"])
async def test_nobody_else_may(office: House, who: str, what: str) -> None:
    body = {"provider_name": AMINA, "keeps_password": True}
    answer = await ask(office, who, "POST", f"/accounts/adele/{what}", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")


async def test_the_last_administrator_cannot_be_disabled(office: House) -> None:
    answer = await ask(office, "adele", "POST", "/accounts/adele/disable")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    assert "only administrator" in answer.json()["message"]
    assert (await ask(office, "adele", "GET", "/sessions")).status_code == 200
