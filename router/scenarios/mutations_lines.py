"""Mistakes in queues, flows, numbers, forms, doors and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from router.core.policy import CallbackRule, Flow, Node, Policy, Prompt, Queue, Values
from router.scenarios.mutations import Mutation, with_nth, with_row, without
from router.scenarios.unnoticeable import is_followed

_LEVEL: Final = re.compile(r">= (\d+)")


def queues(policy: Policy) -> Iterator[Mutation]:
    """Levels, steps, promises, limits, head starts and fates of queues."""
    for name, rule in policy.queues.items():
        place, about = str(rule.place), f"queue:{name}"
        for family, other in _other_queues(policy, rule):
            yield Mutation(
                family, f"queue {name}", place, about, with_row(policy, "queues", name, other)
            )
        for index, step in enumerate(rule.steps):
            rows = without(rule.steps, index)
            yield Mutation(
                "step dropped",
                f"queue {name} step {index + 1}",
                str(step.place),
                about,
                with_row(policy, "queues", name, replace(rule, steps=rows)),
            )
            later = with_nth(rule.steps, index, replace(step, after=step.after * 3))
            if index == len(rule.steps) - 1:
                yield Mutation(
                    "step later",
                    f"queue {name} step {index + 1}",
                    str(step.place),
                    about,
                    with_row(policy, "queues", name, replace(rule, steps=later)),
                )


def _other_queues(policy: Policy, rule: Queue) -> Iterator[tuple[str, Queue]]:
    higher = _LEVEL.sub(lambda found: f">= {min(10, int(found[1]) + 2)}", rule.requires)
    if higher != rule.requires:
        yield "levels raised", replace(rule, requires=higher)
    promises = {
        channel: replace(each, within=2 * each.within) for channel, each in rule.promises.items()
    }
    yield "promise doubled", replace(rule, target_span=2 * rule.target_span, promises=promises)
    yield (
        "first response later",
        replace(
            rule,
            first_response_days=2 * rule.first_response_days,
            first_response_span=2 * rule.first_response_span,
        ),
    )
    if rule.head_start:
        yield "head start removed", replace(rule, head_start=0)
    if rule.wait_max:
        yield "longest wait doubled", replace(rule, wait_max=2 * rule.wait_max)
    if rule.absence:
        yield "absence doubled", replace(rule, absence=2 * rule.absence)
    if rule.callback is not None:
        later = replace(rule.callback, retry_after=2 * rule.callback.retry_after)
        yield "callback retried later", replace(rule, callback=later)
        yield "callback forgotten", replace(rule, callback=None)
        yield from _other_windows(rule, rule.callback)
    if rule.announcements.say_place:
        silent = replace(rule.announcements, say_place=False)
        yield "place not said", replace(rule, announcements=silent)
    for condition in sorted(rule.fates):
        if is_followed(policy, rule, condition):
            left = {each: chain for each, chain in rule.fates.items() if each != condition}
            yield f"fallback for {condition} forgotten", replace(rule, fates=left)


# --- flows ---------------------------------------------------------------------------------------


def _other_windows(rule: Queue, callback: CallbackRule) -> Iterator[tuple[str, Queue]]:
    windows = callback.windows
    if windows is None:
        return
    others = {
        "times of callbacks forgotten": None,
        "times of callbacks today alone": replace(windows, days=0),
        "times of callbacks never full": replace(windows, most=10 * windows.most),
    }
    for family, other in others.items():
        yield family, replace(rule, callback=replace(callback, windows=other))


def flows(policy: Policy) -> Iterator[Mutation]:
    """Digits swapped, texts removed, subjects forgotten, nodes that lead elsewhere."""
    for flow in policy.flows.values():
        for node in flow.nodes.values():
            for family, other in _other_nodes(policy, flow, node):
                nodes = {**flow.nodes, node.id: other}
                yield Mutation(
                    family,
                    f"{flow.id}/{node.id}",
                    str(node.place),
                    f"flow:{flow.id}",
                    with_row(policy, "flows", flow.id, replace(flow, nodes=nodes)),
                )


def _other_nodes(policy: Policy, flow: Flow, node: Node) -> Iterator[tuple[str, Node]]:
    if node.service:
        for layer, later in pairwise(node.exits):
            exits = {**node.exits, layer: node.exits[later], later: node.exits[layer]}
            yield f"layers {layer} and {later} swapped", replace(node, exits=exits)
    if node.choose_time:
        yield "no time is chosen", replace(node, choose_time=False)
    if node.prompt.text:
        yield "text removed", replace(node, prompt=Prompt(text={}, audio={}))
    digits = list(node.choices)
    for first, second in pairwise(digits):
        one, two = node.choices[first], node.choices[second]
        if one != two:
            yield (
                f"keys {first} and {second} swapped",
                replace(node, choices={**node.choices, first: two, second: one}),
            )
    for digit, choice in node.choices.items():
        values = choice.values or Values()
        if values.subject:
            bare = replace(choice, values=replace(values, subject=""))
            yield (
                f"subject of key {digit} removed",
                replace(node, choices={**node.choices, digit: bare}),
            )
        if values.head_start:
            late = replace(choice, values=replace(values, head_start=0))
            yield (
                f"head start of key {digit} removed",
                replace(node, choices={**node.choices, digit: late}),
            )
    if node.queue is not None:
        yield (
            "queue swapped",
            replace(node, queue=next(each for each in policy.queues if each != node.queue)),
        )
    if len(node.targets) > 0:
        other = next((each for each in policy.contacts if each not in node.targets), "")
        yield "target changed", replace(node, targets=(other,))
    if node.kind == "hours":
        yield (
            "open and closed swapped",
            replace(node, exits={"open": node.exits["closed"], "closed": node.exits["open"]}),
        )
    if node.values is not None and node.values.attributes:
        yield "attributes forgotten", replace(node, values=replace(node.values, attributes={}))


# --- doors and people ----------------------------------------------------------------------------


def doors(policy: Policy) -> Iterator[Mutation]:
    """Numbers, forms and chat doors that lead elsewhere."""
    for number, flow in policy.numbers.items():
        other = next(each for each in policy.flows if each != flow)
        yield Mutation(
            "number leads elsewhere",
            number,
            "config/town.yaml",
            "channel:voice",
            with_row(policy, "numbers", number, other),
        )
    for name, form in policy.forms.items():
        elsewhere = next(each for each in policy.queues if each != form.queue)
        yield Mutation(
            "queue swapped",
            f"form {name}",
            str(form.place),
            "channel:webform",
            with_row(policy, "forms", name, replace(form, queue=elsewhere)),
        )
        if form.subject_field:
            bare = replace(form, subject_field="", subject=next(iter(policy.subjects)))
            yield Mutation(
                "subject field forgotten",
                f"form {name}",
                str(form.place),
                "channel:webform",
                with_row(policy, "forms", name, bare),
            )
    chat = policy.chat
    if chat is None:
        return
    for door in chat.doors.values():
        elsewhere = next(each for each in policy.queues if each != door.queue)
        rows = {**chat.doors, door.id: replace(door, queue=elsewhere)}
        yield Mutation(
            "queue swapped",
            f"door {door.id}",
            f"{door.file}:{door.line}",
            "channel:chat",
            replace(policy, chat=replace(chat, doors=rows)),
        )


def people(policy: Policy) -> Iterator[Mutation]:
    """Skills forgotten."""
    for name, agent in policy.agents.items():
        for skill in agent.skills:
            left = {each: level for each, level in agent.skills.items() if each != skill}
            yield Mutation(
                "skill forgotten",
                f"{name} {skill}",
                "skills.yaml",
                f"agent:{name}",
                with_row(policy, "agents", name, replace(agent, skills=left)),
            )


FAMILIES: Final = (queues, flows, doors, people)
