"""Reads config/scenarios/*.yaml, and tells every mistake in them where it stands.

Names of queues, agents, hours and the rest are held against the policy that is to be tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from router.core.policy import Policy
from router.policy.complaints import Complaint, unknown
from router.policy.complaints import Path as KeyPath
from router.policy.documents import Document, read
from router.policy.models_scenarios import NOBODY, ScenariosFile, ScenarioShape
from router.policy.shapes import Part, fit

FOLDER: Final = "config/scenarios"
FREE: Final = frozenset({"", NOBODY, "none", "nothing"})  # mean that there is none


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario and where it stands."""

    name: str
    shape: ScenarioShape
    document: Document

    def line(self, *path: str | int) -> int:
        """Return the line of a key below the scenario."""
        return self.document.place(("scenarios", self.name, *path), at_key=True)[0]

    @property
    def place(self) -> str:
        """`file:line` at which it begins."""
        return f"{self.document.file}:{self.line()}"


def read_scenarios(
    directory: Path, policy: Policy
) -> tuple[tuple[Scenario, ...], tuple[Complaint, ...]]:
    """Return the scenarios of a policy folder, in order of file and line, and every mistake.

    Errors: none; a folder without scenarios has none.
    """
    folder = directory / FOLDER
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    scenarios: list[Scenario] = []
    complaints = [
        Complaint(f"{FOLDER}/{path.name}", 1, 1, "", "nothing reads it; call it *.yaml")
        for path in folder.glob("*.yml")
    ]
    places: dict[str, str] = {}
    for path in files:
        part = fit(read(directory, f"{FOLDER}/{path.name}"), ScenariosFile)
        for each in _of(part):
            first = places.setdefault(each.name, each.place)
            if first != each.place:
                each.document.complain(
                    ("scenarios", each.name),
                    f"a scenario of this name stands at {first}; give it another",
                    at_key=True,
                )
            _check(each, policy)
            scenarios.append(each)
        complaints += part.document.complaints
    return tuple(scenarios), tuple(sorted(set(complaints)))


def _of(part: Part[ScenariosFile]) -> Iterator[Scenario]:
    if part.model is not None:
        for name, shape in part.model.scenarios.items():
            yield Scenario(name, shape, part.document)


# --- names ---------------------------------------------------------------------------------------

Known = Callable[[Policy], Iterable[str]]


def _rules(policy: Policy) -> Iterable[str]:
    return (f"{c.id}/{rule.id}" for c in policy.fallbacks.values() for rule in c.rules)


def _mail_rules(policy: Policy) -> Iterable[str]:
    return () if policy.mail is None else (rule.id for rule in policy.mail.rules)


def _doors(policy: Policy) -> Iterable[str]:
    return () if policy.chat is None else policy.chat.doors


def _languages(policy: Policy) -> Iterable[str]:
    return (each.id for each in policy.languages)


AGENT: Final[tuple[str, Known]] = ("agent", lambda p: p.agents)
HOURS: Final[tuple[str, Known]] = ("hours", lambda p: p.hours)
LANGUAGE: Final[tuple[str, Known]] = ("language", _languages)
CONTACT: Final[tuple[str, Known]] = ("contact", lambda p: p.contacts)

# Where a name stands below a step -> what it names, and the names there are.
NAMES: Final[dict[tuple[str, ...], tuple[str, Known]]] = {
    ("accept",): AGENT,
    ("decline",): AGENT,
    ("finish",): AGENT,
    ("arrive",): AGENT,
    ("away",): AGENT,
    ("leave",): AGENT,
    ("as_usual",): HOURS,
    ("by_hand", "hours"): HOURS,
    ("form", "form"): ("form", lambda p: p.forms),
    ("form", "language"): LANGUAGE,
    ("chat", "door"): ("door", _doors),
    ("chat", "language"): LANGUAGE,
    ("expect", "queue"): ("queue", lambda p: p.queues),
    ("expect", "subject"): ("subject", lambda p: p.subjects),
    ("expect", "language"): LANGUAGE,
    ("expect", "offered_to"): AGENT,
    ("expect", "handled_by"): AGENT,
    ("expect", "rings"): CONTACT,
    ("expect", "rule"): ("fallback rule", _rules),
    ("expect", "mail_rule"): ("mail rule", _mail_rules),
    ("expect", "open"): HOURS,
}


def _check(scenario: Scenario, policy: Policy) -> None:
    """Complain about names that the policy does not have."""
    at: KeyPath = ("scenarios", scenario.name)
    for index, name in enumerate(scenario.shape.staff):
        _known(scenario, (*at, "staff", index), name, *AGENT, policy)
    for number, step in enumerate(scenario.shape.steps):
        for path, (kind, known) in NAMES.items():
            value: object = step
            for key in path:
                value = getattr(value, key, None)
            where = (*at, "steps", number, *path)
            if isinstance(value, str):
                _known(scenario, where, value, kind, known, policy)
            elif isinstance(value, list | dict):
                for index, name in enumerate(value):
                    below = name if isinstance(value, dict) else index
                    _known(scenario, (*where, below), name, kind, known, policy)
        for who, reason in step.away.items():
            where = (*at, "steps", number, "away", who)
            _known(scenario, where, reason, "away reason", lambda p: p.away_reasons, policy)


def _known(
    scenario: Scenario, path: KeyPath, name: str, kind: str, known: Known, policy: Policy
) -> None:
    names = list(known(policy))
    if name not in FREE and name not in names:
        scenario.document.complain(path, unknown(kind, name, names))
