"""Which skill to train next, and whom: by the service level it would buy, the twin as judge.

Tried are only those who might matter: skills of the queues that miss their promise most often,
for people who have time left while those queues are open. All are looked at with a few
replications, the best again with all; each meets the same contacts as the town as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from router.core.model import AgentId, QueueId
from router.core.policy import AgentRule, Policy
from router.core.requirement import LEVEL_MAX, matches, parse, skills_of
from router.core.steps import bound
from router.twin.contacts import LIVE
from router.twin.figures import MEASURES, Figures, together
from router.twin.intervals import Estimate, difference
from router.twin.variants import with_skill

QUEUES_TRIED: Final = 4
PEOPLE_TRIED: Final = 5  # of each queue
FINALISTS: Final = 4
Runner = Callable[[Sequence[Policy], Sequence[int]], list[list[Figures]]]


class Training(NamedTuple):
    """One agent learns one skill."""

    agent: AgentId
    skill: str
    level: int
    queue: QueueId  # for whose sake


class Advice(NamedTuple):
    """What a training would buy: differences in the share of calls and chats answered in time."""

    training: Training
    gain: Estimate
    in_queue: Estimate


def advise(policy: Policy, seeds: Sequence[int], run: Runner) -> list[Advice]:
    """Return the finalists, the most useful first; empty when nothing can be trained.

    Shape: `run` gives the replications of several policies under the same seeds.
    """
    base = run([policy], seeds)[0]
    tried = list(candidates(policy, base))
    if not tried:
        return []
    few = seeds[: max(2, len(seeds) // 4)]
    screened = _judged(policy, tried, base[: len(few)], few, run)
    best = [each.training for each in screened[:FINALISTS]]
    return _judged(policy, best, base, seeds, run)


def _judged(
    policy: Policy,
    trainings: Sequence[Training],
    base: Sequence[Figures],
    seeds: Sequence[int],
    run: Runner,
) -> list[Advice]:
    policies = [with_skill(policy, each.agent, each.skill, each.level) for each in trainings]
    found = [
        Advice(
            training,
            difference(_levels(runs, None), _levels(base, None)),
            difference(_levels(runs, training.queue), _levels(base, training.queue)),
        )
        for training, runs in zip(trainings, run(policies, seeds), strict=True)
    ]
    return sorted(found, key=lambda each: -each.gain.mean)


def candidates(policy: Policy, base: Sequence[Figures]) -> Iterator[Training]:
    """Yield what is worth trying: for each queue that misses most, who has the most time left."""
    missed = {queue: _missed(base, queue) for queue in policy.queues}
    worst = sorted((queue for queue in missed if missed[queue]), key=lambda each: -missed[each])
    there = {agent for run in base for agent in run.there}
    idle = {
        agent: sum(run.there.get(agent, 0) - run.busy.get(agent, 0.0) for run in base)
        for agent in there & policy.agents.keys()
    }
    for queue in worst[:QUEUES_TRIED]:
        lessons = (
            training
            for agent in sorted(idle, key=lambda each: (-idle[each], each))
            for training in _lessons(policy, policy.agents[agent], queue)
        )
        for _, training in zip(range(PEOPLE_TRIED), lessons, strict=False):
            yield training


def _lessons(policy: Policy, agent: AgentRule, queue: QueueId) -> Iterator[Training]:
    """Yield the one skill that is all that this agent lacks for the queue, if there is one."""
    languages = {language.skill for language in policy.languages}
    expr = parse(bound(policy.queues[queue].requires, "", policy.languages[0].skill))
    if matches(expr, agent.skills):
        return
    for skill in sorted(skills_of(expr) - languages):
        levels = range(agent.skills.get(skill, 0) + 1, LEVEL_MAX + 1)
        for level in levels:
            if matches(expr, {**agent.skills, skill: level}):
                yield Training(agent.id, skill, level, queue)
                return


def _missed(runs: Sequence[Figures], queue: QueueId) -> int:
    tallies = [together(run, lambda where: where.queue == queue) for run in runs]
    return sum(tally.offered - tally.in_time for tally in tallies)


def _levels(runs: Sequence[Figures], queue: QueueId | None) -> list[float]:
    level = MEASURES["service_level"]
    return [
        level(
            together(
                run, lambda where: where.channel in LIVE and (queue is None or where.queue == queue)
            )
        )
        for run in runs
    ]
