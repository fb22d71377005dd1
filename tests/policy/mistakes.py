"""A mistake in the shipped town, and the complaint that must follow."""

from __future__ import annotations

from typing import NamedTuple

from tests.policy.conftest import Town


class Mistake(NamedTuple):
    """Replace `old` by `new` in `file`; the complaint stands where `at` first stands then."""

    file: str
    old: str
    new: str
    at: str
    path: str
    says: str
    in_file: str = ""  # where the complaint stands, if elsewhere
    inside: int = 0  # columns into `at`; negative: only the line counts


TOWN, SKILLS, HOURS = "config/town.yaml", "skills.yaml", "config/hours.yaml"
QUEUES, FALLBACK, FORMS = "config/queues.yaml", "config/fallback.yaml", "config/forms.yaml"
MAIL, CHAT, ANSWERS = "config/mail.yaml", "config/chat.yaml", "config/answers.yaml"
NEWS, MAIN = "config/announcements.yaml", "ivr_flows/main.yaml"
REC, BYLAW, AFTER = (
    "ivr_flows/recreation.yaml",
    "ivr_flows/bylaw.yaml",
    "ivr_flows/after_hours.yaml",
)


# the capacities of the shipped town
STANDARD = """standard: {live: 1, fast_text: 2, slow_text: 3, exclusive: [],
    blocked_by: {live: fast_text, fast_text: live, slow_text: [live, fast_text]}}"""
TEXT_ONLY = "text_only: {fast_text: 2, slow_text: 4, blocked_by: {slow_text: fast_text}}"


def expect(mistake: Mistake, town: Town) -> None:
    """Make the mistake; the complaint names the place and the remedy."""
    town.edit(mistake.file, mistake.old, mistake.new)
    file = mistake.in_file or mistake.file
    text = (town.directory / file).read_text(encoding="utf-8")
    offset = text.index(mistake.at) + mistake.inside
    line, col = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    loaded = town.load()
    fitting = [
        each
        for each in loaded.complaints
        if (each.file, each.path) == (file, mistake.path) and mistake.says in str(each)
    ]
    assert fitting, "\n".join(map(str, loaded.complaints))
    if mistake.inside >= 0:
        assert (fitting[0].line, fitting[0].col) == (line, col)
    else:
        assert fitting[0].line == line
    assert (loaded.policy is None) == (not fitting[0].is_warning)
