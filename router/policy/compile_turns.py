"""Compiles whose turn it is: `turns` of queues.yaml and `own_queues` of skills.yaml."""

from __future__ import annotations

from router.core.model import SECOND, AgentId, QueueId
from router.core.policy_turns import Part, Turn, Turns
from router.policy.compile_queues import place
from router.policy.documents import Document
from router.policy.models_queues import QueuesFile
from router.policy.models_skills import SkillsFile
from router.policy.models_turns import TurnShape


def compile_turns(queues: QueuesFile, skills: SkillsFile, document: Document) -> Turns | None:
    """Return whose turn it is; None: rank alone decides. `document` is that of queues.yaml."""
    own = {
        AgentId(id_): tuple(map(QueueId, dict.fromkeys(agent.own_queues)))
        for id_, agent in skills.agents.items()
        if agent.own_queues
    }
    rules = tuple(_turn(id_, each, document) for id_, each in queues.turns.items())
    if not own and not rules:
        return None
    return Turns(queues.overdue_max_s * SECOND, own, rules)


def _turn(id_: str, shape: TurnShape, document: Document) -> Turn:
    parts = tuple(
        Part(name, frozenset(map(QueueId, part.queues)), part.tempo, part.weight)
        for name, part in shape.parts.items()
    )
    where = place(document, "turns", id_)
    return Turn(id_, shape.of, parts, where.file, where.line)
