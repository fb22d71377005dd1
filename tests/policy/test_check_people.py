"""Agents nobody reaches and queues nobody serves."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import MAIN, QUEUES, SKILLS, Mistake, expect

MISTAKES = {
    "agent nobody reaches": Mistake(
        SKILLS, "skills: {english: 7, french: 5, roads: 7}", "skills: {english: 2, roads: 7}",
        "ivan:", "agents.ivan", "meet no queue's requirement at any step",
    ),
    "agent without a leg for calls only": Mistake(
        SKILLS, "text_only: {fast_text: 2, slow_text: 4, blocked_by: {slow_text: fast_text}}",
        "text_only: {live: 1}", "nadia:", "agents.nadia",
        "capacity 'text_only' gives calls only, and there is no `leg` to ring",
    ),
    "queue nobody serves": Mistake(
        QUEUES, "(recreation or general >= 5) and $language >= 3",
        "recreation >= 7 and $language >= 5",
        "recreation >= 7", "queues.recreation.steps[0].requires",
        "nobody could ever serve this in Français: no agent of skills.yaml has"
        " french >= 5 and recreation >= 7",
    ),
    "queue whose people take no calls": Mistake(
        QUEUES, "(clerks or general >= 5) and $language >= 3", "clerks >= 7 and $language >= 3",
        "clerks >= 7", "queues.clerks.steps[1].requires", "none of them takes calls",
    ),
    "node that asks too much": Mistake(
        MAIN, "{queue: tax}", "{queue: tax, requires: animals >= 8}", "animals >= 8",
        "nodes.tax.requires", "nobody could ever serve this in English",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
