"""Surge, announcements and the on-call log: by the interface, and from the terminal."""

from __future__ import annotations

import asyncio
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from router import cli, cli_switch
from router.core.model import HOUR, MINUTE, SECOND, QueueId
from router.core.policy_surge import SurgeRule
from router.desk.terminal_switch import Answer, SwitchRefused, switch
from tests.core.town import both, town
from tests.desk.house import PASSWORD, House
from tests.desk.test_api import _ask

SAMS = f"{PASSWORD} sam"
SURGE = SurgeRule(text=both("storm"), first=(QueueId("roads"),), head_start=HOUR, lasts_max=HOUR)


def with_surge(office: House) -> None:
    """Let the town of the house declare a surge."""
    state = office.engine.state
    state.policies[state.policy_hash] = replace(state.policy, surge=SURGE)
    state.put_policy(state.policy_hash)


async def test_a_surge_is_switched_on_and_off_and_is_on_the_record(office: House) -> None:
    refused = await _ask(office, "sam", "POST", "/surge", {"for_s": 60, "reason": "ice"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    with_surge(office)
    for endless in ({}, {"for_s": 60, "until": "2026-11-23T18:00:00Z"}):
        refused = await _ask(office, "sam", "POST", "/surge", endless)
        assert (refused.status_code, refused.json()["code"]) == (409, "not-now")
    (view,) = (await _ask(office, "sam", "POST", "/surge", {"for_s": 60, "reason": "ice"})).json()
    assert (view["by"], view["reason"], view["first"]) == ("sam", "ice", ["roads"])
    assert (await _ask(office, "amina", "GET", "/surge")).json() == [view]
    assert (await _ask(office, "amina", "GET", "/status")).json()["surge"] == [view]
    assert (await _ask(office, "sam", "DELETE", "/surge")).json() == []
    trail = (await _ask(office, "adele", "GET", "/audit?limit=2")).json()
    assert [(t["who"], t["what"], t["target"]) for t in trail] == [
        ("sam", "surge-ended", ""),
        ("sam", "surge-begun", "ice"),
    ]


async def test_a_message_is_put_in_front_of_every_call_and_taken_back(office: House) -> None:
    body = {"text": {"en": "Plows are out"}, "for_s": 3600}
    (view,) = (await _ask(office, "adele", "POST", "/announcements/snow", body)).json()
    assert (view["id"], view["text"], view["by"]) == ("snow", {"en": "Plows are out"}, "adele")
    assert (await _ask(office, "amina", "GET", "/announcements")).json() == [view]
    german = {"text": {"de": "Schnee"}, "for_s": 3600}
    refused = await _ask(office, "adele", "POST", "/announcements/snow", german)
    assert refused.json()["code"] == "unknown-target"
    assert (await _ask(office, "adele", "DELETE", "/announcements/snow")).json() == []
    gone = await _ask(office, "adele", "DELETE", "/announcements/snow")
    assert gone.json()["code"] == "unknown-target"
    trail = (await _ask(office, "adele", "GET", "/audit?limit=2")).json()
    assert [t["what"] for t in trail] == ["message-withdrawn", "message-announced"]


async def test_the_on_call_log_is_empty_by_day(office: House) -> None:
    assert (await _ask(office, "amina", "GET", "/on-call")).json() == []


# --- from the terminal ---------------------------------------------------------------------------


async def test_what_the_terminal_asks_for_holds(town_hall: House) -> None:
    with_surge(town_hall)

    def ask(password: str = SAMS, body: dict[str, object] | None = None) -> Answer:
        account = ("sam", password)
        return switch(town_hall.url, account, "POST", "/surge", body or {"for_s": 60})

    (view,) = await asyncio.to_thread(ask)
    assert view["by"] == "sam"
    with pytest.raises(SwitchRefused, match="name or password"):
        await asyncio.to_thread(ask, "wrong")
    with pytest.raises(SwitchRefused, match="at most"):
        await asyncio.to_thread(ask, SAMS, {"for_s": 90_000})
    with pytest.raises(SwitchRefused, match="does not answer"):
        switch("http://127.0.0.1:9", ("sam", SAMS), "DELETE", "/surge")


async def _run(house: House, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    parts = urlsplit(house.url)
    monkeypatch.setenv("TOWNLINE_HTTP__HOST", parts.hostname or "")
    monkeypatch.setenv("TOWNLINE_HTTP__PORT", str(parts.port))
    name = words[words.index("--by") + 1]
    monkeypatch.setenv("TOWNLINE_SWITCH_PASSWORD", f"{PASSWORD} {name}")
    monkeypatch.setattr(cli_switch, "_policy", town)
    return await asyncio.to_thread(CliRunner().invoke, cli.app, list(words))


async def test_the_commands(town_hall: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with_surge(town_hall)
    surges, notices = town_hall.engine.state.surges, town_hall.engine.state.notices
    on = ("surge", "on", "--by", "sam", "--for", "30 min", "--reason", "ice")
    done = await _run(town_hall, monkeypatch, *on)
    assert (done.exit_code, "first: roads" in done.output, bool(surges)) == (0, True, True)
    undo = done.output.partition("undo: townline ")[2].split()
    assert (await _run(town_hall, monkeypatch, *undo)).exit_code == 0
    assert not surges
    spoken = ("announce", "Plows are out", "--in", "fr=Les charrues", "--by", "adele", "--yes")
    done = await _run(town_hall, monkeypatch, *spoken, "--for", "2 h")
    assert done.exit_code == 0, done.output
    assert "Les charrues" in done.output
    assert notices["notice"].text == (("en", "Plows are out"), ("fr", "Les charrues"))
    back = ("announce", "--withdraw", "notice", "--by", "adele")
    assert (await _run(town_hall, monkeypatch, *back)).exit_code == 0
    assert not notices
    for wrong in (
        (*spoken,),
        (*spoken, "--for", "2 h", "--until", "18:00"),
        (*spoken, "--until", "soon"),
        (*spoken, "--for", "long"),
        (*spoken, "--for", "2 h", "--in", "fr"),
        ("announce", "--by", "adele"),
        ("surge", "on", "--by", "amina", "--for", "30 min", "--reason", "x"),
    ):
        assert (await _run(town_hall, monkeypatch, *wrong)).exit_code != 0, wrong
    assert (dict(notices), dict(surges)) == ({}, {})


async def test_a_bare_time_is_the_next_one_of_the_towns_clock(
    town_hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Practice may stand on another day than the machine."""
    zone = ZoneInfo(town().time_zone)
    for ahead in (2 * HOUR, 23 * HOUR):
        wanted = (town_hall.clock.now() + ahead) // MINUTE * MINUTE
        clock_time = f"{datetime.fromtimestamp(wanted / SECOND, zone):%H:%M}"
        spoken = ("announce", "Plows are out", "--until", clock_time, "--by", "adele", "--yes")
        done = await _run(town_hall, monkeypatch, *spoken)
        assert done.exit_code == 0, done.output
        assert town_hall.engine.state.notices["notice"].until == wanted
