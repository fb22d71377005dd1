"""Checks what queues say about offers: how many are asked at once, and who comes first."""

from __future__ import annotations

from itertools import pairwise

from router.core.model import AgentOrder
from router.policy.complaints import remedy
from router.policy.documents import Document
from router.policy.models_queues import QueueRules, QueuesFile
from router.policy.sources import Sources


def check_offers(sources: Sources) -> None:
    """Complain about offers that contradict themselves or name a team that nobody is in."""
    document, queues = sources.queues.document, sources.queues.model
    if queues is None:
        return
    _check_offer_to(document, ("defaults",), queues.defaults)
    _check_order(document, ("defaults",), queues.defaults)
    for name, queue in queues.queues.items():
        _check_offer_to(document, ("queues", name), queue)
        _check_order(document, ("queues", name), queue)
    if sources.skills.model is not None and sources.skills.whole:
        teams = sorted({each.team for each in sources.skills.model.agents.values()} - {""})
        _check_teams(document, queues, teams)


def _check_offer_to(document: Document, path: tuple[str, ...], rules: QueueRules) -> None:
    for tempo, by_wait in rules.offer_to.items():
        for index, (earlier, later) in enumerate(pairwise(by_wait), start=1):
            if later.after_s <= earlier.after_s:
                message = (
                    f"comes after an entry at {earlier.after_s} s; write them in order of time"
                )
                document.complain((*path, "offer_to", tempo.value, index), message)


def _check_order(document: Document, path: tuple[str, ...], rules: QueueRules) -> None:
    if AgentOrder.LAST_AGENT in rules.agent_order[1:]:
        index = rules.agent_order.index(AgentOrder.LAST_AGENT, 1)
        message = "stands first or not at all: an item is kept for that agent before any is chosen"
        document.complain((*path, "agent_order", index), message)


def _check_teams(document: Document, queues: QueuesFile, teams: list[str]) -> None:
    for name, queue in queues.queues.items():
        said = "agent_order" in queue.model_fields_set
        order = queue.agent_order if said else queues.defaults.agent_order
        own = "team" in queue.model_fields_set
        team = queue.team if own else queues.defaults.team
        if team and team not in teams:
            at = ("queues", name, "team") if own else ("defaults", "team")
            document.complain(at, f"no agent is of team {team!r}; {remedy(team, teams)}")
        elif not team and AgentOrder.TEAM_FIRST in order:
            message = "team_first needs the queue's team; add team: with one of skills.yaml"
            document.complain(("queues", name), message, at_key=True)
