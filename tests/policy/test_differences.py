"""Two policies are compared by what they decide, not by how they are written."""

from __future__ import annotations

import pytest

from router.policy.differences import changes, told
from tests.policy.conftest import Town, copy_town


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return copy_town(tmp_path_factory.mktemp("shipped"))


def difference(shipped: Town, town: Town) -> list[str]:
    one, two = shipped.load().policy, town.load().policy
    assert one is not None
    assert two is not None
    return list(told(changes(one, two)))


def test_comments_and_ways_of_writing_are_no_difference(shipped: Town, town: Town) -> None:
    town.edit("config/queues.yaml", "requires: roads >= 5 and $language >= 5",
              "# experts\n    requires: $language>=5  and  roads>=5")  # fmt: skip
    assert difference(shipped, town) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("config/queues.yaml", "requires: roads >= 5 and $language >= 5",
         "requires: roads >= 6 and $language >= 5",
         ["queue roads: requires: $language >= 5 and roads >= 5 -> $language >= 5 and roads >= 6"]),
        ("config/queues.yaml", "  wait_max_s: 1200", "  wait_max_s: 900",
         ["queue animals, building, bylaw, clerks, general, recreation, roads, tax:"
          " wait max: 20 min -> 15 min"]),
        ("config/hours.yaml", "mon-fri: 08:00-20:00", "mon-fri: 08:00-19:30",
         ["hours recreation_line: mon, tue, wed, thu, fri: 08:00-20:00 -> 08:00-19:30"]),
        ("config/fallback.yaml", "transfer: [arena, security]", "transfer: [security, arena]",
         ["chain after_hours: rules facility problem targets: arena, security -> security, arena"]),
        ("skills.yaml", "skills: {english: 10, roads: 9, general: 4}",
         "skills: {english: 10, roads: 8, tax: 2}",
         ["agent hannah: skills general: 4 -> none", "agent hannah: skills roads: 9 -> 8",
          "agent hannah: skills tax: none -> 2"]),
        ("config/town.yaml", "+1 905 555 0103: main", "+1 905 555 0103: bylaw",
         ["number +19055550103: main -> bylaw"]),
        ("config/mail.yaml", "  - rule: noise\n", "  - rule: loud\n",
         ["mail: rules loud is new, number 12 of 15", "mail: rules noise is gone"]),
    ],
)  # fmt: skip
def test_what_is_different_is_told_in_the_words_of_the_policy(
    shipped: Town, town: Town, file: str, old: str, new: str, expected: list[str]
) -> None:
    town.edit(file, old, new)
    assert sorted(difference(shipped, town)) == sorted(expected)


def test_another_order_of_rules_is_told(shipped: Town, town: Town) -> None:
    first = "    - rule: holiday\n      when: {channel: voice, hours: statutory_holidays}\n"
    path = town.directory / "config/fallback.yaml"
    text = path.read_text(encoding="utf-8")
    at = text.index(first)
    end = text.index("    - rule: message\n", at)
    before = text.index("    - rule: urgent_form\n")
    moved = text[:before] + text[at:end] + text[before:at] + text[end:]
    path.write_text(moved, encoding="utf-8")
    (line,) = difference(shipped, town)
    assert line.startswith("chain after_hours: rules are tried in another order: ")
    assert line.endswith("urgent_next_opening, message, next_opening")


def test_a_new_queue_and_one_that_is_gone(shipped: Town, town: Town) -> None:
    town.edit("skills.yaml", "  animals: {en: Animal services, fr: Services animaliers}\n",
              "  animals: {en: Animal services, fr: Services animaliers}\n"
              "  parks: {en: Parks, fr: Parcs}\n")  # fmt: skip
    found = difference(shipped, town)
    assert found == ["skill parks: new"]
