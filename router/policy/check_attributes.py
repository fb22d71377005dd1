"""Checks the attributes of agents, and what requirements ask of agents and items beside skills.

Every name must be declared, every value one that can be, and a requirement may not split the line
into more parts than the engine looks at with ease: an agent's attribute that must equal an item's
makes one line for each value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Final

from router.core.item_attributes import BUILT_IN
from router.core.model import Channel
from router.core.requirement_reader import mentions
from router.core.requirement_terms import ITEM, Attribute, RequirementError
from router.policy import models_flows as nodes
from router.policy.check_names import requirements_of
from router.policy.complaints import Path, remedy
from router.policy.documents import Document
from router.policy.models_attributes import AttributeShape
from router.policy.shapes import complain_within
from router.policy.sources import Sources

TEAM: Final = "team"
LINES_MAX: Final = 500  # that one requirement makes; beyond it every decision gets slower

Known = Mapping[str, frozenset[str] | None]  # attribute -> its values; None: numbers


def check_attributes(sources: Sources) -> None:
    """Complain about attributes and values that nothing has."""
    skills = sources.skills.model
    if skills is None or not sources.skills.whole:
        return
    for name, agent in skills.agents.items():
        for attribute, value in agent.attributes.items():
            path: Path = ("agents", name, "attributes", attribute)
            declared = skills.attributes.get(attribute)
            wrong = _wrong_value(attribute, value, declared, list(skills.attributes))
            if wrong:
                sources.skills.document.complain(path, wrong, at_key=declared is None)
    teams = frozenset(agent.team for agent in skills.agents.values()) - {""}
    agents: dict[str, frozenset[str] | None] = {
        name: None if each.number else frozenset(each.values)
        for name, each in skills.attributes.items()
    }
    if TEAM in agents:
        message = "every agent has a `team` already: choose another name"
        sources.skills.document.complain(("attributes", TEAM), message, at_key=True)
    agents[TEAM] = teams
    items = _of_items(sources, teams)
    for document, where, text in requirements_of(sources):
        found = _mentions(document.text(*where) or text)
        for term, column in found:
            for message in _mistakes(term, agents, items):
                complain_within(document, where, message, column)
        _check_lines(document, where, [term for term, _ in found], agents)


def _mentions(text: str) -> list[tuple[Attribute, int]]:
    try:
        return mentions(text)
    except RequirementError:
        return []  # said elsewhere


def _wrong_value(name: str, value: str, declared: AttributeShape | None, known: list[str]) -> str:
    if declared is None:
        return f"no attribute is called {name!r}; {remedy(name, known)} (`attributes`)"
    if declared.number:
        return "" if value.isdecimal() else f"{value!r} is no whole number"
    return "" if value in declared.values else f"no such value; {remedy(value, declared.values)}"


def _of_items(sources: Sources, teams: frozenset[str]) -> Known:
    """Return what items can have: built in, set by flows, chosen on forms."""
    town = sources.town.model
    known: dict[str, set[str]] = {name: set() for name in BUILT_IN}
    known["channel"] |= {each.value for each in Channel}
    known["owner_team"] |= teams
    if town is not None:
        known["language"] |= {each.id for each in town.languages}
        known["subject"] |= set(town.subjects)
    for attributes in _set_by_flows(sources):
        for name, value in attributes.items():
            known.setdefault(name, set()).add(value)
    forms = sources.forms.model.forms.values() if sources.forms.model is not None else ()
    for field, shape in ((f, s) for form in forms for f, s in form.fields.items()):
        if shape.kind == "choice" and not shape.identity:
            known.setdefault(field, set()).update(shape.choices or shape.choices_from_subjects)
    return {name: frozenset(values) for name, values in known.items()}


def _set_by_flows(sources: Sources) -> Iterator[Mapping[str, str]]:
    for part in sources.flows.values():
        for node in part.model.nodes.values() if part.model is not None else ():
            if isinstance(node, nodes.SetNode):
                yield node.set.attributes
            elif isinstance(node, nodes.MenuNode):
                yield from (choice.attributes for choice in node.choices.values())


def _mistakes(term: Attribute, agents: Known, items: Known) -> Iterator[str]:
    known = items if term.of == ITEM else agents
    if term.name not in known:
        yield f"no attribute of {term.of}s is called {term.name!r}; {remedy(term.name, known)}"
        return
    values = known[term.name]
    if term.item:
        if term.item not in items:
            yield f"no attribute of items is called {term.item!r}; {remedy(term.item, items)}"
        elif values is None:
            yield f"agent.{term.name} is a number and item.{term.item} a text: never equal"
        return
    for value in term.values:
        if values is None and isinstance(value, str):
            yield f"{term.of}.{term.name} is a number: write it without quotes"
        elif values is not None and isinstance(value, int):
            yield f'{term.of}.{term.name} is a text: write "{value}"'
        elif values is not None and value not in values:
            yield f"{term.of}.{term.name} is never {value!r}; {remedy(str(value), values)}"
    if values is not None and term.op not in ("in", "!="):
        yield f"{term.of}.{term.name} is a text: compare it with ==, != or in"


def _check_lines(document: Document, path: Path, terms: list[Attribute], agents: Known) -> None:
    """Warn of a requirement that makes too many lines."""
    pairs = {(term.name, term.item) for term in terms if term.item}
    lines = prod(len(agents.get(name) or ()) or 1 for name, _ in pairs)
    if lines > LINES_MAX:
        message = f"makes up to {lines} separate lines, more than {LINES_MAX}: every decision gets"
        message += " slower; compare fewer attributes with the item's"
        document.complain(path, message, is_warning=True)
