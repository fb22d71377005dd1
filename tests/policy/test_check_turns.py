"""Whose turn it is: what is refused, and what becomes of what is not."""

from __future__ import annotations

import pytest

from router.core.model import SECOND, AgentId, QueueId, Tempo
from router.core.policy_turns import BEGUN, WAITING, Part, Turns
from router.policy.show import show
from tests.policy.conftest import Town
from tests.policy.mistakes import QUEUES, SKILLS, Mistake, expect

BEFORE = "minimums:\n  texts:"


def turns(text: str, at: str, path: str, says: str) -> Mistake:
    return Mistake(QUEUES, BEFORE, f"turns:\n{text}\n{BEFORE}", at, f"turns.{path}", says)


LINES = """  lines:
    of: waiting
    parts:
      money: {queues: [tax], weight: 1}
      others: {queues: [general, clerks], weight: 3}"""
MISTAKES = {
    "a queue that is not there": turns(
        LINES.replace("tax", "taxx"), "taxx", "lines.parts.money.queues[0]", "did you mean 'tax'?"
    ),
    "a queue in two parts": turns(
        LINES.replace("clerks", "tax"), "others:", "lines.parts.others",
        "what waits in queue tax is in part money, too",
    ),
    "a channel in two parts": turns(
        LINES.replace("queues: [general, clerks]", "tempo: live"), "others:", "lines.parts.others",
        "some of what waits here is in part money, too; take it out of one of them",
    ),
    "a part of everything": turns(
        LINES.replace("queues: [tax], ", ""), "money:", "lines.parts.money",
        "takes everything and leaves the other parts nothing; add queues or a tempo",
    ),
    "one part": turns(
        "  lines:\n    of: begun\n    parts: {money: {queues: [tax], weight: 1}}",
        "parts: {", "lines.parts", "one part has no other to take turns with; add another",
    ),
    "neither waiting nor begun": turns(
        LINES.replace("waiting", "wating"), "wating", "lines.of", "did you mean 'waiting'?"
    ),
    "no limit": Mistake(
        QUEUES, BEFORE, f"overdue_max_s: 99999\n{BEFORE}", "99999", "overdue_max_s", "3600"
    ),
    "an own queue that is not there": Mistake(
        SKILLS, "  farah:\n", "  farah:\n    own_queues: [road]\n", "road]",
        "agents.farah.own_queues[0]", "did you mean 'roads'?",
    ),
    "an own queue that the agent can never take": Mistake(
        SKILLS, "  farah:\n", "  farah:\n    own_queues: [clerks, animals]\n", "clerks, animals",
        "agents.farah.own_queues[0]", "queue clerks never asks for what farah can do; remove it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)


def test_turns_and_own_queues_are_compiled_and_shown(town: Town) -> None:
    channels = """  channels:
    of: begun
    parts: {written: {tempo: slow_text, weight: 1}, calls: {tempo: live, weight: 4}}"""
    town.edit(QUEUES, BEFORE, f"overdue_max_s: 120\nturns:\n{LINES}\n{channels}\n{BEFORE}")
    town.edit(SKILLS, "  farah:\n", "  farah:\n    own_queues: [animals]\n")
    loaded = town.load()
    assert loaded.policy is not None, loaded.complaints
    found = loaded.policy.turns
    assert isinstance(found, Turns)
    assert found.overdue_max == 120 * SECOND
    assert found.own == {AgentId("farah"): (QueueId("animals"),)}
    lines, doors = found.rules
    assert (lines.id, lines.of, lines.file) == ("lines", WAITING, QUEUES)
    assert lines.parts[1] == Part(
        "others", frozenset({QueueId("general"), QueueId("clerks")}), None, 3
    )
    assert (doors.of, doors.parts[0].tempo) == (BEGUN, Tempo.SLOW_TEXT)
    text = show(loaded.policy)
    assert (
        "unless the first in rank is overdue by more than 2 min\n  farah: animals first\n" in text
    )
    assert "  lines, of what is waiting: money 1 (tax), others 3 (clerks general)\n" in text


def test_the_shipped_town_goes_by_rank_alone(town: Town) -> None:
    policy = town.load().policy
    assert policy is not None
    assert policy.turns is None
