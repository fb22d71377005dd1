"""What queues say about offers and cannot mean."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import QUEUES, Mistake, expect

MISTAKES = {
    "more agents at once, out of order": Mistake(
        QUEUES, "  wrap_up_s: 60\n",
        "  wrap_up_s: 60\n  offer_to: {live: [1, {after_s: 60, agents: 2}, 3]}\n", "3]}",
        "defaults.offer_to.live[2]", "comes after an entry at 60 s",
    ),
    "nobody is asked": Mistake(
        QUEUES, "  wrap_up_s: 60\n", "  wrap_up_s: 60\n  offer_to: {live: 0}\n", "live: 0}",
        "defaults.offer_to.live", "too small", inside=6,
    ),
    "last agent after others": Mistake(
        QUEUES, "agent_order: [coverage]", "agent_order: [coverage, last_agent]", "last_agent",
        "defaults.agent_order[1]", "stands first or not at all",
    ),
    "team first without a team": Mistake(
        QUEUES, "  clerks:\n", "  clerks:\n    agent_order: [team_first]\n", "clerks:",
        "queues.clerks", "team_first needs the queue's team",
    ),
    "a team nobody is in": Mistake(
        QUEUES, "  clerks:\n", "  clerks:\n    team: operatoins\n", "operatoins",
        "queues.clerks.team", "did you mean 'operations'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
