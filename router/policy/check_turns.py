"""Checks whose turn it is: nothing in two parts, no part of everything, no idle own queue."""

from __future__ import annotations

from itertools import combinations

from router.core import requirement
from router.policy.check_people import asked_in
from router.policy.documents import Document
from router.policy.models_attributes import typed
from router.policy.models_skills import SkillsFile
from router.policy.models_town import TownFile
from router.policy.models_turns import TurnPartShape
from router.policy.sources import Sources


def check_turns(sources: Sources) -> None:
    """Complain about parts that overlap and about own queues of which nothing is ever offered."""
    if sources.queues.model is None:
        return
    for name, turn in sources.queues.model.turns.items():
        _check_parts(sources.queues.document, ("turns", name, "parts"), turn.parts)
    skills, town = sources.skills, sources.town
    if skills.model is None or town.model is None:
        return
    if skills.whole and town.whole and sources.queues.whole:
        _check_own(sources, skills.model, town.model)


def _check_parts(
    document: Document, path: tuple[str, ...], parts: dict[str, TurnPartShape]
) -> None:
    if len(parts) == 1:
        message = "one part has no other to take turns with; add another, or remove the turn"
        document.complain(path, message, at_key=True)
    for name, part in parts.items():
        if not part.queues and part.tempo is None:
            message = "takes everything and leaves the other parts nothing; add queues or a tempo"
            document.complain((*path, name), message, at_key=True)
            return
    for (first, one), (second, other) in combinations(parts.items(), 2):
        if None not in (one.tempo, other.tempo) and one.tempo is not other.tempo:
            continue
        both = [queue for queue in other.queues if queue in one.queues]
        if both or not one.queues or not other.queues:
            what = f"what waits in queue {both[0]}" if both else "some of what waits here"
            message = f"{what} is in part {first}, too; take it out of one of them"
            document.complain((*path, second), message, at_key=True)


def _check_own(sources: Sources, skills: SkillsFile, town: TownFile) -> None:
    queues = sources.queues.model
    for id_, agent in skills.agents.items():
        traits = typed(agent.attributes, skills.attributes, agent.team)
        for index, name in enumerate(agent.own_queues):
            if queues is None or name not in queues.queues:
                continue  # said elsewhere
            queue = queues.queues[name]
            others = {other for step in queue.steps for other in step.or_agents_of}
            texts = [*asked_in(queue), *(queues.queues[each].requires for each in sorted(others))]
            asked = [
                requirement.bind_language(
                    requirement.for_some_item(requirement.parse(text)), language.skill
                )
                for text in texts
                for language in town.languages
            ]
            if not any(requirement.matches(each, agent.skills, traits) for each in asked):
                message = f"queue {name} never asks for what {id_} can do; remove it, or add skills"
                sources.skills.document.complain(("agents", id_, "own_queues", index), message)
