"""What comes next is told with its instant and the place of the rule, in the shipped town."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core.apply import apply
from router.core.dues import _MERGED, _WAITS_FOR
from router.core.explain import lines_of, why_waiting
from router.core.explain_next import TELLERS, what_next
from router.core.model import DAY, SECOND, AgentId, ItemId, LegResult, QueueId
from router.core.policy import Policy
from router.core.state import State
from router.policy.load import load
from tests.core.town import Desk

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("America/Toronto")
MORNING = int(datetime(2026, 11, 23, 10, tzinfo=ZONE).timestamp()) * SECOND


@pytest.fixture(scope="module")
def policy() -> Policy:
    loaded = load(ROOT, today=date(2026, 11, 22))
    assert loaded.policy is not None
    return loaded.policy


def told(desk: Desk, item: ItemId) -> list[tuple[str, str]]:
    """Return what comes next, with the local time of day."""
    row = desk.state.items[item]
    return [
        (f"{datetime.fromtimestamp(at / SECOND, ZONE):%H:%M:%S}", what)
        for at, what in what_next(desk.state, row)
    ]


def waiting(policy: Policy) -> tuple[Desk, ItemId]:
    desk = Desk(policy, now=MORNING)
    desk.sign_in("hannah")
    desk.call("i0", "1", "2", "2", caller="first")
    desk.answer("hannah")
    return desk, desk.call("i1", "1", "2", "2", caller="second")


def test_a_waiting_call_knows_step_promise_limit_and_closing(policy: Policy) -> None:
    desk, item = waiting(policy)
    place = policy.queues[QueueId("roads")].steps[0].place.line
    found = told(desk, item)
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert dict(found)["10:00:30"].startswith("the promise of queue roads is missed")
    relaxed = (
        f"the requirement relaxes to: english >= 4 and roads >= 3 (config/queues.yaml:{place})"
    )
    assert ("10:00:45", relaxed) in found
    assert "chain waited_too_long for late (config/fallback.yaml:" in dict(found)["10:20:00"]
    assert "chain waited_too_long for closing (config/fallback.yaml:" in dict(found)["18:00:00"]


def test_an_offer_says_when_it_ends(policy: Policy) -> None:
    desk = Desk(policy, now=MORNING)
    desk.sign_in("hannah")
    item = desk.call("i1", "1", "2", "2")
    assert ("10:00:20", "the offer to hannah ends unanswered") in told(desk, item)


def test_what_is_kept_says_when_it_is_back_in_line(policy: Policy) -> None:
    desk = Desk(policy, now=MORNING + DAY // 2)
    item = desk.form("i1")
    assert ("08:00:00", "is back in line of queue general") in told(desk, item)


def test_what_has_ended_expects_nothing(policy: Policy) -> None:
    desk, item = waiting(policy)
    desk.do(c.EndCall(item_id=item, call_id=f"CA{item}", reason="completed"))
    assert told(desk, item) == []


def test_everything_that_an_item_waits_for_has_a_sentence() -> None:
    named = {what for dues in (*_WAITS_FOR.values(), _MERGED) for _, what in dues}
    assert (named | {"passed_over", "flow", "callback", "idle", "page"}) - {"forget"} == set(
        TELLERS
    )


def test_every_rule_is_told_with_file_and_line(policy: Policy) -> None:
    desk = Desk(policy, now=MORNING + DAY // 2)
    item = desk.call("i1", "1", "0")
    position = desk.state.items[item].flow
    assert position is not None  # the answering service is rung first
    desk.do(c.AdvanceFlow(item_id=item, step=position.step, result=LegResult.NO_ANSWER))
    details = " | ".join(_details(desk, item))
    assert "the node stands in ivr_flows/" in details
    line = next(r for r in policy.fallbacks["after_hours"].rules if r.id == "message").place.line
    assert f"rule after_hours/message (config/fallback.yaml:{line}): taken" in details


def _details(desk: Desk, item: ItemId) -> list[str]:
    state = State()
    state.policies = dict(desk.state.policies)
    found: list[str] = []
    for event in desk.story:
        found += [each for line in lines_of(state, event, item) for each in line.details]
        apply(state, event)
    return found


def test_another_skill_of_one_agent_is_another_reason(policy: Policy) -> None:
    """The same call, the same people: what is said of Amara follows from her skills alone."""

    def reason(agents: Policy) -> str:
        desk, item = waiting(agents)
        desk.sign_in("amara")
        (line, *_) = why_waiting(desk.state, desk.now, item)
        return next(each for each in line.details if each.startswith("Amara Osei: "))

    assert reason(policy) == "Amara Osei: needs roads at 5 or better, has none"
    amara = policy.agents[AgentId("amara")]
    taught = replace(amara, skills={**amara.skills, "roads": 4})
    other = reason(replace(policy, agents={**policy.agents, amara.id: taught}))
    assert other == "Amara Osei: needs roads at 5 or better, has 4"
