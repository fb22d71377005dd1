"""What each formula makes of the same counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.core.formulas import (
    CURRENT,
    ENDINGS,
    FORMULAS,
    LATE,
    SHORT,
    THRESHOLD,
    figure,
    offered,
    place_of,
    result_of,
)

RESULTS = [THRESHOLD, *ENDINGS, *(each + LATE for each in ENDINGS if each != SHORT)]

# 70 answered in time, 8 late; 5 gave up at once, 4 in time, 6 late; 3 + 1 callbacks, 2 + 1 gone
# otherwise, 9 calls lost; one still waits. 8 + 6 + 1 + 1 + 1 = 17 were there when time was over.
DAY = {
    "answered": 70, "answered-late": 8, "abandoned-short": 5, "abandoned": 4, "abandoned-late": 6,
    "callback": 3, "callback-late": 1, "diverted": 1, "timeout": 1, "transferred-late": 1,
    "lost": 9, "threshold": 17,
}  # fmt: skip
OFFERED = 70 + 5 + 4 + 3 + 2 + 17

BY_HAND = {
    "townline": (70, OFFERED - 5),
    "uccx-only-handled": (70, 78),
    "uccx-without-abandon": (70, OFFERED - 9),
    "uccx-positive-abandon": (79, OFFERED),
    "uccx-negative-abandon": (70, OFFERED),
    "ucce-ignore-abandon": (70, 87),
    "ucce-positive-abandon": (74, 91),
    "ucce-negative-abandon": (70, 91),
    "genesys": (70, 93),
    "genesys-no-short": (70, 88),
    "genesys-no-abandon": (70, 78),
    "genesys-flow-out": (70, 93 + 7),
    "genesys-flow-out-no-short": (70, 88 + 7),
    "genesys-flow-out-no-abandon": (70, 78 + 7),
    "amazon-connect": (82, OFFERED),
    "asterisk-sl": (70, 78),
    "asterisk-sl2": (79, 93),
}


def test_every_formula_gives_what_its_maker_would_count() -> None:
    assert {name: tuple(figure(each, DAY)) for name, each in CURRENT.items()} == BY_HAND
    assert offered(DAY) == OFFERED


def test_one_day_has_many_service_levels() -> None:
    levels = [figure(each, DAY).level or 0 for each in CURRENT.values()]
    assert min(levels) < 0.70 < 0.89 < max(levels)


def test_a_formula_counts_an_entry_once_at_most() -> None:
    for each in FORMULAS.values():
        assert each.met < each.looked_at
        if THRESHOLD in each.looked_at:
            assert not any(result.endswith(LATE) for result in each.looked_at), each.id
        own = {"closed"} if each.name not in CURRENT else set()  # of texts
        assert each.looked_at <= {*RESULTS, *own}, each.id


def test_every_ending_has_a_place_in_every_formula() -> None:
    for each in FORMULAS.values():
        places = {result: place_of(each, result) for result in RESULTS}
        assert set(places.values()) <= {"met", "missed", "-"}
        assert places["answered"] == "met"
        assert places["answered-late"] == "missed"
        assert places["lost"] == places["error"] == "-"  # nobody gave up


def test_nothing_counted_is_no_level() -> None:
    assert figure(CURRENT["townline"], {}).level is None
    assert figure(CURRENT["townline"], {"lost": 3}).level is None


@given(st.dictionaries(st.sampled_from(RESULTS), st.integers(0, 50)))
def test_a_level_lies_between_none_and_all_and_days_can_be_added_up(counts: dict[str, int]) -> None:
    for each in FORMULAS.values():
        met, looked_at = figure(each, counts)
        assert 0 <= met <= looked_at
        assert figure(each, {k: 2 * n for k, n in counts.items()}) == (2 * met, 2 * looked_at)


def test_in_time_is_before_the_time_is_over() -> None:
    def of(ending: str, waited: int) -> str:
        return result_of(ending, waited, 30, 5)

    assert [of("answered", w) for w in (0, 29, 30)] == ["answered", "answered", "answered-late"]
    gave_up = [of("abandoned", w) for w in (4, 5, 29, 30)]
    assert gave_up == [SHORT, "abandoned", "abandoned", "abandoned-late"]
    assert of("callback", 1) == "callback"
