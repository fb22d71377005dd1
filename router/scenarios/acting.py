"""Acts scenarios: step by step through the production core, each expectation looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from router.core.flows.nodes import rule_at
from router.core.model import Span
from router.core.policy import Policy
from router.errors import CommandRefused
from router.policy.models_scenarios import ScenarioStepShape
from router.scenarios import inside, residents
from router.scenarios.expectations import Difference, differences
from router.scenarios.reading import Scenario
from router.scenarios.stage import CannotAct, Stage, item_id


def _wait(stage: Stage, _: str, span: Span) -> None:
    stage.pass_until(stage.now + span)


def _until(stage: Stage, _: str, local: Any) -> None:
    end = stage.instant(local)
    if end < stage.now:
        raise CannotAct(f"it is {stage.local(stage.now)} already")
    stage.pass_until(end)


ACTIONS: Final[dict[str, Callable[[Stage, str, Any], None]]] = {
    "call": residents.call,
    "keys": residents.keys,
    "outcome": residents.outcome,
    "record": residents.record,
    "hang_up": residents.hang_up,
    "mail": residents.mail,
    "form": residents.form,
    "chat": residents.chat,
    "wait": _wait,
    "until": _until,
    "arrive": inside.arrive,
    "away": inside.away,
    "leave": inside.leave,
    "accept": inside.accept,
    "decline": inside.decline,
    "finish": inside.finish,
    "by_hand": inside.by_hand,
    "as_usual": inside.as_usual,
    "surge": inside.surge,
    "announce": inside.announce,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that was not met."""

    scenario: str
    place: str  # file:line of the expectation
    step: int  # from 1
    difference: Difference
    because: str  # which rule fired last, with its place; "" when none did

    def __str__(self) -> str:
        """Return what `townline test` prints."""
        at, found = f"{self.place}: {self.scenario}, step {self.step}", self.difference
        text = f"{at}\n    {found.key}: expected {found.expected}\n    {'found':>8} {found.found}"
        return f"{text}\n    because of {self.because}" if self.because else text


def act(scenario: Scenario, policy: Policy) -> list[Failure]:
    """Act a scenario under a policy; return what came out otherwise, [] when nothing did.

    After a step that cannot happen the rest is left out: it would only say the same again.
    """
    return _act(Stage(policy, scenario.shape.at), scenario)


def met_by(scenario: Scenario, policy: Policy) -> frozenset[str]:
    """Return the parts of a policy that matter to a scenario that holds, as `Stage.met`."""
    stage = Stage(policy, scenario.shape.at)
    _act(stage, scenario)
    return frozenset(stage.met)


def _act(stage: Stage, scenario: Scenario) -> list[Failure]:
    failures: list[Failure] = []
    try:
        inside.arrive(stage, "", scenario.shape.staff)
    except (CommandRefused, CannotAct) as why:
        found = Difference("staff", "possible", str(why))
        return [_failure(stage, scenario, 0, "", ("staff",), found)]
    for number, step in enumerate(scenario.shape.steps):
        stage.begin_step()
        try:
            _take(stage, step)
        except (CommandRefused, CannotAct) as why:
            found, at = Difference(step.action, "possible", str(why)), (step.action,)
            return [*failures, _failure(stage, scenario, number, step.item, at, found)]
        if step.expect is not None:
            failures += [
                _failure(stage, scenario, number, step.item, ("expect", each.key), each)
                for each in differences(stage, step.item, step.expect)
            ]
    return failures


def _take(stage: Stage, step: ScenarioStepShape) -> None:
    if step.action:
        ACTIONS[step.action](stage, step.item, getattr(step, step.action))


def _failure(
    stage: Stage,
    scenario: Scenario,
    number: int,
    item: str,
    at: tuple[str, ...],
    difference: Difference,
) -> Failure:
    path: tuple[str | int, ...] = ("staff",) if at == ("staff",) else ("steps", number, *at)
    line = scenario.line(*path)
    place = f"{scenario.document.file}:{line}"
    return Failure(scenario.name, place, number + 1, difference, _because(stage, item))


def _because(stage: Stage, item: str) -> str:
    """Return the rule that was taken last for the item, and where it stands."""
    row = stage.state.items.get(item_id(item))
    walked = stage.walked.get(item_id(item))
    if walked is not None:
        taken = next((each.rule for each in reversed(walked.tried) if each.hit), "")
        rule = rule_at(stage.policy, f"!{taken}")
        if rule is not None:
            return f"rule {taken} ({rule.place})"
    if row is not None and row.text is not None and stage.policy.mail is not None:
        mail_rule = stage.policy.mail.rule(row.text.rule)
        if mail_rule is not None:
            return f"mail rule {mail_rule.id} ({mail_rule.file}:{mail_rule.line})"
    if row is not None and row.queue in stage.policy.queues:
        return f"queue {row.queue} ({stage.policy.queues[row.queue].place})"
    return ""
