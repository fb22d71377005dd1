"""Pools for the twin: centres in a few words, replications, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from router.core.model import HOUR, SECOND, Instant, QueueId
from router.policy.models_centre import CentreFile
from router.twin.centre import LANGUAGE, Centre, centre_of
from router.twin.traffic import Contacts, Model, Outcome, Run, Shift

TALK_S: Final = 240.0
BEGIN: Final[Instant] = 1_795_446_000 * SECOND
REPLICATIONS: Final = 20
T_95: Final = 2.093  # Student's t, 19 degrees of freedom, 95 %
T_95_OF_18: Final = 3.4502  # the same, for eighteen intervals that hold together (Bonferroni)


def centre(
    types: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, int],
    own_types: Mapping[str, list[str]] = {},
    **more: Any,
) -> Centre:
    """Return a centre of one period and so many agents in each group; rates a minute."""
    return centre_of(
        CentreFile.model_validate(
            {
                "name": "test",
                "days": 1,
                "period_min": 60,
                "in_time_s": 30,
                "service_per_min": [60 / TALK_S],
                "types": types,
                "groups": {
                    name: {"agents": [count], "own_types": own_types.get(name, [])}
                    for name, count in groups.items()
                },
                **more,
            }
        )
    )


class Pool(NamedTuple):
    """M/M/c, with patience or without."""

    agents: int
    load: float  # erlangs
    patience_s: float = math.inf


def model_of(pool: Pool, contacts: int) -> Model:
    """Return so many contacts on average, on an hour after hour of the same rate."""
    per_hour = pool.load * 3600 / TALK_S
    made = centre(
        {"calls": {"groups": ["all"], "arrivals_per_min": [per_hour / 60]}}, {"all": pool.agents}
    )
    length = round(contacts / per_hour * HOUR)
    calls = Contacts(QueueId("calls"), LANGUAGE, (per_hour,), TALK_S, patience_s=pool.patience_s)
    shifts = tuple(Shift(agent, 0, length) for agent in made.policy.agents)
    return Model(policy=made.policy, contacts=(calls,), shifts=shifts, length=length)


def replicated(pool: Pool, contacts: int) -> list[tuple[float, float]]:
    """Return the shares that wait and that give up, one pair for each replication.

    The first fifth of each is left out: it begins empty. Every pool has seeds of its own.
    """
    model = model_of(pool, contacts)
    first = 1_000_000 * pool.agents + 1000 * round(pool.load) + math.isinf(pool.patience_s) * 100
    runs = [Run(model, first + n, BEGIN).run() for n in range(REPLICATIONS)]
    return [shares([each for each in run if each.arrived > model.length // 5]) for run in runs]


def shares(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    waits = sum(each.waited > 0 for each in outcomes)
    return waits / len(outcomes), sum(not each.answered for each in outcomes) / len(outcomes)


def interval(values: Sequence[float], t: float = T_95) -> tuple[float, float]:
    """Return the interval of the mean that Student's t gives."""
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1))
    half = t * spread / math.sqrt(len(values))
    return mean - half, mean + half
