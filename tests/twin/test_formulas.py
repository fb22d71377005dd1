"""One steady state, five service levels: the formulas against the exact values of M/M/c+M."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from router.core.formulas import CURRENT, LATE, THRESHOLD, figure, result_of
from router.core.model import HOUR, SECOND, Span
from router.twin.traffic import Contacts, Model, Outcome, Run, Shift
from tests.core.town import OPEN
from tests.twin.test_traffic import interval, pool, settled

SHARED: Final = Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[3] / "shared"))
VECTORS: Final = SHARED / "oracles" / "queueing-vectors.json"

PER_HOUR, TALK_S, AGENTS, PATIENCE_S, TARGET_S = 300.0, 240.0, 20, 180.0, 30
RUNS, CONTACTS = 10, 4000

# which of the exact values a formula must give; nobody gives up "at once" here
GIVES: Final = {
    "townline": "served_of_offered",
    "uccx-negative-abandon": "served_of_offered",
    "ucce-negative-abandon": "served_of_offered",
    "uccx-only-handled": "served_of_answered",
    "genesys-no-abandon": "served_of_answered",
    "asterisk-sl": "served_of_answered",
    "uccx-without-abandon": "excl_short_ab",
    "ucce-ignore-abandon": "excl_short_ab",
    "uccx-positive-abandon": "incl_short_ab",
    "amazon-connect": "incl_short_ab",
}


Exact = dict[str, float]


def exact(per_hour: float, talk_s: float, agents: int, patience_s: float, target_s: float) -> Exact:
    """Return the service levels of M/M/c+M in its steady state.

    Source: the birth-death chain. Who finds all agents busy and k before them is served after k + 1
    exponential times with rates c mu + j theta; over all k the density of that time, for who would
    wait for ever, is p_c c mu exp(-c mu t + lambda / theta (1 - exp(-theta t))).
    """
    arrive, out, gives_up = per_hour / 3600, agents / talk_s, 1 / patience_s
    weights = [1.0]
    for n in range(1, agents + 2000):
        leave = min(n, agents) / talk_s + max(0, n - agents) * gives_up
        weights.append(weights[-1] * arrive / leave)
    total = sum(weights)
    busy, at_once = weights[agents] / total, sum(weights[:agents]) / total
    waiting, served, gave_up, step = 1 - at_once, at_once, 0.0, target_s / 5000
    served_in = gave_up_in = 0.0
    for number in range(400 * 5000):  # midpoints
        at = (number + 0.5) * step
        stays = math.exp(-gives_up * at)
        turn = busy * out * math.exp(-out * at + arrive / gives_up * (1 - stays)) * step
        gave_up += gives_up * stays * (waiting - turn / 2) * step
        served += turn * stays
        waiting -= turn
        if number == 5000 - 1:
            served_in, gave_up_in = served, gave_up
        if waiting < 1e-12:
            break
    return {
        "served_of_offered": served_in,
        "served_of_answered": served_in / served,
        "excl_short_ab": served_in / (1 - gave_up_in),
        "incl_short_ab": served_in + gave_up_in,
    }


def counts_of(outcomes: list[Outcome]) -> Counter[str]:
    """Count the outcomes as the core counts entries."""
    counts: Counter[str] = Counter()
    for each in outcomes:
        ending = "answered" if each.answered else "abandoned"
        result = result_of(ending, each.waited, TARGET_S * SECOND, 0)
        counts[result] += 1
        counts[THRESHOLD] += result.endswith(LATE)
    return counts


def test_the_exact_values_are_those_of_a_published_state() -> None:
    found = exact(PER_HOUR, TALK_S, AGENTS, PATIENCE_S, TARGET_S)
    rounded = {name: round(value, 4) for name, value in found.items()}
    assert rounded == {
        "served_of_offered": 0.7096,
        "served_of_answered": 0.7842,
        "excl_short_ab": 0.7540,
        "incl_short_ab": 0.7686,
    }


@pytest.mark.skipif(not VECTORS.exists(), reason=f"no {VECTORS}; TOWNLINE_SHARED names the folder")
def test_the_exact_values_are_those_of_the_vectors() -> None:
    vectors = [x for x in json.loads(VECTORS.read_text()) if x["kind"] == "erlangA"]
    assert vectors
    for each in vectors:
        given = (each["calls_per_h"], each["aht_s"], each["c"], each["patience_s"], each["T_s"])
        for name, value in exact(*given).items():
            assert value == pytest.approx(each[f"SL_{name}"], abs=1e-7), (name, each)


def test_ten_formulas_of_one_simulated_state_cover_their_exact_values() -> None:
    length: Span = round(CONTACTS / PER_HOUR * HOUR)
    policy = pool(AGENTS)
    given = Model(
        policy=policy,
        contacts=(
            Contacts(next(iter(policy.queues)), "en", (PER_HOUR,), TALK_S, patience_s=PATIENCE_S),
        ),
        shifts=tuple(Shift(agent, 0, length) for agent in policy.agents),
        length=length,
    )
    days = [counts_of(settled(Run(given, seed, OPEN).run(), length)) for seed in range(RUNS)]
    expected = exact(PER_HOUR, TALK_S, AGENTS, PATIENCE_S, TARGET_S)
    assert len(set(expected.values())) == 4
    first = expected[GIVES["townline"]]
    own = [figure(CURRENT["townline"], counts).level or 0.0 for counts in days]
    for name, value in GIVES.items():
        levels = [figure(CURRENT[name], counts).level or 0.0 for counts in days]
        low, high = interval(levels)
        assert low <= expected[value] <= high, (name, low, expected[value], high)
        if expected[value] != first:  # formulas differ far less from run to run than days do
            apart = [level - other for level, other in zip(levels, own, strict=True)]
            low, high = interval(apart)
            assert low <= expected[value] - first <= high, (name, low, high)
            assert high - low < 0.02
