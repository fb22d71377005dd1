"""/api/v1: roles on every route, views without integers, errors with stable codes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
import msgspec
import pytest
from starlette.routing import Mount

from router.core.model import MINUTE, SECOND, ItemId
from router.desk.access import TRIES_PER_ADDRESS, TRIES_PER_NAME
from router.desk.surroundings import PolicyRefusal
from router.errors import StorageFailed
from router.history.audit import Audit
from tests.desk.house import PASSWORD, House

ALL = {"amina": 1, "sam": 1, "adele": 1}  # who may: agent, supervisor, administrator
LEADERS = {"amina": 0, "sam": 1, "adele": 1}
ADMINS = {"amina": 0, "sam": 0, "adele": 1}
ANYONE = {**ALL, "": 1}
ON_OFFERS = ("seen", "accept", "decline", "take_back")
ON_ITEMS = ("hold", "resume", "transfer", "return", "finish", "close")
ON_CALLS = ("consult", "complete", "unconsult", "promise")
# messages of the desk about what was written, with what they need
WRITING: Mapping[str, Mapping[str, object]] = {
    "take": {},
    "reply": {"text": "x", "key": "k"},
    "note": {"text": "x", "key": "k"},
    "draft": {"text": "x"},
    "wait": {},
    "snooze": {"until": "2026-11-24T15:00:00Z"},
    "forward": {"contact": "x", "text": "x", "key": "k"},
    "merge": {"into": "y"},
    "unmerge": {},
    "split": {"number": 1},
    "undo_rule": {},
    "typing": {},
}
AT_DESK = ("sign_in", "beat", "status", *ON_OFFERS, *ON_ITEMS, *ON_CALLS, *WRITING, "sign_out")
ROLES: Mapping[str, Mapping[str, int]] = {
    "POST /v1/sessions": ANYONE,
    "GET /v1/sessions": ALL,
    "DELETE /v1/sessions": ALL,
    "GET /v1/provider": ANYONE,
    "POST /v1/provider/sign_in": ANYONE,
    "POST /v1/password": ALL,
    "GET /v1/status": ALL,
    "GET /v1/policy": ALL,
    "GET /v1/emergencies": ALL,
    "POST /v1/hours/{hours}/emergency": LEADERS,
    "DELETE /v1/hours/{hours}/emergency": LEADERS,
    "GET /v1/on-call": ALL,
    "GET /v1/surge": ALL,
    "POST /v1/surge": LEADERS,
    "DELETE /v1/surge": LEADERS,
    "GET /v1/announcements": ALL,
    "POST /v1/announcements/{message}": LEADERS,
    "DELETE /v1/announcements/{message}": LEADERS,
    "GET /v1/shunted": LEADERS,
    "POST /v1/shunted/{item}/release": LEADERS,
    "GET /v1/items": LEADERS,
    "GET /v1/items/{item}": ALL,
    "GET /v1/items/{item}/explain": ALL,
    "POST /v1/items/{item}/reopen": ALL,
    "GET /v1/callbacks": ALL,
    "GET /v1/inbox": ALL,
    "GET /v1/items/{item}/read": ALL,
    "GET /v1/items/{item}/earlier": ALL,
    "GET /v1/items/{item}/earlier/{other}": ALL,
    "GET /v1/items/{item}/answers": ALL,
    "GET /v1/items/{item}/draft": {"amina": 1, "sam": 0, "adele": 0},
    "PUT /v1/items/{item}/draft": {"amina": 1, "sam": 0, "adele": 0},
    "GET /v1/items/{item}/conversations/{conversation}/messages/{number}/html": ALL,
    "GET /v1/items/{item}/conversations/{conversation}/messages/{number}/files/{index}": ALL,
    "GET /v1/items/{item}/conversations/{conversation}/messages/{number}/original": ALL,
    "POST /v1/items/{item}/flag": {"amina": 1, "sam": 0, "adele": 0},
    "POST /v1/items/{item}/block": LEADERS,
    "POST /v1/items/{item}/prioritise": LEADERS,
    "POST /v1/items/{item}/assign": LEADERS,
    "POST /v1/items/{item}/move": LEADERS,
    "POST /v1/items/{item}/pull_back": LEADERS,
    "POST /v1/items/{item}/listen": {"amina": 0, "sam": 0, "adele": 0},  # no telephone
    "DELETE /v1/items/{item}/listen": LEADERS,
    "GET /v1/softphone": ALL,
    "POST /v1/softphone/pass": {"amina": 1, "sam": 1, "adele": 1},
    "GET /v1/blocked": LEADERS,
    "GET /v1/kept-mail": LEADERS,
    "DELETE /v1/blocked/{key}": LEADERS,
    "POST /v1/files": {"amina": 1, "sam": 0, "adele": 0},
    "GET /v1/queues": ALL,
    "GET /v1/agents": ALL,
    "GET /v1/agents/{agent}/skills": LEADERS,
    "POST /v1/agents/{agent}/skills": LEADERS,
    "DELETE /v1/agents/{agent}/skills": LEADERS,
    "GET /v1/agents/me": {"amina": 1, "sam": 0, "adele": 0},
    "GET /v1/agents/me/figures": {"amina": 1, "sam": 0, "adele": 0},
    **{f"POST /v1/agents/me/{action}": {"amina": 1, "sam": 0, "adele": 0} for action in AT_DESK},
    "GET /v1/accounts": ADMINS,
    "POST /v1/accounts": ADMINS,
    "POST /v1/accounts/{name}/password": ADMINS,
    "POST /v1/accounts/{name}/role": ADMINS,
    "POST /v1/accounts/{name}/disable": ADMINS,
    "POST /v1/accounts/{name}/enable": ADMINS,
    "POST /v1/accounts/{name}/provider_name": ADMINS,
    "DELETE /v1/accounts/{name}": ADMINS,
    "GET /v1/audit": ADMINS,
    "GET /v1/reports/figures": ALL,
    "GET /v1/reports/{kind}": LEADERS,
    "GET /v1/reports/{kind}/csv": LEADERS,
    "GET /v1/reports/{kind}/xlsx": LEADERS,
    "GET /v1/reports/{kind}/page": LEADERS,
}
BODIES: dict[str, object] = {
    "{message}": {"text": {"en": "x"}, "for_s": 60},
    "surge": {"for_s": 60},
    "status": {"status": "away", "reason": "break"},
    "beat": {"desk": "d"},
    "password": {"old": PASSWORD, "new": "other four plain words"},
    **{action: {"offer": "x.1"} for action in ON_OFFERS},
    **{action: {"item": "x"} for action in (*ON_ITEMS, *ON_CALLS)},
    **{action: {"item": "x", **fields} for action, fields in WRITING.items()},
    "flag": {"text": "x", "key": "k"},
    "block": {"reason": "x"},
    "prioritise": {"head_start_s": 60},
    "skills": {"levels": {"roads": 1}},
    "assign": {"agent": "amina"},
    "move": {"queue": "roads"},
    "pull_back": {},
    "listen": {"mode": "listen"},
    "role": {"role": "supervisor"},
    "provider_name": {"provider_name": "x", "keeps_password": True},
    "accounts": {"name": "neu", "role": "supervisor"},
    "sessions": {"name": "nobody", "password": "wrong"},
}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _ask(
    office: House, who: str, method: str, path: str, body: object = None
) -> httpx.Response:
    headers = _bearer(await office.token(who)) if who else {}
    async with office.http() as http:
        return await http.request(method, path, headers=headers, json=body)


# --- roles ---------------------------------------------------------------------------------------


def _routes(office: House) -> set[str]:
    mount = next(r for r in office.app.routes if isinstance(r, Mount))
    document = mount.app.openapi()  # type: ignore[attr-defined]
    return {f"{method.upper()} {path}" for path, row in document["paths"].items() for method in row}


async def test_every_route_has_its_roles(office: House) -> None:
    """A route that is missing in the table of this test does not go unseen."""
    assert _routes(office) == set(ROLES)


@pytest.mark.parametrize("who", ["", "amina", "sam", "adele"])
async def test_every_route_for_every_role(office: House, who: str) -> None:
    """Allowed: anything but 401 and 403-for-the-role; not allowed: exactly that."""
    for route, allowed in ROLES.items():
        method, path = route.split(" ")
        numbered = re.sub(r"\{(?:number|index)\}", "1", path.removeprefix("/v1"))
        short = re.sub(r"\{\w+\}", "nothing", numbered)
        short += "?name=a&kind=image/png" if short == "/files" else ""
        body = BODIES.get(path.rpartition("/")[2]) if method == "POST" else None
        answer = await _ask(office, who, method, short, body)
        code = answer.json()["code"] if answer.status_code >= 400 else "done"
        if allowed.get(who, 0):
            assert code not in ("not-signed-in", "not-permitted"), (route, code)
        else:
            expected = (403, "not-permitted") if who else (401, "not-signed-in")
            assert (answer.status_code, code) == expected, route


async def test_a_password_from_somebody_else_opens_nothing_but_its_change(office: House) -> None:
    made = await _ask(office, "adele", "POST", "/accounts", {"name": "neu", "role": "supervisor"})
    one_time = made.json()["one_time_password"]
    async with office.http() as http:
        signed = await http.post("/sessions", json={"name": "neu", "password": one_time})
        assert signed.json()["account"]["must_change"] is True
        headers = _bearer(signed.json()["token"])
        blocked = await http.get("/status", headers=headers)
        assert (blocked.status_code, blocked.json()["code"]) == (403, "password-must-change")
        changed = await http.post(
            "/password", headers=headers, json={"old": one_time, "new": "my own four words"}
        )
        assert (await http.get("/status", headers=headers)).status_code == 401
        fresh = _bearer(changed.json()["token"])
        assert (await http.get("/status", headers=fresh)).status_code == 200


# --- signing in ----------------------------------------------------------------------------------


async def test_signing_in_and_out(office: House) -> None:
    async with office.http() as http:
        signed = await http.post("/sessions", json={"name": "Amina", "password": PASSWORD})
        assert signed.status_code == 201
        assert signed.json()["account"] == {
            "name": "amina",
            "role": "agent",
            "agent": "amina",
            "must_change": False,
            "locked_until": None,
            "is_disabled": False,
            "has_password": True,
            "provider_name": "",
        }
        headers = _bearer(signed.json()["token"])
        assert (await http.delete("/sessions", headers=headers)).status_code == 204
        assert (await http.get("/status", headers=headers)).json()["code"] == "not-signed-in"


async def test_guessing_is_braked_per_name_and_per_address(office: House) -> None:
    async with office.http() as http:
        for _ in range(TRIES_PER_NAME):
            wrong = await http.post("/sessions", json={"name": "boris", "password": "guess"})
            assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-password")
        braked = await http.post("/sessions", json={"name": " Boris", "password": PASSWORD})
        assert (braked.status_code, braked.json()["code"]) == (429, "too-often")
        assert int(braked.headers["retry-after"]) == 300
        for number in range(TRIES_PER_ADDRESS - TRIES_PER_NAME):
            await http.post("/sessions", json={"name": f"n{number}", "password": "guess"})
        other = await http.post("/sessions", json={"name": "amina", "password": PASSWORD})
        assert other.status_code == 429
        await office.pass_time(5 * MINUTE)
        other = await http.post("/sessions", json={"name": "amina", "password": PASSWORD})
        assert other.status_code == 201


# --- what is shown -------------------------------------------------------------------------------


async def test_the_status_of_the_town(office: House) -> None:
    office.about.policy_refusal = PolicyRefusal(office.clock.now(), ("config/x.yaml:1:1 x: no",))
    await _ask(office, "chloe", "POST", "/agents/me/sign_in")
    await office.form("F1")
    await office.call("C1", "1", "1")
    await office.pass_time(10 * SECOND)
    status = (await _ask(office, "sam", "GET", "/status")).json()
    assert status["at"] == "2026-11-23T15:00:10Z"
    assert (status["town"], status["uptime_s"], status["pending_effects"]) == ("Testville", 10, 0)
    assert status["policy"]["refused"]["complaints"] == ["config/x.yaml:1:1 x: no"]
    roads = next(q for q in status["queues"] if q["queue"] == "roads")
    assert roads["open"] is True
    waiting = {w["tempo"]: (w["waiting"], w["oldest_wait_s"]) for w in roads["waiting"]}
    assert waiting == {"live": (1, 10), "fast_text": (0, 0), "slow_text": (1, 10)}
    staffed = {
        (s["tempo"], s["language"]): (s["signed_in"], s["available"]) for s in roads["staffed"]
    }
    assert staffed[("live", "fr")] == (1, 0)
    assert roads["today"]["formula"] == "townline/1"
    assert roads["today"]["definition"].startswith("answered in time / offered")
    assert roads["today"]["level"] is None
    chloe = next(a for a in status["agents"] if a["agent"] == "chloe")
    assert (chloe["state"], chloe["status"], chloe["signed_in"]) == ("idle", "away", True)
    numbers = [n for n in re.findall(r"(?<![\w.])\d{12,}", msgspec.json.encode(status).decode())]
    assert numbers == []  # no integer nanoseconds anywhere


async def test_the_service_level_of_today_follows_the_named_formula(office: House) -> None:
    await _ask(office, "amina", "POST", "/agents/me/sign_in")
    await _ask(office, "amina", "POST", "/agents/me/status", {"status": "available"})
    item = await office.call("C1", "1", "2")
    mine = (await _ask(office, "amina", "GET", "/agents/me")).json()
    await _ask(office, "amina", "POST", "/agents/me/accept", {"offer": mine["offer"]["offer"]})
    await office.pick_up(item, "amina")
    queues = (await _ask(office, "amina", "GET", "/queues")).json()
    today = next(q for q in queues if q["queue"] == "general")["today"]
    assert (today["level"], today["offered"], today["answered_in"]) == (1.0, 1, 1)
    assert (today["interval"]["level"], today["interval"]["offered"]) == (1.0, 1)
    await office.pass_time(24 * 60 * MINUTE)
    queues = (await _ask(office, "amina", "GET", "/queues")).json()
    assert next(q for q in queues if q["queue"] == "general")["today"]["level"] is None


async def test_residents_words_are_for_those_who_handle_them(office: House) -> None:
    item = await office.form("F1", what="private")
    seen = {
        who: (await _ask(office, who, "GET", f"/items/{item}")).json()["words"] is not None
        for who in ("amina", "sam", "adele")
    }
    assert seen == {"amina": False, "sam": True, "adele": False}


async def test_items_by_queue_and_state(office: House) -> None:
    for number in range(3):
        await office.form(f"F{number}")
        await office.pass_time(SECOND)
    path = "/items?queue=roads&state=queued&limit=2"
    items = (await _ask(office, "sam", "GET", path)).json()
    assert [i["item"] for i in items] == ["F0", "F1"]
    everything = (await _ask(office, "sam", "GET", "/items")).json()
    assert len(everything) == 3
    unknown = await _ask(office, "sam", "GET", "/items?queue=rodas")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-target")
    wrong = await _ask(office, "sam", "GET", "/items?limit=0")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "malformed")


async def test_explain_tells_the_story(office: House) -> None:
    await office.form("F1")
    story = (await _ask(office, "amina", "GET", "/items/F1/explain")).json()
    assert story == {"item": "F1", "lines": ["F1 came in", "and was queued"]}
    assert (await _ask(office, "amina", "GET", "/items/F9/explain")).status_code == 404


# --- what is changed -----------------------------------------------------------------------------


async def test_an_agent_works_over_http(office: House) -> None:
    signed = (await _ask(office, "chloe", "POST", "/agents/me/sign_in")).json()
    assert signed["desk"].startswith("http-")
    assert (
        await _ask(office, "chloe", "POST", "/agents/me/status", {"status": "available"})
    ).json() == {"done": True}
    await office.form("F1")
    for _ in range(5):
        await _ask(office, "chloe", "POST", "/agents/me/beat", {"desk": signed["desk"]})
        await office.keep_alive(9 * SECOND)
    mine = (await _ask(office, "chloe", "GET", "/agents/me")).json()
    assert mine["offer"]["who"]["name"] == "Robin Example"
    offer = {"offer": mine["offer"]["offer"]}
    await _ask(office, "chloe", "POST", "/agents/me/accept", offer)
    mine = (await _ask(office, "chloe", "GET", "/agents/me")).json()
    assert mine["items"][0]["words"]["fields"] == {"where": "Main St"}
    late = await _ask(office, "amina", "POST", "/agents/me/accept", offer)
    assert (late.status_code, late.json()["code"]) == (409, "stale-offer")
    closing = {"item": "F1", "code": "answered", "note": "done"}
    assert (await _ask(office, "chloe", "POST", "/agents/me/close", closing)).status_code == 200
    reopened = await _ask(office, "chloe", "POST", "/items/F1/reopen", {"reason": "again"})
    assert reopened.status_code == 200
    assert office.engine.state.items[ItemId("F1")].reopened == 1


async def test_an_emergency_closes_the_town_and_is_on_the_record(office: House) -> None:
    body = {"closed": True, "until": "2026-11-23T18:00:00Z", "reason": "flood"}
    views = (await _ask(office, "sam", "POST", "/hours/office/emergency", body)).json()
    assert views[0]["until"] == "2026-11-23T18:00:00Z"
    assert views[0]["by"] == "sam"
    queues = (await _ask(office, "sam", "GET", "/queues")).json()
    assert [q["open"] for q in queues] == [False, False]
    naive = {"until": "2026-11-23T18:00:00"}
    refused = await _ask(office, "sam", "POST", "/hours/office/emergency", naive)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")
    assert (await _ask(office, "sam", "POST", "/hours/ofice/emergency", {})).status_code == 404
    assert (await _ask(office, "sam", "DELETE", "/hours/office/emergency")).json() == []
    trail = (await _ask(office, "adele", "GET", "/audit?limit=5")).json()
    assert [(t["who"], t["what"], t["target"]) for t in trail[:2]] == [
        ("sam", "emergency-cleared", "office"),
        ("sam", "emergency-set", "office closed"),
    ]


async def test_a_shunted_item_is_released_by_a_person(office: House) -> None:
    from router.core import commands as c
    from router.core.model import Channel

    shunt = c.ShuntArrival(ItemId("S1"), Channel.WEBFORM, "k", "", "", "", "our mistake", "form:S1")
    await office.inbox.submit(shunt, lambda _: None)
    shunted = (await _ask(office, "sam", "GET", "/shunted")).json()
    assert [(i["item"], i["outcome"]) for i in shunted] == [("S1", "our mistake")]
    released = await _ask(office, "sam", "POST", "/shunted/S1/release", {"queue": "general"})
    assert released.status_code == 200
    assert office.engine.state.items[ItemId("S1")].queue == "general"


async def test_a_supervisor_ranks_and_assigns_what_waits_on_the_record(office: House) -> None:
    refused = await _ask(office, "sam", "POST", "/items/nobody/prioritise", {"head_start_s": 60})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-item")
    month = await _ask(office, "sam", "POST", "/items/x/prioritise", {"head_start_s": 9_000_000})
    assert (month.status_code, month.json()["code"]) == (422, "malformed")
    await office.form("F1")
    body = {"head_start_s": 600, "reason": "the council asked"}
    assert (await _ask(office, "sam", "POST", "/items/F1/prioritise", body)).status_code == 200
    assert office.engine.state.items[ItemId("F1")].head_start == 600 * SECOND
    away = await _ask(office, "sam", "POST", "/items/F1/assign", {"agent": "boris"})
    assert (away.status_code, away.json()["code"]) == (404, "unknown-agent")
    trail = (await _ask(office, "adele", "GET", "/audit?limit=5")).json()
    assert ("sam", "item-prioritised", "F1 by 600 s") in [
        (t["who"], t["what"], t["target"]) for t in trail
    ]


async def test_how_an_item_stands_can_be_asked_without_anybodys_words(office: House) -> None:
    await office.form("F1")
    told = (await _ask(office, "sam", "GET", "/items/F1")).json()
    assert (told["who"]["name"], told["words"]["fields"]["where"]) == ("Robin Example", "Main St")
    bare = (await _ask(office, "sam", "GET", "/items/F1?words=false")).json()
    assert (bare["item"], bare["who"], bare["words"]) == ("F1", None, None)


async def test_a_supervisor_moves_what_waits_and_pulls_back_what_lies_on_the_record(
    office: House,
) -> None:
    await office.form("F1")
    nowhere = await _ask(office, "sam", "POST", "/items/F1/move", {"queue": "none"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown-target")
    body = {"queue": "roads", "reason": "a pothole"}
    assert (await _ask(office, "sam", "POST", "/items/F1/move", body)).status_code == 200
    assert office.engine.state.items[ItemId("F1")].queue == "roads"
    held = await _ask(office, "sam", "POST", "/items/F1/pull_back", {})
    assert (held.status_code, held.json()["code"]) == (409, "not-now")
    await _ask(office, "amina", "POST", "/agents/me/sign_in")
    taken = await _ask(office, "amina", "POST", "/agents/me/take", {"item": "F1"})
    assert taken.status_code == 200
    back = await _ask(office, "sam", "POST", "/items/F1/pull_back", {"reason": "ill"})
    assert back.status_code == 200
    assert office.engine.state.items[ItemId("F1")].agent is None
    trail = (await _ask(office, "adele", "GET", "/audit?limit=5")).json()
    noted = [(t["who"], t["what"], t["target"]) for t in trail]
    assert ("sam", "item-moved", "F1 to roads") in noted
    assert ("sam", "item-pulled-back", "F1") in noted


async def test_accounts_are_made_changed_and_removed_on_the_record(office: House) -> None:
    made = await _ask(
        office, "adele", "POST", "/accounts", {"name": "neu", "role": "agent", "agent": "boris"}
    )
    assert made.status_code == 201
    again = await _ask(office, "adele", "POST", "/accounts", {"name": "neu", "role": "supervisor"})
    assert (again.status_code, again.json()["code"]) == (403, "not-allowed")
    role = await _ask(office, "adele", "POST", "/accounts/neu/role", {"role": "supervisor"})
    assert role.json()["role"] == "supervisor"
    assert (await _ask(office, "adele", "POST", "/accounts/neu/password")).status_code == 200
    assert (await _ask(office, "adele", "DELETE", "/accounts/neu")).status_code == 204
    names = [a["name"] for a in (await _ask(office, "adele", "GET", "/accounts")).json()]
    assert names == ["adele", "amina", "boris", "chloe", "sam"]
    trail = (await _ask(office, "adele", "GET", "/audit")).json()
    assert {t["what"] for t in trail if t["who"] == "adele"} == {
        "account-created",
        "role-set",
        "password-reset",
        "account-removed",
        "password-changed",
    }


async def test_a_change_stands_when_the_trail_cannot_be_written(
    office: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing the town in a flood must not wait for the database of reports."""

    async def broken(*_: object) -> None:
        raise StorageFailed("history is down")

    monkeypatch.setattr(Audit, "note", broken)
    closed = await _ask(office, "sam", "POST", "/hours/office/emergency", {"reason": "flood"})
    assert closed.json()[0]["closed"] is True


# --- errors --------------------------------------------------------------------------------------


async def test_errors_are_code_and_message(office: House) -> None:
    headers = _bearer(await office.token("sam"))
    async with office.http() as http:
        big = await http.post("/sessions", content=b" " * 70_000)
        assert (big.status_code, big.json()["code"]) == (413, "too-large")
        for body in (b"{", b'{"name": "x"}', b'{"name": "x", "password": "y", "z": 1}', b"[]"):
            bad = await http.post("/sessions", content=body)
            assert (bad.status_code, bad.json()["code"]) == (422, "malformed"), body
        missing = await http.get("/nothing", headers=headers)
        assert (missing.status_code, missing.json()["code"]) == (404, "no-such-page")
        method = await http.put("/status", headers=headers)
        assert (method.status_code, method.json()["code"]) == (405, "wrong-method")
        item = await http.get("/items/X", headers=headers)
        assert (item.status_code, item.json()["code"]) == (404, "unknown-item")


async def test_a_stopping_daemon_says_so(office: House) -> None:
    office.inbox.stop()
    answer = await _ask(office, "amina", "POST", "/agents/me/sign_in")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")


async def test_openapi_describes_bodies_and_answers(office: House) -> None:
    async with office.http() as http:
        document = (await http.get("http://town.test/api/v1/openapi.json")).json()
        page = await http.get("http://town.test/api/docs")
        assert page.status_code == 200
        assert "https://" not in page.text  # nobody outside is asked for scripts
    assert document["servers"] == [{"url": "/api"}]
    schemas = document["components"]["schemas"]
    assert schemas["ItemView"]["properties"]["received_at"]["format"] == "date-time"
    accept = document["paths"]["/v1/agents/me/accept"]["post"]
    body = accept["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Accept"}
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    text = msgspec.json.encode(document).decode()
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named <= set(schemas)
