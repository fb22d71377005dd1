"""What becomes of the files: spans in nanoseconds, names resolved, places kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.hours import standing
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    STRAIN,
    AgentId,
    Channel,
    Condition,
    FlowId,
    QueueId,
    Tempo,
)
from router.core.policy import Policy
from router.policy.compile import instant_of
from router.policy.load import load
from tests.policy.conftest import ROOT, TODAY, Town


@pytest.fixture(scope="module")
def policy() -> Policy:
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    return policy


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * SECOND


def test_a_queue_takes_from_the_defaults_what_it_does_not_say(policy: Policy) -> None:
    animals, building = policy.queues[QueueId("animals")], policy.queues[QueueId("building")]
    assert (animals.target_share, animals.target_span) == (0.7, 30 * SECOND)
    assert building.target_span == 60 * SECOND
    assert animals.first_response_span == 4 * HOUR
    assert (building.first_response_days, building.first_response_business) == (2, True)
    assert animals.offer_timeout[Tempo.LIVE] == 20 * SECOND
    assert animals.announcements.say_wait is False
    assert animals.announcements.texts["wait_risen"] == policy.texts["wait_risen"]
    assert animals.announcements.texts["place"] != policy.texts["place"]
    assert animals.callback is not None
    assert animals.callback.expires_after == 24 * HOUR
    assert set(animals.fates) == set(Condition) - STRAIN


def test_a_queue_may_change_single_entries_of_the_defaults(town: Town) -> None:
    town.edit(
        "config/queues.yaml",
        "    announcements: quiet\n",
        "    fallback: {full: nobody_there}\n    offer_timeout_s: {live: 15}\n"
        "    announcements: quiet\n",
    )
    policy = town.load().policy
    assert policy is not None
    animals = policy.queues[QueueId("animals")]
    assert animals.fates[Condition.FULL] == "nobody_there"
    assert animals.fates[Condition.LATE] == "waited_too_long"
    assert animals.offer_timeout[Tempo.LIVE] == 15 * SECOND
    assert animals.offer_timeout[Tempo.SLOW_TEXT] == 120 * SECOND


def test_a_town_may_work_on_a_holiday(town: Town) -> None:
    town.edit("config/hours.yaml", "removed: []", "removed: [2026-12-28]")
    policy = town.load().policy
    assert policy is not None
    assert "2026-12-28" not in policy.hours["town_hall"].holidays
    assert "2026-12-26" in policy.hours["town_hall"].holidays


def test_rules_know_the_line_on_which_they_stand(policy: Policy) -> None:
    lines = (ROOT / "config/queues.yaml").read_text(encoding="utf-8").splitlines()
    queue = policy.queues[QueueId("tax")]
    assert lines[queue.place.line - 1].strip() == "tax:"
    assert "after_s: 60" in lines[queue.steps[0].place.line - 1]
    lines = (ROOT / "config/fallback.yaml").read_text(encoding="utf-8").splitlines()
    for rule in policy.fallbacks["after_hours"].rules:
        assert f"rule: {rule.id}" in lines[rule.place.line - 1]
    node = policy.flows[FlowId("main")].nodes["danger"]
    assert node.place.file == "ivr_flows/main.yaml"


@pytest.mark.parametrize(
    ("hours", "when", "is_open", "rule"),
    [
        ("town_hall", "2026-11-23T08:00-05:00", True, "open"),
        ("town_hall", "2026-11-23T18:00-05:00", False, "closed"),
        ("town_hall", "2026-11-28T19:40-05:00", False, "closed"),
        ("town_hall", "2026-12-24T13:00-05:00", False, "override"),
        ("town_hall", "2026-12-25T10:00-05:00", False, "holiday"),
        ("town_hall", "2026-08-03T10:00-04:00", False, "holiday"),
        ("recreation_line", "2026-09-07T11:00-04:00", True, "override"),
        ("recreation_line", "2026-12-25T11:00-05:00", False, "override"),
        ("statutory_holidays", "2026-12-26T19:40-05:00", True, "override"),
        ("statutory_holidays", "2026-11-28T19:40-05:00", False, "closed"),
    ],
)
def test_hours(policy: Policy, hours: str, when: str, is_open: bool, rule: str) -> None:
    stands = standing(policy.hours[hours], at(when))
    assert (stands.is_open, stands.rule) == (is_open, rule)


def test_a_step_asks_for_other_skills(policy: Policy) -> None:
    roads = policy.queues[QueueId("roads")]
    assert roads.requires == "$language >= 5 and roads >= 5"
    assert [step.after for step in roads.steps] == [45 * SECOND, 60 * SECOND, 120 * SECOND]
    assert roads.head_start == 30 * SECOND


def test_agents_and_capacity(policy: Policy) -> None:
    ivan, nadia = policy.agents[AgentId("ivan")], policy.agents[AgentId("nadia")]
    assert ivan.leg == "sip:ivan@pbx.example.org"
    assert policy.agents[AgentId("amara")].leg == "+19055550121"
    assert nadia.leg == ""
    assert policy.capacities[ivan.capacity].units[Tempo.LIVE] == 1
    capacity = policy.capacities[ivan.capacity]
    assert capacity.exclusive == frozenset()
    assert capacity.blocked_by[Tempo.SLOW_TEXT] == {Tempo.LIVE, Tempo.FAST_TEXT}
    assert Tempo.LIVE not in policy.capacities[nadia.capacity].units
    assert policy.capacities[nadia.capacity].blocked_by == {
        Tempo.SLOW_TEXT: frozenset({Tempo.FAST_TEXT})
    }


def test_fallback_rules(policy: Policy) -> None:
    rules = {rule.id: rule for rule in policy.fallbacks["after_hours"].rules}
    hazard = rules["road_or_animal_in_danger"]
    assert hazard.when_channel == {Channel.VOICE}
    assert "stop_sign_down" in hazard.when_subject
    assert (hazard.action, hazard.targets) == ("transfer", ("security", "operations_on_call"))
    assert (rules["next_opening"].action, rules["next_opening"].queue) == ("defer", None)
    assert (rules["urgent_message"].action, rules["urgent_message"].urgent) == ("voicemail", True)
    assert rules["holiday"].when_hours == "statutory_holidays"


def test_flows(policy: Policy) -> None:
    assert policy.numbers["+19055550101"] == "bylaw"
    assert policy.numbers["*"] == "main"
    nodes = policy.flows[FlowId("main")].nodes
    assert nodes["opening"].exits == {"open": "subjects", "closed": "closed"}
    choice = nodes["language"].choices["2"]
    assert choice.values is not None
    assert (choice.next, choice.values.language) == ("danger", "fr")
    assert nodes["language"].timeout == 5 * SECOND
    assert nodes["subjects"].choices["1"].values is None
    arena = policy.flows[FlowId("recreation")].nodes["arena"]
    assert (arena.kind, arena.targets) == ("transfer", ("arena",))


def test_forms(policy: Policy) -> None:
    report = policy.forms["report"]
    assert report.subject_field == "problem"
    choices = next(each.choices for each in report.fields if each.id == "problem")
    assert choices["pothole"] == policy.subjects["pothole"]
    assert {each.id for each in report.fields if each.identity} == {"name", "email", "phone"}


def test_limits(policy: Policy) -> None:
    assert policy.retention.redial == 15 * MINUTE
    assert policy.offers.pass_over == {
        "declined": 120 * SECOND,
        "missed": 60 * SECOND,
        "skipped": 15 * SECOND,
        "busy": 60 * SECOND,
        "unreachable": 15 * SECOND,
    }
    assert policy.dialling.caller_number == "+19055550100"
    assert set(policy.compiled_with) == {"townline", "holidays", "phonenumbers", "tzdata"}


def test_a_front_message_is_heard_from_local_time_to_local_time(town: Town) -> None:
    town.edit(
        "config/announcements.yaml",
        "front_messages: []",
        "front_messages:\n  - {id: storm, first: 2026-12-24 06:00, until: 2026-12-24 18:00,\n"
        "     numbers: +1 905 555 0100, text: {en: Storm., fr: Tempête.}}",
    )
    policy = town.load().policy
    assert policy is not None
    message = policy.front_messages[0]
    assert message.from_instant == at("2026-12-24T06:00-05:00")
    assert message.until - message.from_instant == 12 * HOUR
    assert message.numbers == {"+19055550100"}


def test_a_local_time_that_occurs_twice_is_the_first() -> None:
    twice = datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001  # local on purpose
    assert instant_of(twice, "America/Toronto") == at("2026-11-01T01:30-04:00")


def test_hours_nodes_may_tell_holidays_and_emergencies_apart(town: Town) -> None:
    town.edit(
        "ivr_flows/main.yaml",
        "    closed: closed\n",
        "    closed: closed\n    holiday: general\n    emergency: roads\n",
    )
    policy = town.load().policy
    assert policy is not None
    assert policy.flows[FlowId("main")].nodes["opening"].exits == {
        "open": "subjects",
        "closed": "closed",
        "holiday": "general",
        "emergency": "roads",
    }
