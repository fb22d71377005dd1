"""Exact values of the queueing formulas, and the staff tables that follow from them."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.twin.erlang import agents_needed, erlang_a, erlang_b, erlang_c

SHARED = os.environ.get("TOWNLINE_SHARED", "")
VECTORS = Path(SHARED) / "oracles" / "queueing-vectors.json"


def vectors(kind: str) -> list[dict[str, Any]]:
    if not SHARED or not VECTORS.exists():
        return []
    return [each for each in json.loads(VECTORS.read_text()) if each["kind"] == kind]


@pytest.mark.parametrize(
    ("agents", "load", "lost"),
    [(1, 0.5, 1 / 3), (20, 15.0, 0.04559321558981184), (1000, 960.0, 0.006135071485061538)],
)
def test_erlang_b(agents: int, load: float, lost: float) -> None:
    assert erlang_b(agents, load) == pytest.approx(lost, rel=1e-12)


def test_erlang_c_of_a_town_with_300_calls_an_hour() -> None:
    found = erlang_c(23, 20.0, 240.0, 30.0)
    assert found.waits == pytest.approx(0.41573757468486194, rel=1e-12)
    assert found.wait_s == pytest.approx(33.25900597478896, rel=1e-12)
    assert found.in_time == pytest.approx(0.7142680221285334, rel=1e-12)


def test_erlang_a_of_a_town_with_1000_calls_an_hour() -> None:
    found = erlang_a(63, 1000 / 15, 240.0, 180.0, 30.0)
    assert found.waits == pytest.approx(0.6459468821867779, rel=1e-9)
    assert found.gives_up == pytest.approx(0.08437157707417017, rel=1e-9)
    assert found.wait_s == pytest.approx(15.186883873350629, rel=1e-9)
    assert found.in_time == pytest.approx(0.7336669141148393, rel=1e-9)
    assert found.occupancy == pytest.approx(0.9689189660590791, rel=1e-9)


@pytest.mark.skipif(not VECTORS.exists(), reason="TOWNLINE_SHARED has no queueing vectors")
def test_every_vector_of_the_formulas() -> None:
    for each in vectors("erlangB"):
        assert erlang_b(each["c"], each["a"]) == pytest.approx(each["B"], rel=1e-12)
    for each in vectors("erlangC"):
        load = each["calls_per_h"] / 3600 * each["aht_s"]
        c = erlang_c(each["c"], load, each["aht_s"], each["T_s"])
        expected = (each["PW"], each["ASA"], each["SL"], each["occ"])
        assert (c.waits, c.wait_s, c.in_time, c.occupancy) == pytest.approx(expected, rel=1e-12)
    for each in vectors("erlangA"):
        load = each["calls_per_h"] / 3600 * each["aht_s"]
        a = erlang_a(each["c"], load, each["aht_s"], each["patience_s"], each["T_s"])
        expected = (each["PW"], each["EW_all"], each["SL_served_of_offered"], each["PAb"])
        assert (a.waits, a.wait_s, a.in_time, a.gives_up) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("an_hour", "c", "a"), [(60, 6, 5), (100, 9, 8), (300, 23, 20)])
def test_the_smallest_staff_for_70_per_cent_in_30_seconds(an_hour: int, c: int, a: int) -> None:
    assert agents_needed(an_hour / 15, 240.0, 30.0, 0.70) == c
    assert agents_needed(an_hour / 15, 240.0, 30.0, 0.70, 180.0) == a


def test_the_smallest_staff_of_a_large_centre() -> None:
    assert agents_needed(1000 / 15, 240.0, 30.0, 0.70) == 71
    assert agents_needed(1000 / 15, 240.0, 30.0, 0.70, 180.0) == 63
    with pytest.raises(ValueError, match="more than 10000"):
        agents_needed(20_000.0, 240.0, 30.0, 0.70)


@given(
    load=st.floats(0.05, 60.0),
    extra=st.integers(-10, 10),
    patience_s=st.floats(5.0, 4000.0),
    target_s=st.floats(0.0, 600.0),
)
def test_what_leaves_and_what_is_served_is_what_comes(
    load: float, extra: int, patience_s: float, target_s: float
) -> None:
    """The mean wait is the share that gives up times patience (Little), whoever is in time."""
    agents = max(1, math.ceil(load) + extra)
    a = erlang_a(agents, load, 200.0, patience_s, target_s)
    assert a.gives_up == pytest.approx(a.wait_s / patience_s, rel=1e-7, abs=1e-12)
    assert 0 <= a.occupancy <= 1 + 1e-12
    assert 1 - a.waits - 1e-12 <= a.in_time <= 1 - a.gives_up + 1e-9
    assert agents_needed(load, 200.0, 30.0, 0.8, patience_s) == next(
        n for n in range(1, 200) if erlang_a(n, load, 200.0, patience_s, 30.0).in_time >= 0.8
    )


def test_with_endless_patience_erlang_a_is_erlang_c() -> None:
    a, c = erlang_a(20, 17.0, 240.0, 1e9, 30.0), erlang_c(20, 17.0, 240.0, 30.0)
    assert a.in_time == pytest.approx(c.in_time, rel=1e-5)
    assert a.wait_s == pytest.approx(c.wait_s, rel=1e-4)
    assert erlang_c(5, 5.0, 240.0, 30.0).in_time == 0.0
