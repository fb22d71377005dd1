"""What a queue's steps let pass: the requirement after so many steps, and which of them hold.

Steps count from 1, as `Item.step` does. A step without a condition is taken when its time has come.
One with a condition is *open* while its time has come and the condition holds; it is *kept* by who
waited meanwhile, unless it ends with the condition. Pure functions of policy and numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

from router.core import requirement
from router.core.item_attributes import values_of
from router.core.model import Condition, Span
from router.core.policy import Policy, Queue, Step
from router.core.records import Item

NOTHING: Final[frozenset[str]] = frozenset()
OF_ITEM: Final = "item."  # stands in every requirement that asks for an attribute of the item


Given = tuple[tuple[str, str], ...]  # the item's attributes that are asked for, by name


@lru_cache(maxsize=4096)
def bound(
    queue_requires: str, item_requires: str, language_skill: str, given: Given | None = None
) -> str:
    """Return the canonical requirement of a queue or step, an item's own, its language and more.

    `given` has the item's attributes that are asked for; None: what some item asks for at least.
    """
    expr = requirement.parse(queue_requires)
    if item_requires:
        expr = requirement.conjunction(expr, requirement.parse(item_requires))
    if given is None:
        expr = requirement.for_some_item(expr)
    else:
        expr = requirement.bind_item(expr, dict(given))
    return requirement.canonical(requirement.bind_language(expr, language_skill))


def given_of(policy: Policy, queue: Queue, item: Item) -> Given:
    """Return the item's attributes that a requirement of the queue, or its own, asks for."""
    if not asks_of_item(queue, item):  # as almost everywhere
        return ()
    texts = [text for text in (*asked(queue), item.requires) if OF_ITEM in text]
    return values_of(policy, item, NOTHING.union(*map(_attributes, texts)))


def asks_of_item(queue: Queue, item: Item) -> bool:
    """Say whether a requirement of the queue, or the item's own, asks for attributes of items."""
    return OF_ITEM in item.requires or any(OF_ITEM in text for text in asked(queue))


@lru_cache(maxsize=4096)
def _attributes(text: str) -> frozenset[str]:
    return requirement.attributes_of_item(requirement.parse(text))


@lru_cache(maxsize=4096)
def either(one: str, other: str) -> str:
    """Return the canonical requirement that is met by who meets one of the two."""
    return requirement.canonical(requirement.Or((requirement.parse(one), requirement.parse(other))))


def skill_of(policy: Policy, language: str) -> str:
    """Return the skill that serves a language; the town's first one for an unknown language."""
    languages = policy.languages
    for known in languages:
        if known.id == language:
            return known.skill
    return languages[0].skill


def asked(queue: Queue) -> Iterator[str]:
    """Yield every requirement by which somebody may take an item of the queue, sooner or later."""
    yield queue.requires
    for step in queue.steps:
        if step.requires:
            yield step.requires
        yield from step.adds


def text_at(
    queue: Queue,
    step: int,
    requires: str,
    skill: str,
    given: Given | None,
    held: Collection[int] = (),
) -> str:
    """Return the bound requirement after so many steps; `held`: those with a condition that count.

    Shape: `requires` is the item's own requirement, `skill` that of its language, `given` as of
        `bound`.
    """
    text = bound(queue.requires, requires, skill, given)
    for number, each in enumerate(queue.steps[:step], 1):
        if each.condition is not None and number not in held:
            continue
        if each.requires:
            text = bound(each.requires, requires, skill, given)
        for more in each.adds:
            text = either(text, bound(more, requires, skill, given))
    return text


def open_steps(queue: Queue, step: int, conditions: Collection[Condition]) -> tuple[int, ...]:
    """Return which of the first so many steps have a condition that holds."""
    return tuple(
        number
        for number, each in enumerate(queue.steps[:step], 1)
        if each.condition is not None and each.condition in conditions
    )


def timed_steps(queue: Queue, after: int, step: int) -> Iterator[int]:
    """Yield the steps beyond `after` up to `step` that time alone takes."""
    return (n for n in range(after + 1, step + 1) if queue.steps[n - 1].condition is None)


def head_start_of(queue: Queue, numbers: Collection[int]) -> Span:
    """Return by how much these steps together let an item rank earlier."""
    return sum(queue.steps[number - 1].head_start for number in numbers)


def widens(step: Step) -> bool:
    """Say whether the step has a condition and changes who takes an item, or when."""
    return step.condition is not None and bool(step.requires or step.adds or step.head_start)
