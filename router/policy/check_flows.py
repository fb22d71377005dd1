"""Checks the call flows: every way leads somewhere, nobody goes round for ever, 911 comes first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.policy import models_flows as nodes
from router.policy.circles import circles
from router.policy.complaints import Path, unknown
from router.policy.models_flows import FlowFile
from router.policy.shapes import Part
from router.policy.sources import Sources

HANG_UP_WORDS: Final = {"en": "hang up", "fr": "raccroch"}  # other languages: 911 alone
_REACHES_PEOPLE: Final = (
    nodes.QueueNode,
    nodes.FallbackNode,
    nodes.CallbackNode,
    nodes.VoicemailNode,
    nodes.TransferNode,
)

Spot = tuple[str, str]  # flow, node


def check_flows(sources: Sources) -> None:
    """Complain about unknown, unreachable and endless nodes, and where 911 is not said first."""
    languages: list[str] = []
    if sources.town.model is not None:
        languages = [each.id for each in sources.town.model.languages]
    for part in sources.flows.values():
        if part.model is not None:
            _check_targets(part, part.model)
            if part.whole:
                _check_reachable(part, part.model)
                _check_safety(part, part.model, languages)
    _check_endless(sources)
    _check_used(sources)


# --- ways -----------------------------------------------------------------------------------------


def choices_of(node: nodes.NodeShape) -> Iterator[tuple[Path, str]]:
    """Yield where a caller's key leads, with the path of the target within the node."""
    if isinstance(node, nodes.MenuNode):
        for key, choice in node.choices.items():
            yield ("choices", key, "next"), choice.next


def silent_ways(node: nodes.NodeShape) -> Iterator[tuple[Path, str]]:
    """Yield where a call goes without the caller pressing a key."""
    match node:
        case nodes.HoursNode():
            yield ("open",), node.open
            yield ("closed",), node.closed
            for exit_ in ("holiday", "emergency"):
                if target := getattr(node, exit_):
                    yield (exit_,), target
        case nodes.BranchNode() | nodes.ServiceNode():
            for value, target in node.exits.items():
                yield ("exits", value), target
            yield ("otherwise",), node.otherwise
        case nodes.MenuNode():
            yield ("otherwise",), node.otherwise
        case (
            nodes.SayNode()
            | nodes.SetNode()
            | nodes.CallbackNode()
            | nodes.VoicemailNode()
            | nodes.TransferNode()
        ):
            yield ("next",), node.next


def _ways(node: nodes.NodeShape) -> Iterator[tuple[Path, str]]:
    yield from choices_of(node)
    yield from silent_ways(node)


def _check_targets(part: Part[FlowFile], flow: FlowFile) -> None:
    known = part.document.keys("nodes")
    for key, target in (("start", flow.start), ("safety", flow.safety)):
        if target not in known:
            part.document.complain((key,), unknown("node", target, known))
    for name, node in flow.nodes.items():
        for path, target in _ways(node):
            if target not in known:
                part.document.complain(("nodes", name, *path), unknown("node", target, known))


def _reached(flow: FlowFile, barred: frozenset[str] = frozenset()) -> set[str]:
    """Return the nodes that a call can come to without passing a barred one."""
    reached: set[str] = set()
    ahead = [flow.start]
    while ahead:
        name = ahead.pop()
        if name in reached or name in barred or name not in flow.nodes:
            continue
        reached.add(name)
        ahead.extend(target for _, target in _ways(flow.nodes[name]))
    return reached


def _check_reachable(part: Part[FlowFile], flow: FlowFile) -> None:
    if flow.start not in flow.nodes:
        return
    reached = _reached(flow)
    for name in flow.nodes:
        if name not in reached:
            message = "no way leads to this node; let another node lead to it, or delete it"
            part.document.complain(("nodes", name), message, at_key=True)


# --- 911 ------------------------------------------------------------------------------------------


def _said(node: nodes.NodeShape) -> dict[str, str]:
    match node:
        case nodes.SayNode():
            return node.say
        case nodes.MenuNode():
            return node.menu
        case nodes.HangupNode():
            return node.hangup
        case _:
            return {}


def _warns(node: nodes.NodeShape, languages: list[str]) -> bool:
    """Does the node tell callers in danger, in every language, to hang up and dial 911?"""
    texts = _said(node)
    return bool(texts) and all(
        "911" in texts.get(each, "")
        and HANG_UP_WORDS.get(each, "") in " ".join(texts.get(each, "").lower().split())
        for each in languages
    )


def _check_safety(part: Part[FlowFile], flow: FlowFile, languages: list[str]) -> None:
    if flow.safety in flow.nodes and not _warns(flow.nodes[flow.safety], languages):
        wanted = ", ".join(
            f"{each}: '911'" + (f" and '{word}'" if (word := HANG_UP_WORDS.get(each)) else "")
            for each in languages
        )
        part.document.complain(
            ("nodes", flow.safety),
            f"must tell callers in danger to hang up and dial 911 in every language ({wanted})",
            at_key=True,
        )
        return
    warning = frozenset(name for name, node in flow.nodes.items() if _warns(node, languages))
    for name in sorted(_reached(flow, barred=warning)):
        if isinstance(flow.nodes[name], _REACHES_PEOPLE):
            part.document.complain(
                ("nodes", name),
                "a caller comes here without having been told to hang up and dial 911;"
                f" lead every way through node {flow.safety!r} first",
                at_key=True,
            )


# --- across flows ---------------------------------------------------------------------------------


def _check_endless(sources: Sources) -> None:
    """Complain about circles in which a caller who presses nothing would go round for ever."""
    models = {id_: part.model for id_, part in sources.flows.items() if part.model is not None}

    def ahead(spot: Spot) -> list[Spot]:
        node = models[spot[0]].nodes[spot[1]]
        if isinstance(node, nodes.GotoNode):
            target = models.get(node.goto)
            found = [(node.goto, target.start)] if target is not None else []
        else:
            found = [(spot[0], name) for _, name in silent_ways(node)]
        return [each for each in found if each[1] in models[each[0]].nodes]

    for circle in circles([(id_, name) for id_ in models for name in models[id_].nodes], ahead):
        flow, name = circle[0]
        around = " -> ".join(each if id_ == flow else f"{id_}/{each}" for id_, each in circle)
        menu = any(isinstance(models[id_].nodes[each], nodes.MenuNode) for id_, each in circle)
        what = "a menu without a way out" if menu else "goes round for ever"
        sources.flows[flow].document.complain(
            ("nodes", name),
            f"{what}: a caller who presses nothing goes {around} -> {name};"
            " let one of them lead to a queue, a message or hangup",
            at_key=True,
        )


def _check_used(sources: Sources) -> None:
    town = sources.town
    if town.model is None or not town.whole:
        return
    used = set(town.model.numbers.values())
    waiting = list(used)
    while waiting:
        part = sources.flows.get(waiting.pop())
        if part is None or part.model is None:
            continue
        if not part.whole:
            return  # a way to another flow may have been left out
        for node in part.model.nodes.values():
            if isinstance(node, nodes.GotoNode) and node.goto not in used:
                used.add(node.goto)
                waiting.append(node.goto)
    for id_, part in sources.flows.items():
        if id_ not in used and part.document.readable:
            part.document.complain(
                (),
                "no called number and no other flow leads to this flow;"
                " name it in town.yaml, `numbers`, or delete it",
            )
