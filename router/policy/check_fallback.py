"""Checks the fallback chains: no circle, no dead end, no rule that can never be taken."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.model import Condition
from router.policy import models_flows as nodes
from router.policy.circles import circles
from router.policy.compile_queues import merged
from router.policy.models_fallback import ENDING, OWN, RuleShape, WhenShape
from router.policy.sources import Sources

_ALWAYS = WhenShape()


def check_fallback(sources: Sources) -> None:
    """Complain about chains that lead nowhere, and about rules and chains nobody comes to."""
    fallback = sources.fallback
    if fallback.model is None:
        return
    if not fallback.whole:
        return
    for name, rules in fallback.model.chains.items():
        _check_chain(sources, name, rules)
    chains = fallback.model.chains
    for circle in circles(chains, lambda name: _next_chains(chains, name)):
        around = " -> ".join((*circle, circle[0]))
        message = f"chains lead in a circle: {around}; end one of them with `defer: own`"
        fallback.document.complain(("chains", circle[0]), message, at_key=True)
    _check_queue_circles(sources, chains)
    _check_own(sources, chains)
    _check_used(sources, chains)


def _check_chain(sources: Sources, name: str, rules: list[RuleShape]) -> None:
    document = sources.fallback.document
    seen: set[str] = set()
    always = ""
    for index, rule in enumerate(rules):
        path = ("chains", name, index)
        if rule.rule in seen:
            message = f"the chain has a rule {rule.rule!r} already; give this one another name"
            document.complain((*path, "rule"), message)
        seen.add(rule.rule)
        if always:
            message = f"never taken: {always} before it always applies; swap or delete"
            document.complain(path, message)
        elif rule.when == _ALWAYS and rule.action in ENDING:
            always = document.named(f"rule {rule.rule!r}", path)
    last = rules[-1]
    path = ("chains", name, len(rules) - 1)
    if last.when != _ALWAYS:
        message = (
            "a dead end: the last rule must always apply; delete its `when`, or add a last rule"
        )
        document.complain((*path, "when"), f"{message} with `defer: own`", at_key=True)
    elif last.action not in ENDING:
        document.complain(
            path,
            f"a dead end: {_why_not_last(last.action)}; add a last rule with `defer: own`",
        )


def _why_not_last(action: str) -> str:
    return {
        "say": "after something is said the next rule follows",
        "transfer": "perhaps nobody answers",
        "page": "only mails and chats are told of, and perhaps nobody has an address",
        "callback": "a form, or a caller without a number, cannot be called back",
        "voicemail": "a form cannot leave a message, and a caller may leave none",
    }[action]


def _next_chains(chains: dict[str, list[RuleShape]], name: str) -> list[str]:
    return [rule.chain for rule in chains[name] if rule.chain in chains]


def _rules_under(
    chains: dict[str, list[RuleShape]], start: str, condition: Condition
) -> Iterator[RuleShape]:
    """Yield the rules that can be taken when an item enters a chain under a condition."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in chains:
            continue
        seen.add(name)
        for rule in chains[name]:
            if not rule.when.condition or condition in rule.when.condition:
                yield rule
                if rule.chain:
                    waiting.append(rule.chain)


def _check_queue_circles(sources: Sources, chains: dict[str, list[RuleShape]]) -> None:
    """Complain where queues hand an item on to each other for as long as a condition holds."""
    queues = sources.queues
    if queues.model is None or not queues.whole:
        return
    shapes, defaults = queues.model.queues, queues.model.defaults
    fates = {name: merged(shape, defaults)["fallback"] for name, shape in shapes.items()}
    for condition in Condition:

        def ahead(queue: str, condition: Condition = condition) -> list[str]:
            chain = fates[queue].get(condition, "")
            named = (rule.queue for rule in _rules_under(chains, chain, condition))
            return [name for name in named if name in fates and name != queue]

        for circle in circles(fates, ahead):
            around = " -> ".join((*circle, circle[0]))
            queues.document.complain(
                ("queues", circle[0]),
                f"while {condition.value} the queues hand items round in a circle: {around};"
                " let one of their chains end with `defer: own`",
                at_key=True,
            )


def _check_own(sources: Sources, chains: dict[str, list[RuleShape]]) -> None:
    """Complain about flow nodes that follow a chain with `own` and name no queue."""
    for part in sources.flows.values():
        for name, node in part.model.nodes.items() if part.model is not None else ():
            if not isinstance(node, nodes.FallbackNode) or node.queue:
                continue
            for rule in _rules_under(chains, node.fallback, node.condition):
                if OWN in (rule.queue, rule.defer, rule.voicemail, rule.callback):
                    part.document.complain(
                        ("nodes", name),
                        f"rule {rule.rule!r} of the chain speaks of the item's own queue;"
                        " add `queue:` here to say which that is",
                        at_key=True,
                    )
                    break


def _check_used(sources: Sources, chains: dict[str, list[RuleShape]]) -> None:
    queues = sources.queues
    flows = [part.model for part in sources.flows.values()]
    if queues.model is None or not queues.whole or any(flow is None for flow in flows):
        return
    used = {rule.chain for rules in chains.values() for rule in rules}
    for rules in (queues.model.defaults, *queues.model.queues.values()):
        used.update(rules.fallback.values())
        used.update(step.fallback for step in getattr(rules, "steps", ()))
    for flow in flows:
        for node in flow.nodes.values() if flow is not None else ():
            if isinstance(node, nodes.FallbackNode):
                used.add(node.fallback)
    for name in chains:
        if name not in used:
            message = "nothing leads to this chain; name it in queues.yaml, or delete it"
            sources.fallback.document.complain(
                ("chains", name), message, at_key=True, is_warning=True
            )
