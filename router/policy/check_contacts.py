"""Checks that contacts can be reached in the way they are used: rung by number, told by mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.policy import models_flows as nodes
from router.policy.complaints import Path
from router.policy.documents import Document
from router.policy.models_fallback import CALLED_ON, FallbackFile
from router.policy.sources import Sources

_NEEDED: Final = {"transfer": "number", "page": "email"}  # action -> key of the contact


def check_contacts(sources: Sources) -> None:
    """Complain about targets that lack a number or an address, and about pages without mail."""
    fallback = sources.fallback
    if fallback.model is None or not fallback.whole:
        return
    for document, path, action, target in _targets(sources, fallback.model):
        lacking = _lacking(fallback.model, target, _NEEDED[action])
        if lacking:
            message = _message(fallback.model, target, _NEEDED[action], lacking)
            document.complain(path, message)
        if action == "page" and sources.mail is None:
            message = "nothing can be mailed, and the text of a page is missing: add mail.yaml"
            document.complain(path, message)


def _targets(sources: Sources, fallback: FallbackFile) -> Iterator[tuple[Document, Path, str, str]]:
    for chain, rules in fallback.chains.items():
        for index, rule in enumerate(rules):
            for action in CALLED_ON:
                for each, target in enumerate(getattr(rule, action)):
                    path = ("chains", chain, index, action, each)
                    yield sources.fallback.document, path, action, target
    town = sources.town
    for subject, agreement in town.model.agreements.items() if town.model is not None else ():
        if agreement.department:
            where = ("agreements", subject, "department")
            yield town.document, where, "transfer", agreement.department
    for part in sources.flows.values():
        for name, node in part.model.nodes.items() if part.model is not None else ():
            if isinstance(node, nodes.TransferNode):
                for each, target in enumerate(node.transfer):
                    yield part.document, ("nodes", name, "transfer", each), "transfer", target


def _lacking(fallback: FallbackFile, target: str, key: str) -> list[str]:
    """Return the contacts behind a target that lack the key; unknown names are said elsewhere."""
    names = [target]
    if target in fallback.on_call:
        on_call = fallback.on_call[target]
        names = [*on_call.otherwise, *(name for each in on_call.shifts for name in each.contacts)]
    known = (name for name in dict.fromkeys(names) if name in fallback.contacts)
    return [name for name in known if getattr(fallback.contacts[name], key) is None]


def _message(fallback: FallbackFile, target: str, key: str, lacking: list[str]) -> str:
    cannot = {"email": "cannot be told by mail", "number": "cannot be rung"}[key]
    if target in fallback.on_call:
        return f"of this list {', '.join(lacking)} {cannot}; add `{key}` there"
    return f"contact {target!r} {cannot}; add `{key}` there"
