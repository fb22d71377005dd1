"""What is so after a step, in the words of the scenario, beside what was expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from router.core.consults import asked
from router.core.flows.script import Dial
from router.core.formulas import offered
from router.core.hours import standing
from router.core.lone_joining import is_walked
from router.core.model import IN_LINE, ItemState
from router.core.on_call import open_attempt
from router.core.queueing import URGENT, emergency_of
from router.core.records import Item
from router.core.tallies import summed
from router.policy.models_scenarios import NOBODY, ExpectShape
from router.scenarios.stage import CannotAct, Stage, item_id

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise than a scenario says."""

    key: str  # of `expect`, or the action that was not possible
    expected: str
    found: str


Finder = Callable[[Stage, Item], str]


def _offered_to(stage: Stage, item: Item) -> str:
    offers = (stage.state.offers[each] for each in item.offers)
    return ", ".join(offer.agent for offer in offers) or NOBODY


def _handled_by(_: Stage, item: Item) -> str:
    has = item.state in (ItemState.HANDLING, ItemState.HELD, ItemState.WRAP_UP)
    return str(item.agent) if has and item.agent is not None else NOBODY


def _place(stage: Stage, item: Item) -> str:
    if item.queue is None or item.state not in IN_LINE:
        return "not in line"
    return str(stage.state.index.line(item.queue, item.tempo).rank((item.urgency_at, item.id)) + 1)


def _urgent(_: Stage, item: Item) -> str:
    by_mail_rule = item.text is not None and item.text.urgent
    return _yes_no(by_mail_rule or item.head_start >= URGENT)


def _rings(stage: Stage, item: Item) -> str:
    in_flow = item.state is ItemState.IN_FLOW and item.flow is not None
    then = stage.then(item.id) if in_flow else None
    told = open_attempt(stage.state, item.id)
    if told is not None and told.way == "call":
        alone = is_walked(stage.state.walks.get(item.id))  # the caller has hung up
        if alone or isinstance(then, Dial):
            return told.contact
    consult = asked(stage.state, item)
    if consult is not None and not consult.connected:
        return consult.to.removeprefix("contact:")
    return then.number if isinstance(then, Dial) else NOBODY


def _rule(stage: Stage, item: Item) -> str:
    walked = stage.walked.get(item.id)
    if walked is None:
        return NONE
    return next((each.rule for each in reversed(walked.tried) if each.hit), NONE)


def _condition(stage: Stage, item: Item) -> str:
    walked = stage.walked.get(item.id)
    return NONE if walked is None else str(walked.condition)


def _in_time(stage: Stage, item: Item) -> str:
    counts = summed(
        row
        for row in stage.state.tallies.values()
        if (row.queue, row.channel) == (item.queue, item.channel)
    )
    return f"{counts['answered']} of {offered(counts)}"


FINDERS: Final[dict[str, Finder]] = {
    "state": lambda _, item: str(item.state),
    "form": lambda _, item: str(item.form),
    "queue": lambda _, item: item.queue or NONE,
    "subject": lambda _, item: item.subject or NONE,
    "language": lambda _, item: item.language or NONE,
    "offered_to": _offered_to,
    "handled_by": _handled_by,
    "requires": lambda _, item: item.requirement,
    "place": _place,
    "urgent": _urgent,
    "rings": _rings,
    "mails": lambda stage, item: ", ".join(stage.mails.get(item.id, [])) or "nothing",
    "rule": _rule,
    "condition": _condition,
    "mail_rule": lambda _, item: (item.text.rule if item.text is not None else "") or NONE,
    "due": lambda stage, item: _local(stage, item.due_at),
    "until": lambda stage, item: _local(stage, item.deferred_until),
    "service_level": lambda _, item: item.service_level or NONE,
    "in_time": _in_time,
}


def differences(stage: Stage, name: str, expect: ExpectShape) -> list[Difference]:
    """Return everything that is not as expected, in the order in which it is written."""
    found: list[Difference] = []
    for key in expect.model_fields_set:
        if key not in FINDERS:
            found += OTHERS[key](stage, name, expect)
            continue
        expected = _written(getattr(expect, key))
        try:
            came = FINDERS[key](stage, stage.item(name))
        except CannotAct as why:
            came = str(why)
        if came != expected:
            found.append(Difference(key, expected, came))
    return found


def _said(stage: Stage, name: str) -> str:
    """Return what was heard in this step, each sentence once."""
    return " ".join(dict.fromkeys(stage.heard.get(item_id(name), ())))


def _heard(stage: Stage, name: str, expect: ExpectShape) -> list[Difference]:
    said = _said(stage, name)
    return [
        Difference("heard", words, said or "nothing") for words in expect.heard if words not in said
    ]


def _not_heard(stage: Stage, name: str, expect: ExpectShape) -> list[Difference]:
    said = _said(stage, name)
    return [
        Difference("not_heard", f"nothing of {words!r}", said)
        for words in expect.not_heard
        if words in said
    ]


def _open(stage: Stage, _: str, expect: ExpectShape) -> list[Difference]:
    found: list[Difference] = []
    for hours, expected in expect.open.items():
        holds = standing(stage.policy.hours[hours], stage.now, emergency_of(stage.state, hours))
        if holds.is_open != expected:
            words = _open_words
            came = f"{words(holds.is_open)} ({holds.reason or holds.rule})"
            found.append(Difference(f"open.{hours}", words(expected), came))
    return found


OTHERS: Final[dict[str, Callable[[Stage, str, ExpectShape], list[Difference]]]] = {
    "heard": _heard,
    "not_heard": _not_heard,
    "open": _open,
}


def _open_words(is_open: bool) -> str:
    return "open" if is_open else "closed"


def _yes_no(holds: bool) -> str:
    return "true" if holds else "false"


def _local(stage: Stage, instant: int | None) -> str:
    return NONE if instant is None else stage.local(instant)


def _written(value: object) -> str:
    """Return an expected value as a scenario writes it."""
    if isinstance(value, bool):
        return _yes_no(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
