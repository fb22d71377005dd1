"""The browser as telephone: passes for its agent alone, and nobody else is asked without one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from channels.voice.softphone import Passes
from router.core.model import SECOND, AgentId
from router.desk.pages import FOLDER, built_files
from tests.core.town import town
from tests.desk.house import House, house

KEY, SECRET = "SK" + "1" * 32, "a secret that signs, of thirty-two characters"
ACCOUNT = "AC" + "0" * 32
PASSES: Final = Passes(account_sid=ACCOUNT, key_sid=KEY, key_secret=SECRET)
DOCUMENTED: Final = {  # by @twilio/voice-sdk, beside what is ours
    "media-src": {"mediastream:", "https://media.twiliocdn.com", "https://sdk.twilio.com"},
    "connect-src": {
        "'self'",
        "https://eventgw.twilio.com",
        "wss://voice-js.roaming.twilio.com",
        "https://media.twiliocdn.com",
        "https://sdk.twilio.com",
    },
}


@pytest.fixture
async def with_softphone(tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "softphone").mkdir()
    policy = town()
    boris = policy.agents[AgentId("boris")]
    desk_phone = {AgentId("boris"): replace(boris, leg="+19055550160")}
    policy = replace(policy, agents=policy.agents | desk_phone)
    async with house(tmp_path / "softphone", serve=False, policy=policy, softphone=PASSES) as made:
        yield made


async def _ask(office: House, who: str, method: str, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {await office.token(who)}"} if who else {}
    async with office.http() as http:
        return await http.request(method, path, headers=headers)


async def _policy_of(app: Starlette) -> dict[str, set[str]]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://town.test") as http:
        said = (await http.get("/desk/")).headers["content-security-policy"]
    parts = (part.split() for part in said.split(";"))
    return {name: set(values) for name, *values in parts}


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    return jwt.get_unverified_header(token), claims


async def test_a_pass_is_for_the_agents_own_leg_for_incoming_calls_and_for_a_quarter_of_an_hour(
    with_softphone: House,
) -> None:
    assert (await _ask(with_softphone, "amina", "GET", "/softphone")).json() == {"offered": True}
    given = (await _ask(with_softphone, "amina", "POST", "/softphone/pass")).json()
    header, claims = _read(given["token"])
    assert given["identity"] == "amina"
    assert header["cty"] == "twilio-fpa;v=1"
    assert (claims["iss"], claims["sub"]) == (KEY, ACCOUNT)
    assert claims["grants"] == {"identity": "amina", "voice": {"incoming": {"allow": True}}}
    assert claims["exp"] == with_softphone.clock.now() // SECOND + 15 * 60
    assert SECRET not in given["token"] + repr(PASSES)


async def test_who_has_another_telephone_or_none_gets_no_pass(with_softphone: House) -> None:
    for who in ("boris", "sam"):
        assert (await _ask(with_softphone, who, "GET", "/softphone")).json() == {"offered": False}
        refused = await _ask(with_softphone, who, "POST", "/softphone/pass")
        assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
    assert (await _ask(with_softphone, "", "POST", "/softphone/pass")).status_code == 401


async def test_without_a_key_there_are_no_passes_and_no_page_may_ask_anybody_else(
    office: House,
) -> None:
    assert (await _ask(office, "amina", "GET", "/softphone")).json() == {"offered": False}
    refused = await _ask(office, "amina", "POST", "/softphone/pass")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    allowed = await _policy_of(office.app)
    assert allowed["connect-src"] == {"'self'"}
    assert "media-src" not in allowed


async def test_with_a_key_pages_may_ask_what_the_carrier_documents_and_no_more(
    office: House, with_softphone: House
) -> None:
    plain, widened = await _policy_of(office.app), await _policy_of(with_softphone.app)
    assert {name: widened[name] for name in DOCUMENTED} == DOCUMENTED
    assert {k: v for k, v in widened.items() if k not in DOCUMENTED} == {
        k: v for k, v in plain.items() if k not in DOCUMENTED
    }


def test_the_carriers_library_is_a_file_of_its_own_that_nothing_fetches_by_itself() -> None:
    scripts = {name: file.plain.decode() for name, file in built_files().items() if ".js" in name}
    (library,) = [name for name, text in scripts.items() if "sdk.twilio.com" in text]
    short = library.removeprefix("assets/")
    for name, text in scripts.items():
        at_once = re.findall(r"""(?:from|^import|;import)\s*["'`]\./([^"'`]+)""", text)
        assert short not in at_once, name
    assert short not in (FOLDER / "index.html").read_text(encoding="utf-8")
    assert any(short in text for name, text in scripts.items() if name != library)
