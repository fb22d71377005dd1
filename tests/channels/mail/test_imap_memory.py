"""What cannot be stored waits longer each time, alone or, when nothing can be stored, together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.imap_collecting import PORTION_BYTES, PORTION_COUNT, portions
from channels.mail.imap_memory import ImapMemory, back_off
from router.core.model import SECOND

NOW = 1_790_000_000 * SECOND


def test_patience_doubles_up_to_five_minutes() -> None:
    spans = [back_off(tries) // SECOND for tries in (1, 2, 3, 6, 7, 8, 9_999)]
    assert spans == [5, 10, 20, 160, 300, 300, 300]


def test_a_message_that_cannot_be_stored_waits_alone() -> None:
    memory = ImapMemory()
    memory.begin(1, [1, 2])
    memory.postpone(1, NOW)
    memory.settle(2, "Processed")
    assert not memory.is_due(1, NOW + 5 * SECOND - 1)
    assert memory.is_due(1, NOW + 5 * SECOND)
    assert not memory.is_due(2, NOW)  # handed over: it only has to be moved
    assert memory.is_due(3, NOW)
    assert memory.pause_until == 0
    assert memory.next_try() == NOW + 5 * SECOND


def test_three_in_a_row_mean_that_nothing_can_be_stored() -> None:
    memory = ImapMemory()
    memory.begin(1, range(9))
    for uid in (1, 2, 3):
        memory.postpone(uid, NOW)
    assert memory.pause_until == NOW + 5 * SECOND
    assert memory.later_count == 3


def test_one_that_is_stored_ends_the_row() -> None:
    memory = ImapMemory()
    memory.begin(1, range(9))
    for uid in (1, 2):
        memory.postpone(uid, NOW)
    memory.settle(3, "Processed")
    memory.postpone(4, NOW)
    assert memory.pause_until == 0


def test_who_is_gone_is_forgotten() -> None:
    memory = ImapMemory()
    memory.begin(1, [1, 2])
    memory.postpone(1, NOW)
    memory.settle(2, "Processed")
    memory.begin(1, [2])
    assert (memory.later_count, memory.settled) == (0, {2: "Processed"})
    memory.moved([2])
    assert memory.settled == {}


def test_another_validity_makes_all_messages_new() -> None:
    """Without this, a message would be moved away that nobody ever read."""
    memory = ImapMemory()
    memory.begin(1, [1, 2])
    memory.settle(1, "Processed")
    memory.postpone(2, NOW)
    memory.begin(2, [1, 2])
    assert memory.settled == {}
    assert memory.is_due(1, NOW)
    assert memory.is_due(2, NOW)


# --- what cannot be moved ------------------------------------------------------------------------


def test_what_cannot_be_moved_is_tried_again_with_patience() -> None:
    memory = ImapMemory()
    memory.begin(1, [1, 2])
    memory.settle(1, "Processed")
    memory.not_moved("refused: no room", NOW)
    assert memory.next_try() == memory.move_again == NOW + 5 * SECOND
    memory.not_moved("refused: no room", NOW + 5 * SECOND)
    assert memory.next_try() == NOW + 15 * SECOND
    assert memory.unmoved_since == NOW
    memory.postpone(2, NOW)
    assert memory.next_try() == NOW + 5 * SECOND  # whichever comes first


def test_once_everything_is_moved_nothing_is_left_to_try() -> None:
    memory = ImapMemory()
    memory.begin(1, [1])
    memory.settle(1, "Processed")
    memory.not_moved("refused: no room", NOW)
    memory.moved([1])
    memory.can_move()
    assert (memory.why_unmoved, memory.move_again, memory.next_try()) == ("", 0, None)


def test_what_somebody_else_took_away_need_not_be_moved() -> None:
    memory = ImapMemory()
    memory.begin(1, [1])
    memory.settle(1, "Processed")
    memory.not_moved("refused: no room", NOW)
    memory.begin(1, [])
    assert memory.next_try() is None


# --- portions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "size_max", "expected"),
    [
        ({}, 9, []),
        ({1: 5, 2: 5}, 9, [[1, 2]]),
        ({1: 5, 2: 10, 3: 5}, 9, [[1], [2], [3]]),  # what is too large comes alone
        ({1: PORTION_BYTES - 5, 2: 5, 3: 1}, PORTION_BYTES, [[1, 2], [3]]),
        ({1: 5, 2: 3 * PORTION_BYTES, 3: 5}, 9 * PORTION_BYTES, [[1], [2], [3]]),
    ],
)
def test_portions(sizes: dict[int, int], size_max: int, expected: list[list[int]]) -> None:
    assert [portion.uids for portion in portions([1, 2, 3], sizes, size_max)] == expected


@given(st.lists(st.integers(0, 3 * PORTION_BYTES), max_size=250), st.integers(1, 2 * PORTION_BYTES))
def test_portions_hold_every_message_in_order_and_stay_small(all_: list[int], limit: int) -> None:
    sizes = dict(enumerate(all_))
    made = [portion.uids for portion in portions(list(sizes), sizes, limit)]
    assert [uid for portion in made for uid in portion] == list(sizes)
    for portion in made:
        weight = sum(sizes[uid] for uid in portion)
        assert len(portion) == 1 or (len(portion) <= PORTION_COUNT and weight <= PORTION_BYTES)
        assert len(portion) == 1 or all(sizes[uid] <= limit for uid in portion)
