"""Steps by time and by strain: what is refused, and what comes of what is right."""

from __future__ import annotations

import pytest

from router.core.model import MINUTE, SECOND, Condition, QueueId
from router.core.policy_waiting import AtRisk, Forecast, LongWait, Scope
from router.policy.show import show
from tests.policy.conftest import Town
from tests.policy.mistakes import QUEUES, Mistake, expect

LAST = "      - {after_s: 240, requires: (building or general >= 5) and $language >= 3}\n"
STEP = "queues.building.steps[2]"
RISK = "  at_risk: {forecast: interval} # less than the share in this quarter of an hour\n"


def added(step: str, at: str, path: str, message: str) -> Mistake:
    """Return the mistake of a step below the last one of queue building."""
    return Mistake(QUEUES, LAST, f"{LAST}      - {step}\n", at, path, message)


MISTAKES = {
    "condition that nobody measures": Mistake(
        QUEUES, RISK, "", "at_risk, after_s: 60", "queues.roads.steps[1].when",
        "nothing says when the queue is at_risk; add to the queue, or to `defaults`,"
        " at_risk: {enter: 0.8, leave: 0.5}",
    ),
    "thresholds that are one": Mistake(
        QUEUES, "{forecast: interval}", "{enter: 0.8, leave: 0.8}", "at_risk: {",
        "defaults.at_risk", "ends at 0.8, which is not below its beginning at 0.8",
    ),
    "a share without a forecast": Mistake(
        QUEUES, "{forecast: interval}", "{below: 0.7}", "at_risk: {", "defaults.at_risk",
        "write for example {forecast: interval, below: 0.7}, or {enter: 0.8, leave: 0.5}",
    ),
    "a forecast that ends at once": Mistake(
        QUEUES, "{forecast: interval}", "{forecast: interval, below: 0.7, until: 0.7}",
        "at_risk: {", "defaults.at_risk", "a forecast that ends at 0.7 must begin below that",
    ),
    "a forecast of another time": Mistake(
        QUEUES, "{forecast: interval}", "{forecast: week}", "week}",
        "defaults.at_risk.forecast", "interval",
    ),
    "spans that are one": Mistake(
        QUEUES, "leave_s: 200}", "leave_s: 300}", "long_wait: {", "defaults.long_wait",
        "write for example leave_s: 200",
    ),
    "condition of another kind": added(
        "{when: closed, requires: general}", "closed, requires", f"{STEP}.when", "at_risk",
    ),
    "both ways": added(
        "{when: at_risk, while: at_risk, requires: general}", "{when: at_risk, while", STEP,
        "has `when` and `while`; keep one",
    ),
    "neither time nor condition": added(
        "{requires: any}", "{requires: any}", STEP, "says neither `after_s` nor `when`",
    ),
    "step that does nothing": added(
        "{after_s: 300}", "{after_s: 300}", STEP, "does nothing; give one of requires",
    ),
    "unknown queue": added(
        "{after_s: 300, or_agents_of: [generl]}", "generl", f"{STEP}.or_agents_of[0]",
        "no queue is called 'generl'",
    ),
    "unknown skill": added(
        "{after_s: 300, or_requires: genral}", "genral", f"{STEP}.or_requires", "genral",
    ),
    "unknown chain": added(
        "{after_s: 300, fallback: nowhere}", "nowhere", f"{STEP}.fallback",
        "no chain is called 'nowhere'",
    ),
    "sent away at once": added(
        "{when: at_risk, fallback: waited_too_long}", "{when: at_risk, fallback", STEP,
        "under `fallback` of the queue: at_risk: waited_too_long",
    ),
    "out of order": added(
        "{after_s: 200, or_requires: any}", "200, or", f"{STEP}.after_s",
        "comes after a step at 240 s",
    ),
    "wait without an end": Mistake(
        QUEUES, "  wait_max_s: 1200\n", "  wait_max_s: 0\n", "general:\n    name", "queues.general",
        "nothing ends the wait of a caller whom nobody takes; give `wait_max_s`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)


def test_a_fate_of_a_condition_that_nobody_measures_is_refused_for_each_queue(town: Town) -> None:
    town.edit(
        QUEUES,
        "  long_wait: {enter_s: 300, leave_s: 200} # who came now would wait five minutes\n",
        "",
    )
    town.edit(
        QUEUES,
        "      - {while: long_wait, offer_callback: true} # not only after `offer_after_s`\n",
        "",
    )
    town.edit(QUEUES, "    full: too_many\n", "    full: too_many\n    long_wait: too_many\n")
    found = town.complaints()
    assert {each.path for each in found} >= {"queues.general", "queues.roads"}
    assert all("nothing says when the queue is long_wait" in str(each) for each in found)


def test_what_is_offered_must_be_there(town: Town) -> None:
    text = town.edit(
        QUEUES, "  callback:\n    offer_after_s: 90\n", "  unused:\n    offer_after_s: 90\n"
    )
    start = text.index("  unused:")
    path = town.directory / QUEUES
    path.write_text(text[:start] + text[text.index("\nqueues:") :], encoding="utf-8")
    (found,) = [each for each in town.complaints() if "nothing to offer" in str(each)]
    assert found.path == "queues.general.steps[0].offer_callback"


def test_at_risk_goes_by_the_first_caller_or_by_a_forecast_of_its_own_shares(town: Town) -> None:
    town.edit(QUEUES, "at_risk: {forecast: interval}", "at_risk: {enter: 0.8}")
    policy = town.load().policy
    assert policy is not None
    assert policy.queues[QueueId("building")].at_risk == AtRisk(
        48 * SECOND, 30 * SECOND, 48 * SECOND, 30 * SECOND, 0.8, 0.5
    )
    town.edit(QUEUES, "at_risk: {enter: 0.8}", "at_risk: {forecast: day, below: 0.6, until: 0.65}")
    policy = town.load().policy
    assert policy is not None
    day = Forecast(Scope.DAY, enter=0.6, leave=0.65)
    found = policy.queues[QueueId("building")].at_risk
    assert found is not None
    assert (found.enter, found.forecast) == (0, day)
    assert "less than 60% of the present day is foreseen, until 65% is" in show(policy)


def test_steps_are_compiled_with_what_they_depend_on(town: Town) -> None:
    town.edit(
        QUEUES,
        LAST,
        LAST + "      - {while: long_wait, or_requires: clerks, head_start_s: 60}\n"
        "      - {after_s: 900, fallback: waited_too_long}\n",
    )
    policy = town.load().policy
    assert policy is not None
    building, roads = policy.queues[QueueId("building")], policy.queues[QueueId("roads")]
    assert (building.at_risk, building.long_wait) == (
        AtRisk(
            0,
            0,
            48 * SECOND,
            30 * SECOND,
            0.8,
            0.5,
            Forecast(Scope.INTERVAL, enter=0.7, leave=0.85),
        ),
        LongWait(enter=5 * MINUTE, leave=200 * SECOND),
    )
    strained, last = building.steps[2:]
    assert (strained.after, strained.condition, strained.is_lasting) == (
        240 * SECOND,
        Condition.LONG_WAIT,
        False,
    )
    assert (strained.requires, strained.adds, strained.head_start) == ("", ("clerks",), MINUTE)
    assert (last.after, last.condition, last.chain) == (900 * SECOND, None, "waited_too_long")
    helped = roads.steps[1]
    assert (helped.condition, helped.is_lasting) == (Condition.AT_RISK, True)
    assert helped.adds == tuple(policy.queues[QueueId(q)].requires for q in ("bylaw", "building"))
