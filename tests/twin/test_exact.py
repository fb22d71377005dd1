"""The exact figures against published vectors and against each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.exact import chain, erlang_b, erlang_c, priority_waits

near = pytest.approx


@pytest.mark.parametrize(
    ("agents", "load", "share"),
    [
        (1, 0.5, 0.3333333333333333),
        (20, 15.0, 0.04559321558981184),
        (100, 84.0, 0.009872528609200787),
        (1000, 960.0, 0.006135071485061538),
    ],
)
def test_erlang_b(agents: int, load: float, share: float) -> None:
    assert erlang_b(agents, load) == near(share, rel=1e-12)
    assert chain(agents, load, 1.0, places=0).blocked == near(share, rel=1e-11)


@pytest.mark.parametrize(
    ("per_h", "talk_s", "agents", "waits", "wait_s", "occupancy"),
    [
        (300, 240, 23, 0.41573757468486194, 33.25900597478896, 0.8695652173913043),
        (1000, 240, 74, 0.28349036258399324, 9.277866411839778, 0.9009009009009009),
        (2880, 60, 50, 0.6944556111968345, 20.833668335905042, 0.96),
    ],
)
def test_erlang_c(
    per_h: float, talk_s: float, agents: int, waits: float, wait_s: float, occupancy: float
) -> None:
    load = per_h * talk_s / 3600
    assert erlang_c(agents, load) == near(waits, rel=1e-12)
    exact = chain(agents, load, talk_s)
    assert exact.waits == near(waits, rel=1e-10)
    assert exact.wait_s == near(wait_s, rel=1e-10)
    assert exact.occupancy == near(occupancy, rel=1e-10)


@pytest.mark.parametrize(
    ("per_h", "talk_s", "agents", "patience_s", "waits", "gives_up", "wait_s", "occupancy"),
    [
        (1000, 240, 63, 180, 0.6459468821867779, 0.08437157707417017, 15.186883873350629,
         0.9689189660590791),
        (252, 120, 12, 60, 0.12737228180874707, 0.0296789055423734, 1.780734332542404,
         0.6792247661203383),
    ],
)  # fmt: skip
def test_erlang_a(
    per_h: float,
    talk_s: float,
    agents: int,
    patience_s: float,
    waits: float,
    gives_up: float,
    wait_s: float,
    occupancy: float,
) -> None:
    exact = chain(agents, per_h * talk_s / 3600, talk_s, patience_s)
    assert exact.waits == near(waits, abs=1e-10)
    assert exact.gives_up == near(gives_up, abs=1e-10)
    assert exact.wait_s == near(wait_s, rel=1e-9)
    assert exact.occupancy == near(occupancy, abs=1e-10)


@pytest.mark.parametrize(
    ("load", "blocked", "wait_min"),
    [
        (82.5, 0.001981311485103229, 0.3209328799057241),
        (84.0, 0.00364308, 0.450023),
        (90.0, 0.023492192400017705, 1.2429632047531178),
    ],
)
def test_ninety_agents_and_thirty_places(load: float, blocked: float, wait_min: float) -> None:
    exact = chain(90, load, 600, places=30)
    assert exact.blocked == near(blocked, rel=3e-6)
    assert exact.wait_s / 60 == near(wait_min, rel=1e-5)


def test_priorities() -> None:
    waits = priority_waits(50, 240, [0.3 * 47.5, 0.3 * 47.5, 0.4 * 47.5])
    assert waits == near([4.223, 9.822, 140.449], abs=5e-4)
    assert erlang_c(50, 47.5) == near(0.62909, abs=5e-6)


@given(st.integers(1, 60), st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_priorities_keep_the_mean_of_all(agents: int, shares: list[float]) -> None:
    """Who goes first is only at the cost of the others."""
    loads = [share / math.fsum(shares) * 0.9 * agents for share in shares]
    waits = priority_waits(agents, 240, loads)
    together = math.fsum(w * load for w, load in zip(waits, loads, strict=True)) / math.fsum(loads)
    expected = erlang_c(agents, math.fsum(loads)) * 240 / (agents - math.fsum(loads))
    assert together == near(expected, rel=1e-9)
