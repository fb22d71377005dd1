"""A line in chunks behaves as a sorted list does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from router.core.ordered import OrderedKeys

Key = tuple[int, str]


def line_of(*keys: Key) -> OrderedKeys[Key]:
    line = OrderedKeys[Key]()
    for key in keys:
        line.add(key)
    return line


def test_keys_stand_in_order_however_they_came() -> None:
    line = line_of((3, "c"), (1, "b"), (2, "x"), (1, "a"))
    assert list(line) == [(1, "a"), (1, "b"), (2, "x"), (3, "c")]
    assert line.head == (1, "a")
    assert len(line) == 4


def test_an_empty_line_has_no_first() -> None:
    line = line_of()
    assert (line.head, len(line), list(line), line.rank((1, "a"))) == (None, 0, [], 0)
    assert (1, "a") not in line


def test_rank_counts_those_strictly_before_also_for_a_key_outside() -> None:
    line = line_of((10, "a"), (20, "b"), (30, "c"))
    ranks = [line.rank(k) for k in ((10, "a"), (20, "b"), (20, "c"), (30, "c"), (99, ""))]
    assert ranks == [0, 1, 2, 2, 3]


def test_from_starts_at_a_rank() -> None:
    line = line_of((10, "a"), (20, "b"), (30, "c"))
    assert list(line.from_(1)) == [(20, "b"), (30, "c")]
    assert list(line.from_(-1)) == list(line.from_(0)) == list(line)
    assert list(line.from_(3)) == []


@pytest.mark.parametrize("absent", [(0, ""), (15, ""), (10, "aa"), (99, "")])
def test_who_is_not_in_line_cannot_leave_it(absent: Key) -> None:
    line = line_of((10, "a"), (20, "b"))
    with pytest.raises(KeyError):
        line.remove(absent)
    assert list(line) == [(10, "a"), (20, "b")]
    assert absent not in line


def test_behind_the_last_who_left_there_is_room() -> None:
    line = line_of((10, "a"), (20, "b"), (40, "d"))
    line.remove((40, "d"))
    assert (30, "c") not in line
    line.add((30, "c"))
    assert list(line) == [(10, "a"), (20, "b"), (30, "c")]


def test_nobody_stands_in_line_twice() -> None:
    line = line_of((10, "a"), (20, "b"))
    for key in ((10, "a"), (20, "b")):
        with pytest.raises(ValueError, match="in line already"):
            line.add(key)
    assert len(line) == 2


def rising(n: int) -> list[int]:
    return list(range(n))


def falling(n: int) -> list[int]:
    return list(reversed(range(n)))


def mixed(n: int) -> list[int]:
    numbers = list(range(n))
    Random(n).shuffle(numbers)
    return numbers


@pytest.mark.parametrize("arrive", [rising, falling, mixed])
@pytest.mark.parametrize("leave", [rising, falling, mixed])
def test_a_long_line_forms_and_empties_in_any_order(
    arrive: Callable[[int], list[int]], leave: Callable[[int], list[int]]
) -> None:
    n = 5000
    line = line_of(*((number, "x") for number in arrive(n)))
    assert list(line) == [(number, "x") for number in range(n)]
    assert [line.rank((number, "x")) for number in range(0, n, 97)] == list(range(0, n, 97))
    assert [next(line.from_(number))[0] for number in range(0, n, 97)] == list(range(0, n, 97))
    assert max(map(len, line._chunks)) <= 1024  # or joining a long line would cost its length
    left = set(range(n))
    for count, number in enumerate(leave(n)):
        line.remove((number, "x"))
        left.remove(number)
        if count % 500 == 0:
            assert [key[0] for key in line] == sorted(left)
    assert (len(line), line.head) == (0, None)


KEYS = st.tuples(st.integers(0, 40), st.sampled_from("ab"))


class LineMachine(RuleBasedStateMachine):
    """Any walk, small keys beside hundreds that make chunks split, against sorted(list)."""

    def __init__(self) -> None:
        super().__init__()
        self.line = OrderedKeys[Key]()
        self.model: list[Key] = []

    @initialize(crowd=st.sampled_from([0, 1023, 1024, 1025, 2500]), step=st.sampled_from([1, -1]))
    def crowd(self, crowd: int, step: int) -> None:
        for n in range(crowd)[::step]:
            self.line.add((n, "m"))
        self.model = [(n, "m") for n in range(crowd)]

    @rule(key=KEYS)
    def add(self, key: Key) -> None:
        if key in self.model:
            with pytest.raises(ValueError, match="already"):
                self.line.add(key)
        else:
            self.line.add(key)
            self.model = sorted([*self.model, key])

    @rule(key=KEYS)
    def remove_by_key(self, key: Key) -> None:
        if key in self.model:
            self.line.remove(key)
            self.model.remove(key)
        else:
            with pytest.raises(KeyError):
                self.line.remove(key)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove_by_place(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.model) - 1))
        self.line.remove(self.model.pop(place))

    @precondition(lambda self: self.model)
    @rule(count=st.integers(1, 1500))
    def serve(self, count: int) -> None:
        for key in self.model[:count]:
            assert self.line.head == key
            self.line.remove(key)
        del self.model[:count]

    @rule(key=KEYS)
    def rank(self, key: Key) -> None:
        assert self.line.rank(key) == sum(other < key for other in self.model)

    @rule(n=st.integers(-2, 2600))
    def from_rank(self, n: int) -> None:
        assert list(self.line.from_(n)) == self.model[max(n, 0) :]

    @rule(key=KEYS)
    def contains(self, key: Key) -> None:
        assert (key in self.line) == (key in self.model)

    @invariant()
    def same_line(self) -> None:
        assert list(self.line) == self.model
        assert len(self.line) == len(self.model)
        assert self.line.head == (self.model[0] if self.model else None)


TestLine = LineMachine.TestCase
