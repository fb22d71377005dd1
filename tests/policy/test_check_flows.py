"""Call flows that lead nowhere, round for ever, or past the 911 message."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import AFTER, MAIN, REC, TOWN, Mistake, expect

MISTAKES = {
    "unreachable node": Mistake(
        MAIN, "4: {next: recreation, subject: recreation}", "4: general", "recreation: {queue",
        "nodes.recreation", "no way leads to this node",
    ),
    "menu without a way out": Mistake(
        MAIN, '"*": subjects\n    otherwise: general', '"*": subjects\n    otherwise: subjects',
        "subjects:\n    menu", "nodes.subjects", "a menu without a way out",
    ),
    "circle": Mistake(
        REC, "length_max_s: 120\n    next: goodbye", "length_max_s: 120\n    next: arena",
        "arena:\n    transfer", "nodes.arena", "goes arena -> arena_message -> arena",
    ),
    "circle across flows": Mistake(
        AFTER, "  message: {fallback: after_hours, condition: closed, queue: general}",
        "  message: {goto: main}", "danger:\n    say", "nodes.danger",
        "-> message -> main/language -> main/danger",
    ),
    "no 911": Mistake(
        REC, "hang up and dial 911", "hang up and call for help", "danger:\n", "nodes.danger",
        "must tell callers in danger to hang up and dial 911 in every language",
    ),
    "no 911 in French": Mistake(
        REC, "raccrochez et composez le 911", "appelez à l'aide", "danger:\n", "nodes.danger",
        "must tell callers in danger",
    ),
    "911 too late": Mistake(
        MAIN, "1: {next: danger, language: en}", "1: {next: subjects, language: en}",
        "general: {queue", "nodes.general", "lead every way through node 'danger' first",
    ),
    "flow never used": Mistake(
        TOWN, "0102: recreation #", "0102: main #", "start", "",
        "no called number and no other flow leads to this flow", in_file=REC,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
