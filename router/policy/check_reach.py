"""Checks that every rule of a chain can be taken by somebody: by which channel, and why.

Whom a condition can send along a chain differs by channel (`router.core.tempos`), and so does what
can be done with them. A rule for which nobody is left is a mistake that no scenario would notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from router.core.model import Channel, Condition, Tempo
from router.core.tempos import COUNTS
from router.policy import models_flows as nodes
from router.policy.compile_queues import merged
from router.policy.models_fallback import ENDING, RuleShape
from router.policy.sources import Sources

Pair = tuple[Condition, Channel]


class Looked(NamedTuple):
    """A rule, and what comes to it."""

    rule: RuleShape
    meant: set[Pair]  # for whom it is looked at
    takes: set[Pair]  # those of them it can be taken by
    behind: list[int]  # rules before it that take the others whom it is for


TEMPO_OF: Final = {
    Channel.VOICE: Tempo.LIVE,
    Channel.CHAT: Tempo.FAST_TEXT,
    Channel.MAIL: Tempo.SLOW_TEXT,
    Channel.WEBFORM: Tempo.SLOW_TEXT,
}
_CALLERS: Final = (frozenset({Channel.VOICE}), "callers")
_FOR: Final = {  # of the others everybody
    "voicemail": _CALLERS,
    "callback": _CALLERS,
    "transfer": _CALLERS,
    "end": _CALLERS,
    "page": (frozenset({Channel.MAIL, Channel.CHAT}), "mails and chats"),
}
_THERE: Final = (Channel.VOICE, Channel.CHAT)  # who waits there and then


def check_reach(sources: Sources) -> None:
    """Complain about rules that nobody can ever take."""
    fallback, queues = sources.fallback, sources.queues
    flows = [part.model for part in sources.flows.values()]
    if fallback.model is None or queues.model is None or None in flows:
        return
    if not fallback.whole or not queues.whole:
        return
    chains = fallback.model.chains
    comes: dict[str, set[Pair]] = {name: set() for name in chains}
    for name, pair in _entered(sources):
        comes.get(name, set()).add(pair)
    waiting = [name for name in chains if comes[name]]
    while waiting:
        name = waiting.pop()
        for each in _walked(chains[name], comes[name]):
            following = each.rule.chain
            if following in chains and not each.takes <= comes[following]:
                comes[following] |= each.takes
                waiting.append(following)
    for name, rules in chains.items():
        if comes[name]:  # else nothing leads to it, which is said elsewhere
            _check_chain(sources, name, rules, comes[name])


def _entered(sources: Sources) -> Iterator[tuple[str, Pair]]:
    """Yield which chain is entered under which condition, by which channel."""
    queues = sources.queues.model
    for queue in queues.queues.values() if queues is not None else ():
        for condition, name in merged(queue, queues.defaults)["fallback"].items():  # type: ignore[union-attr]
            for channel, tempo in TEMPO_OF.items():
                if condition in COUNTS[tempo]:
                    yield name, (condition, channel)
        for step in queue.steps:
            for channel in _THERE:
                yield step.fallback, (step.condition or Condition.LATE, channel)
    for part in sources.flows.values():
        for node in part.model.nodes.values() if part.model is not None else ():
            if isinstance(node, nodes.FallbackNode):
                yield node.fallback, (node.condition, Channel.VOICE)


def _walked(rules: list[RuleShape], comes: set[Pair]) -> Iterator[Looked]:
    """Yield the rules in order, each with whom those before it leave."""
    before: list[tuple[int, RuleShape, set[Pair]]] = []
    for index, rule in enumerate(rules):
        fitting = {pair for pair in comes if _is_meant(rule, pair)}
        takers = {pair: _takers(rule, pair, before) for pair in fitting}
        meant = {pair for pair in fitting if not takers[pair]}
        able = _FOR.get(rule.action, (frozenset(Channel), ""))[0]
        takes = {pair for pair in meant if pair[1] in able}
        yield Looked(rule, meant, takes, sorted(set(chain.from_iterable(takers.values()))))
        if rule.action in ENDING:
            before.append((index, rule, takes))


def _takers(
    rule: RuleShape, pair: Pair, before: list[tuple[int, RuleShape, set[Pair]]]
) -> list[int]:
    """Return which rules together take all of the pair whom the rule is for; [] when some pass."""
    there = [
        (index, set(each.when.subject))
        for index, each, takes in before
        if pair in takes and each.when.hours in ("", rule.when.hours)
    ]
    everybody = [index for index, subjects in there if not subjects]
    if everybody:
        return everybody[:1]
    wanted = set(rule.when.subject)
    left = wanted.difference(*(subjects for _, subjects in there))
    return [index for index, subjects in there if wanted & subjects] if wanted and not left else []


def _is_meant(rule: RuleShape, pair: Pair) -> bool:
    condition, channel = pair
    return (not rule.when.condition or condition in rule.when.condition) and (
        not rule.when.channel or channel in rule.when.channel
    )


def _check_chain(sources: Sources, name: str, rules: list[RuleShape], comes: set[Pair]) -> None:
    document = sources.fallback.document
    for index, each in enumerate(_walked(rules, comes)):
        if each.takes or _always_before(rules[:index]):
            continue
        behind = [
            document.named(f"rule {rules[other].rule!r}", ("chains", name, other))
            for other in each.behind
        ]
        why = _why_never(each, comes, behind)
        document.complain(("chains", name, index), f"never taken: {why}")


def _always_before(rules: list[RuleShape]) -> bool:
    """Say whether a rule before takes everybody, which is said elsewhere."""
    return any(rule.action in ENDING and not rule.when.model_fields_set for rule in rules)


def _why_never(looked: Looked, comes: set[Pair], behind: list[str]) -> str:
    rule = looked.rule
    if looked.meant:
        by = _names({channel for _, channel in looked.meant})
        return (
            f"`{rule.action}` is for {_FOR[rule.action][1]}, and of those only {by} comes to this"
            " rule; use `queue` or `defer`, or delete it"
        )
    if behind:
        take = "takes" if len(behind) == 1 else "take"
        before = f"{' and '.join(behind)} before it {take} everybody whom it is for"
        return f"{before}; move this one up, or delete it"
    channels = rule.when.channel or list(Channel)
    why = {condition for condition, channel in comes if channel in channels}
    if why:
        return f"by {_names(set(channels))} one comes to this chain for {_names(why)}; delete it"
    return (
        f"nobody comes to this chain by {_names(set(channels))}: it stands for"
        f" {_names({condition for condition, _ in comes})}, and mail and forms stay in line when a"
        " queue is full or closes; delete it"
    )


def _names(found: set[Channel] | set[Condition]) -> str:
    return ", ".join(sorted(each.value for each in found))
