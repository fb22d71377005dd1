"""Checks that every agent can get something, and that every queue has somebody who can serve it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import requirement
from router.core.model import Tempo
from router.policy import models_flows as nodes
from router.policy.complaints import Path
from router.policy.documents import Document
from router.policy.models_attributes import typed
from router.policy.models_mail import OWN
from router.policy.models_queues import QueueShape
from router.policy.models_skills import AgentShape, SkillsFile
from router.policy.models_town import LanguageShape, TownFile
from router.policy.sources import Sources

_WHAT: Final = {
    Tempo.LIVE: "calls (a `leg` and capacity for live)",
    Tempo.FAST_TEXT: "chats (capacity for fast_text)",
    Tempo.SLOW_TEXT: "mails, forms and messages (capacity for slow_text)",
}


def check_people(sources: Sources) -> None:
    """Complain about agents nobody could ever reach and queues nobody could ever serve."""
    skills, queues, town = sources.skills, sources.queues, sources.town
    if skills.model is None or queues.model is None or town.model is None:
        return
    if not (skills.whole and queues.whole and town.whole):
        return
    _check_agents(sources, skills.model, queues.model.queues, town.model)
    live = _live_queues(sources)
    for name, queue in queues.model.queues.items():
        at, widest = _widest(queue)
        tempos = (Tempo.LIVE, Tempo.SLOW_TEXT) if name in live else (Tempo.SLOW_TEXT,)
        for message in _unserved(skills.model, town.model, widest, tempos):
            queues.document.complain(("queues", name, *at), message)
    _check_additions(sources, skills.model, queues.model.queues, town.model)
    _check_doors(sources, skills.model, queues.model.queues, town.model)


def _widest(queue: QueueShape) -> tuple[tuple[str | int, ...], str]:
    """Return what is needed after the longest wait whatever condition holds, and where it stands.

    Who may take it beside others makes it no narrower.
    """
    for index, step in reversed(list(enumerate(queue.steps))):
        if step.requires is not None and step.condition is None:
            return ("steps", index, "requires"), step.requires
    return ("requires",), queue.requires


def asked_in(queue: QueueShape) -> Iterator[str]:
    """Yield every requirement that the queue itself names."""
    yield queue.requires
    for step in queue.steps:
        yield from (each for each in (step.requires, step.or_requires) if each is not None)


def tempos_of(agent: AgentShape, skills: SkillsFile) -> frozenset[Tempo]:
    """Return what the agent can be given at all; calls need a telephone."""
    capacity = skills.capacities.get(agent.capacity)
    if capacity is None:
        return frozenset()
    given = {tempo for tempo in Tempo if getattr(capacity, tempo.value)}
    return frozenset(given - ({Tempo.LIVE} if agent.leg is None else set()))


def _bound(requires: str, language: LanguageShape) -> requirement.Expr:
    wanted = requirement.for_some_item(requirement.parse(requires))
    return requirement.bind_language(wanted, language.skill)


def _check_agents(
    sources: Sources, skills: SkillsFile, queues: dict[str, QueueShape], town: TownFile
) -> None:
    wanted = [
        _bound(requires, language)
        for queue in queues.values()
        for requires in asked_in(queue)
        for language in town.languages
    ]
    for name, agent in skills.agents.items():
        path = ("agents", name)
        if agent.capacity not in skills.capacities:
            continue  # said elsewhere
        if not tempos_of(agent, skills):
            message = (
                f"nobody could ever reach this agent: capacity {agent.capacity!r} gives calls only,"
                " and there is no `leg` to ring; add one, or choose another capacity"
            )
            if not any(getattr(skills.capacities[agent.capacity], t.value) for t in Tempo):
                message = f"nobody could ever reach this agent: capacity {agent.capacity!r} is 0"
            sources.skills.document.complain(path, message, at_key=True)
        elif not any(
            requirement.matches(
                each, agent.skills, typed(agent.attributes, skills.attributes, agent.team)
            )
            for each in wanted
        ):
            sources.skills.document.complain(
                path,
                "nobody could ever reach this agent: the skills meet no queue's requirement at any"
                " step, in any language; add a skill or raise a level",
                at_key=True,
            )


def _unserved(
    skills: SkillsFile, town: TownFile, requires: str, tempos: tuple[Tempo, ...]
) -> Iterator[str]:
    """Yield what nobody could do, language by language."""
    for language in town.languages:
        needed = _bound(requires, language)
        fitting = [
            tempos_of(agent, skills)
            for agent in skills.agents.values()
            if requirement.matches(
                needed, agent.skills, typed(agent.attributes, skills.attributes, agent.team)
            )
        ]
        shown = requirement.canonical(needed)
        if not fitting:
            yield (
                f"nobody could ever serve this in {language.name}: no agent of skills.yaml has"
                f" {shown}; lower it, or give somebody the skills"
            )
            continue
        for tempo in tempos:
            if not any(tempo in each for each in fitting):
                yield (
                    f"nobody could ever serve this in {language.name}: agents with {shown} exist,"
                    f" but none of them takes {_WHAT[tempo]}"
                )


def _live_queues(sources: Sources) -> frozenset[str]:
    """Return the queues that callers can come to."""
    found: set[str] = set()
    for part in sources.flows.values():
        for node in part.model.nodes.values() if part.model is not None else ():
            if isinstance(node, nodes.QueueNode | nodes.FallbackNode):
                found.add(node.queue)
            elif isinstance(node, nodes.CallbackNode):
                found.add(node.callback)
    if sources.fallback.model is not None:
        for rules in sources.fallback.model.chains.values():
            found.update(each for rule in rules for each in (rule.queue, rule.callback))
    return frozenset(found)


def _check_additions(
    sources: Sources, skills: SkillsFile, queues: dict[str, QueueShape], town: TownFile
) -> None:
    """Complain about what flows, forms and mail rules ask for on top and nobody could meet."""
    for document, path, name, requires, tempo in _additions(sources):
        queue = queues.get(name)
        if queue is not None:
            both = f"({_widest(queue)[1]}) and ({requires})"
            for message in _unserved(skills, town, both, (tempo,)):
                document.complain(path, message)


def _additions(sources: Sources) -> Iterator[tuple[Document, Path, str, str, Tempo]]:
    for part in sources.flows.values():
        for name, node in part.model.nodes.items() if part.model is not None else ():
            if isinstance(node, nodes.QueueNode) and node.requires:
                path = ("nodes", name, "requires")
                yield part.document, path, node.queue, node.requires, Tempo.LIVE
    forms = sources.forms
    for name, form in forms.model.forms.items() if forms.model is not None else ():
        if form.requires:
            path = ("forms", name, "requires")
            yield forms.document, path, form.queue, form.requires, Tempo.SLOW_TEXT
    if sources.mail is not None and sources.mail.model is not None:
        mail = sources.mail.model
        for index, rule in enumerate(mail.rules):
            boxes = rule.when.mailbox or list(mail.mailboxes)
            own = [mail.mailboxes[name].queue for name in boxes if name in mail.mailboxes]
            for queue in dict.fromkeys(own if rule.route == OWN else [rule.route]):
                if rule.requires:
                    at = ("rules", index, "requires")
                    yield sources.mail.document, at, queue, rule.requires, Tempo.SLOW_TEXT


def _check_doors(
    sources: Sources, skills: SkillsFile, queues: dict[str, QueueShape], town: TownFile
) -> None:
    """Complain about chats that nobody could ever take."""
    if sources.chat is None or sources.chat.model is None:
        return
    if not any(each.fast_text for each in skills.capacities.values()):
        message = "nobody could ever take a chat: no capacity gives fast_text; for example"
        message += " fast_text: 2"
        sources.skills.document.complain(("capacities",), message, at_key=True)
        return
    for name, door in sources.chat.model.doors.items():
        widest = _widest(queues[door.queue])[1] if door.queue in queues else ""
        if widest and not any(_unserved(skills, town, widest, ())):  # said of the queue itself
            path = ("doors", name, "queue")
            for message in _unserved(skills, town, widest, (Tempo.FAST_TEXT,)):
                sources.chat.document.complain(path, message)
