"""Checks that every name that is used is one that something has.

Names are looked up in the text of the file that declares them, so that a mistake elsewhere in that
file does not make its names unknown. A file that cannot be read at all keeps its names unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from router.core import requirement
from router.policy import models_flows as nodes
from router.policy.complaints import Path, unknown
from router.policy.documents import Document
from router.policy.models_fallback import CALLED_ON, OWN, QUEUE_ACTIONS
from router.policy.models_mail import WORD_KEYS, MailFile
from router.policy.models_queues import QueueRules
from router.policy.sources import Sources

REQUIREMENT: Final = "requirement"  # a use that is no name: where one stands
WHAT_BRANCHES_KNOW = ("language", "subject")


class Use(NamedTuple):
    """A name that is used somewhere."""

    document: Document
    path: Path
    kind: str
    name: str


def check_names(sources: Sources) -> None:
    """Complain about each name that nothing has, with the nearest one."""
    known = _known(sources)
    known[REQUIREMENT] = None
    for document, path, kind, name in _uses(sources):
        names = known[kind]
        if names is not None and name not in names:
            document.complain(path, unknown(kind, name, names))


def requirements_of(sources: Sources) -> Iterator[tuple[Document, Path, str]]:
    """Yield every requirement of every file, and where it stands."""
    for document, path, kind, text in _uses(sources):
        if kind == REQUIREMENT:
            yield document, path, text


def _known(sources: Sources) -> dict[str, frozenset[str] | None]:
    town, fallback = sources.town.document, sources.fallback.document

    def names(document: Document, *path: str) -> frozenset[str] | None:
        return frozenset(document.keys(*path)) if document.readable else None

    languages = None
    if sources.town.model is not None and sources.town.whole:
        languages = frozenset(each.id for each in sources.town.model.languages)
    contacts, lists = names(fallback, "contacts"), names(fallback, "on_call")
    return {
        "skill": names(sources.skills.document, "skills"),
        "capacity": names(sources.skills.document, "capacities"),
        "queue": names(sources.queues.document, "queues"),
        "set of opening hours": names(sources.hours.document, "hours"),
        "set of waiting announcements": names(sources.announcements.document, "waiting"),
        "service": names(sources.hours.document, "services"),
        "chain": names(fallback, "chains"),
        "mailbox": None if sources.mail is None else names(sources.mail.document, "mailboxes"),
        "word list": None if sources.mail is None else names(sources.mail.document, "word_lists"),
        "contact": contacts,
        "contact or on-call list": None if contacts is None or lists is None else contacts | lists,
        "subject": names(town, "subjects"),
        "wrap-up code": names(town, "wrap_up_codes"),
        "language": languages,
        "flow": frozenset(sources.flows),
        "attribute": frozenset((*WHAT_BRANCHES_KNOW, *_attributes(sources))),
    }


def _attributes(sources: Sources) -> Iterator[str]:
    """Yield every attribute that some flow sets."""
    for part in sources.flows.values():
        for node in part.model.nodes.values() if part.model is not None else ():
            if isinstance(node, nodes.SetNode):
                yield from node.set.attributes
            elif isinstance(node, nodes.MenuNode):
                for choice in node.choices.values():
                    yield from choice.attributes


def _uses(sources: Sources) -> Iterator[Use]:
    for found in (_in_town, _in_hours, _in_skills, _in_queues, _in_fallback, _in_forms, _in_texts):
        yield from found(sources)
    for part in sources.flows.values():
        for name, node in part.model.nodes.items() if part.model is not None else ():
            yield from _in_node(part.document, ("nodes", name), node)


def _in_town(sources: Sources) -> Iterator[Use]:
    document, town = sources.town.document, sources.town.model
    if town is None:
        return
    for index, language in enumerate(town.languages):
        yield Use(document, ("languages", index, "skill"), "skill", language.skill)
    for subject, agreement in town.agreements.items():
        yield Use(document, ("agreements", subject), "subject", subject)
        if agreement.department:
            path = ("agreements", subject, "department")
            yield Use(document, path, "contact", agreement.department)
    for typed in document.keys("numbers"):
        flow = document.text("numbers", typed)
        if flow is not None:
            yield Use(document, ("numbers", typed), "flow", flow)


def _in_skills(sources: Sources) -> Iterator[Use]:
    document, skills = sources.skills.document, sources.skills.model
    for name, agent in skills.agents.items() if skills is not None else ():
        for skill in agent.skills:
            yield Use(document, ("agents", name, "skills", skill), "skill", skill)
        yield Use(document, ("agents", name, "capacity"), "capacity", agent.capacity)
        for index, queue in enumerate(agent.own_queues):
            yield Use(document, ("agents", name, "own_queues", index), "queue", queue)


def _in_hours(sources: Sources) -> Iterator[Use]:
    document, hours = sources.hours.document, sources.hours.model
    for name, layers in hours.services.items() if hours is not None else ():
        for index, layer in enumerate(layers):
            path = ("services", name, index, "hours")
            for each, used in enumerate(layer.hours):
                yield Use(document, (*path, each), "set of opening hours", used)


def _in_queues(sources: Sources) -> Iterator[Use]:
    document, queues = sources.queues.document, sources.queues.model
    if queues is None:
        return
    yield from _in_rules(document, ("defaults",), queues.defaults)
    for name, queue in queues.queues.items():
        path = ("queues", name)
        yield from _in_rules(document, path, queue)
        yield from _skills(document, (*path, "requires"), queue.requires)
        for index, step in enumerate(queue.steps):
            at = (*path, "steps", index)
            for key in ("requires", "or_requires"):
                if (text := getattr(step, key)) is not None:
                    yield from _skills(document, (*at, key), text)
            for number, other in enumerate(step.or_agents_of):
                yield Use(document, (*at, "or_agents_of", number), "queue", other)
            if step.fallback:
                yield Use(document, (*at, "fallback"), "chain", step.fallback)
    for name, minimum in queues.minimums.items():
        for index, counted in enumerate(minimum.queues):
            yield Use(document, ("minimums", name, "queues", index), "queue", counted)
    for name, turn in queues.turns.items():
        for part, shape in turn.parts.items():
            for index, counted in enumerate(shape.queues):
                place: Path = ("turns", name, "parts", part, "queues", index)
                yield Use(document, place, "queue", counted)


def _in_rules(document: Document, path: Path, rules: QueueRules) -> Iterator[Use]:
    if rules.hours:
        yield Use(document, (*path, "hours"), "set of opening hours", rules.hours)
    if rules.announcements:
        kind = "set of waiting announcements"
        yield Use(document, (*path, "announcements"), kind, rules.announcements)
    for condition, chain in rules.fallback.items():
        yield Use(document, (*path, "fallback", condition.value), "chain", chain)
    if rules.callback is not None:
        yield Use(
            document, (*path, "callback", "hours"), "set of opening hours", rules.callback.hours
        )


def _in_fallback(sources: Sources) -> Iterator[Use]:
    document, fallback = sources.fallback.document, sources.fallback.model
    if fallback is None:
        return
    for chain, rules in fallback.chains.items():
        for index, rule in enumerate(rules):
            path = ("chains", chain, index)
            for each, subject in enumerate(rule.when.subject):
                yield Use(document, (*path, "when", "subject", each), "subject", subject)
            if rule.when.hours:
                yield Use(
                    document, (*path, "when", "hours"), "set of opening hours", rule.when.hours
                )
            for action in QUEUE_ACTIONS:
                queue = getattr(rule, action)
                if queue and queue != OWN:
                    yield Use(document, (*path, action), "queue", queue)
            if rule.chain:
                yield Use(document, (*path, "chain"), "chain", rule.chain)
            for action in CALLED_ON:
                yield from _targets(document, (*path, action), getattr(rule, action))
    for index, queue in enumerate(fallback.surge.first if fallback.surge is not None else ()):
        yield Use(document, ("surge", "first", index), "queue", queue)
    for subject in fallback.call_outs:
        yield Use(document, ("call_outs", subject), "subject", subject)
    for name, on_call in fallback.on_call.items():
        for each, contact in enumerate(on_call.otherwise):
            yield Use(document, ("on_call", name, "otherwise", each), "contact", contact)
        for index, shift in enumerate(on_call.shifts):
            for each, contact in enumerate(shift.contacts):
                at = ("on_call", name, "shifts", index, "contacts", each)
                yield Use(document, at, "contact", contact)


def _in_forms(sources: Sources) -> Iterator[Use]:
    document, forms = sources.forms.document, sources.forms.model
    for name, form in forms.forms.items() if forms is not None else ():
        path = ("forms", name)
        yield Use(document, (*path, "queue"), "queue", form.queue)
        if form.subject:
            yield Use(document, (*path, "subject"), "subject", form.subject)
        yield from _skills(document, (*path, "requires"), form.requires)
        for field, shape in form.fields.items():
            at = (*path, "fields", field, "choices_from_subjects")
            for index, subject in enumerate(shape.choices_from_subjects):
                yield Use(document, (*at, index), "subject", subject)


def _in_texts(sources: Sources) -> Iterator[Use]:
    """Yield what mail, chat and canned answers name."""
    if sources.mail is not None and sources.mail.model is not None:
        yield from _in_mail(sources.mail.document, sources.mail.model)
    if sources.chat is not None and sources.chat.model is not None:
        for name, door in sources.chat.model.doors.items():
            yield from _aim(sources.chat.document, ("doors", name), door.queue, door.subject)
    if sources.answers is not None and sources.answers.model is not None:
        for name, shape in sources.answers.model.answers.items():
            for index, subject in enumerate(shape.subjects):
                at = ("answers", name, "subjects", index)
                yield Use(sources.answers.document, at, "subject", subject)


def _in_mail(document: Document, mail: MailFile) -> Iterator[Use]:
    for name, box in mail.mailboxes.items():
        yield from _aim(document, ("mailboxes", name), box.queue, box.subject)
    for index, rule in enumerate(mail.rules):
        path = ("rules", index)
        if rule.route and rule.route != OWN:
            yield Use(document, (*path, "route"), "queue", rule.route)
        if rule.subject:
            yield Use(document, (*path, "subject"), "subject", rule.subject)
        if rule.close:
            yield Use(document, (*path, "close"), "wrap-up code", rule.close)
        yield from _skills(document, (*path, "requires"), rule.requires)
        for key, kind in (("mailbox", "mailbox"), *((key, "word list") for key in WORD_KEYS)):
            for each, name in enumerate(getattr(rule.when, key)):
                yield Use(document, (*path, "when", key, each), kind, name)


def _aim(document: Document, path: Path, queue: str, subject: str) -> Iterator[Use]:
    yield Use(document, (*path, "queue"), "queue", queue)
    if subject:
        yield Use(document, (*path, "subject"), "subject", subject)


def _in_node(document: Document, path: Path, node: nodes.NodeShape) -> Iterator[Use]:
    match node:
        case nodes.MenuNode():
            for key, choice in node.choices.items():
                yield from _in_values(document, (*path, "choices", key), choice)
        case nodes.SetNode():
            yield from _in_values(document, (*path, "set"), node.set)
        case nodes.HoursNode():
            yield Use(document, (*path, "hours"), "set of opening hours", node.hours)
        case nodes.ServiceNode():
            yield Use(document, (*path, "service"), "service", node.service)
        case nodes.BranchNode():
            yield Use(document, (*path, "branch"), "attribute", node.branch)
            for value in node.exits if node.branch in ("language", "subject") else ():
                yield Use(document, (*path, "exits", value), node.branch, value)
        case nodes.QueueNode():
            yield Use(document, (*path, "queue"), "queue", node.queue)
            yield from _skills(document, (*path, "requires"), node.requires)
        case nodes.FallbackNode():
            yield Use(document, (*path, "fallback"), "chain", node.fallback)
            if node.queue:
                yield Use(document, (*path, "queue"), "queue", node.queue)
        case nodes.CallbackNode():
            yield Use(document, (*path, "callback"), "queue", node.callback)
        case nodes.VoicemailNode():
            yield Use(document, (*path, "voicemail"), "queue", node.voicemail)
        case nodes.TransferNode():
            yield from _targets(document, (*path, "transfer"), node.transfer)
        case nodes.GotoNode():
            yield Use(document, (*path, "goto"), "flow", node.goto)


def _in_values(document: Document, path: Path, values: nodes.ValuesShape) -> Iterator[Use]:
    if values.language:
        yield Use(document, (*path, "language"), "language", values.language)
    if values.subject:
        yield Use(document, (*path, "subject"), "subject", values.subject)
    yield from _skills(document, (*path, "requires"), values.requires)


def _targets(document: Document, path: Path, targets: list[str]) -> Iterator[Use]:
    for index, target in enumerate(targets):
        yield Use(document, (*path, index), "contact or on-call list", target)


def _skills(document: Document, path: Path, requires: str) -> Iterator[Use]:
    if requires:
        yield Use(document, path, REQUIREMENT, requires)
        for skill in sorted(requirement.skills_of(requirement.parse(requires))):
            yield Use(document, path, "skill", skill)
