"""What a run came to, for people: faults and recoveries, counts, latencies, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.endurance.measures import Recovery
from tests.endurance.scale import Scale


@dataclass
class Result:
    """One run."""

    scale: Scale
    recoveries: list[Recovery] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # by what was counted
    latencies: dict[str, list[float]] = field(default_factory=dict)  # seconds, by what was done
    ended: list[str] = field(default_factory=list)  # daemons that ended by themselves
    findings: list[str] = field(default_factory=list)  # what contradicts somebody
    took_s: dict[str, float] = field(default_factory=dict)  # by part of the run

    def __str__(self) -> str:
        """Return the tables."""
        return "\n".join([*_faults(self.recoveries), "", *self._rest()])

    def _rest(self) -> Iterable[str]:
        yield "| what | number |"
        yield "|---|---|"
        yield from (f"| {name} | {number:,} |" for name, number in self.counts.items())
        yield ""
        yield "| answered, ms | p50 | p99 | longest |"
        yield "|---|---|---|---|"
        for name, seconds in self.latencies.items():
            if seconds:
                ordered = sorted(1e3 * each for each in seconds)
                shown = (median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1])
                yield f"| {name} | " + " | ".join(f"{each:,.0f}" for each in shown) + " |"
        yield ""
        yield "took: " + ", ".join(f"{name} {each:.0f} s" for name, each in self.took_s.items())
        yield from (f"ended by itself: {each}" for each in self.ended)
        if self.findings:
            yield f"NOT ACCOUNTED FOR (seed {self.scale.seed}):"
            yield from (f"  {each}" for each in self.findings)
        else:
            yield f"seed {self.scale.seed}: everything is accounted for"


def _faults(recoveries: Sequence[Recovery]) -> Iterable[str]:
    yield "Seconds after the fault, p50 / longest:"
    yield ""
    yield (
        "| fault | times | first command confirmed | longest wait of a sender |"
        " first announcement in line | everybody in line told | all well again |"
    )
    yield "|---|---|---|---|---|---|---|"
    for kind in dict.fromkeys(each.kind for each in recoveries):
        found = [each for each in recoveries if each.kind == kind]
        columns = (
            [each.confirmed for each in found],
            [each.slowest for each in found],
            [each.told for each in found if each.told is not None],
            [each.all_told for each in found if each.all_told is not None],
            [each.whole for each in found],
        )
        shown = " | ".join(_both(each) for each in columns)
        yield f"| {kind} | {len(found)} | {shown} |"


def _both(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.2f} / {max(seconds):.2f}" if seconds else "-"
