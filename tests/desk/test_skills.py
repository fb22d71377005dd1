"""Skills for today: set by supervisors, on the record, seen on the wallboard and at the desk."""

from __future__ import annotations

from typing import Any

from router.core.model import DAY, SECOND, AgentId
from router.desk.pictures import agent_view
from router.desk.wall import board_of
from tests.core.test_skills_today import MIDNIGHT
from tests.desk.house import House
from tests.desk.test_api import _ask

SKILLS = "/agents/boris/skills"
BORIS = AgentId("boris")


async def levels(house: House) -> dict[str, tuple[int, int]]:
    """Return level and usual level of every skill of boris."""
    view = (await _ask(house, "sam", "GET", SKILLS)).json()
    return {one["skill"]: (one["level"], one["usual"]) for one in view["skills"]}


async def test_a_supervisor_changes_skills_until_the_day_is_over(office: House) -> None:
    body = {"levels": {"roads": 6, "general": 0}, "reason": "fair"}
    view = (await _ask(office, "sam", "POST", SKILLS, body)).json()
    assert await levels(office) == {
        "general": (0, 5),
        "roads": (6, 0),
        "english": (9, 9),
        "french": (0, 0),
    }
    today = view["today"]
    assert (today["by"], today["reason"]) == ("sam", "fair")
    assert [one["skill"] for one in today["changed"]] == ["general", "roads"]
    assert office.engine.state.skills[BORIS].until == MIDNIGHT
    back = (await _ask(office, "adele", "DELETE", SKILLS)).json()
    assert back["today"] is None
    assert (await levels(office))["roads"] == (0, 0)
    trail = (await _ask(office, "adele", "GET", "/audit?limit=2")).json()
    assert [(t["who"], t["what"], t["target"]) for t in trail] == [
        ("adele", "skills-restored", "boris"),
        ("sam", "skills-set", "boris: roads 6, general 0"),
    ]


async def test_it_ends_when_it_is_told_to(office: House) -> None:
    await _ask(office, "sam", "POST", SKILLS, {"levels": {"roads": 6}, "for_s": 60})
    await office.pass_time(59 * SECOND)
    assert (await levels(office))["roads"] == (6, 0)
    await office.pass_time(SECOND)
    assert (await levels(office))["roads"] == (0, 0)


async def test_what_cannot_be_is_refused(office: House) -> None:
    end = "2026-11-23T18:00:00Z"
    for path, body, code in (
        (SKILLS, {"levels": {"roads": 11}}, "malformed"),
        (SKILLS, {"levels": {}}, "malformed"),
        (SKILLS, {"levels": {"roads": 1}, "for_s": 7 * DAY // SECOND + 1}, "malformed"),
        (SKILLS, {"levels": {"plumbing": 1}}, "unknown-target"),
        (SKILLS, {"levels": {"roads": 1}, "for_s": 60, "until": end}, "not-now"),
        (SKILLS, {"levels": {"roads": 1}, "until": "2026-11-23T08:00:00Z"}, "not-now"),
        (SKILLS, {"levels": {"roads": 1}, "until": "2026-12-23T08:00:00Z"}, "not-allowed"),
        ("/agents/dora/skills", {"levels": {"roads": 1}}, "unknown-agent"),
    ):
        answer = await _ask(office, "sam", "POST", path, body)
        assert (answer.json()["code"], body) == (code, body)
    assert (await _ask(office, "sam", "GET", "/agents/dora/skills")).json()["code"] == (
        "unknown-agent"
    )
    assert not office.engine.state.skills


async def test_wallboard_and_desk_say_what_is_other_today(town_hall: House) -> None:
    state = town_hall.engine.state
    async with town_hall.desk("boris") as boris:
        assert boris.welcome["agent"]["skills_today"] is None
        body = {"levels": {"roads": 6}, "reason": "fair"}
        await _ask(town_hall, "sam", "POST", SKILLS, body)

        def is_told(message: dict[str, Any]) -> bool:
            return message["agent"]["skills_today"] is not None

        told = (await boris.until("agent", is_told))["agent"]["skills_today"]
        assert [(one["names"]["en"], one["level"]) for one in told["changed"]] == [("roads", 6)]
        board = board_of(state, town_hall.about, town_hall.clock.now())
        assert board.agents["boris"].skills_today == agent_view(state, BORIS).skills_today
        await _ask(town_hall, "sam", "DELETE", SKILLS)
        assert (await boris.until("agent"))["agent"]["skills_today"] is None
