"""Circles are found wherever they begin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.policy.circles import circles

graphs = st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=8, max_size=8)


def test_a_circle_is_given_in_the_order_in_which_one_goes_round() -> None:
    ahead = {"a": ["b"], "b": ["c", "d"], "c": ["b"], "d": []}
    assert list(circles(ahead, ahead.__getitem__)) == [["b", "c"]]


@given(graphs)
def test_every_circle_is_real_and_without_them_none_is_left(graph: list[list[int]]) -> None:
    found = list(circles(range(8), graph.__getitem__))
    for circle in found:
        for one, other in zip(circle, circle[1:] + circle[:1], strict=True):
            assert other in graph[one]
    closing = {(circle[-1], circle[0]) for circle in found}
    cut = [[b for b in ways if (a, b) not in closing] for a, ways in enumerate(graph)]
    order: list[int] = []
    while len(order) < 8:
        free = [a for a in range(8) if a not in order and all(b in order for b in cut[a])]
        assert free, "a circle is left"
        order.extend(free)
