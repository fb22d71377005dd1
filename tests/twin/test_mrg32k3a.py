"""Random streams against the values published with RngStreams, and the gamma distribution."""

from __future__ import annotations

import math
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.twin.gamma import below_which, share_below
from router.twin.mrg32k3a import JUMP, M1, M2, Seed, Stream, streams


def test_streams_begin_where_the_published_package_begins_them() -> None:
    g1, g2, g3 = islice(streams(), 3)
    assert g1.state == (12345, 12345, 12345, 12345, 12345, 12345)
    assert g2.state == (3692455944, 1366884236, 2968912127, 335948734, 4161675175, 475798818)
    assert g3.state == (1015873554, 1310354410, 2249465273, 994084013, 2912484720, 3876682925)


def test_streams_of_another_seed_begin_where_the_published_package_begins_them() -> None:
    _, second, third, fourth = islice(streams((1, 1, 1, 1, 1, 1)), 4)
    assert second.state == (2662865579, 741857976, 4206142246, 3352832365, 2519202871, 655500294)
    assert third.state == (3784663252, 802042081, 160569404, 3391851556, 2150317468, 54240022)
    assert fourth.state == (3276123839, 3170955788, 1470482105, 884064067, 1017894425, 16401881)


def test_thirty_five_steps_at_once_and_one_by_one() -> None:
    state = (1040577685, 3747037609, 277208355, 1712706441, 627445683, 2408037141)
    at_once = Stream().further(5)
    by_ones = Stream()
    for _ in range(3):
        at_once.uniform()
    for _ in range(35):
        by_ones.uniform()
    assert at_once.state == by_ones.state == state
    assert at_once.uniform() == pytest.approx(0.0794167361498534, abs=1e-15)


def test_first_values_of_the_third_stream() -> None:
    g3 = next(islice(streams(), 2, None))
    published = [
        0.728509786196527, 0.965587282283733, 0.996184130480117, 0.114988416181316,
        0.973145419129694,
    ]  # fmt: skip
    assert [g3.uniform() for _ in range(5)] == pytest.approx(published, abs=1e-14)
    again = next(islice(streams(), 2, None))
    again.uniform()  # the published program has drawn one by then
    assert sum(again.uniform() for _ in range(100)) == pytest.approx(53.9859015923151, abs=1e-11)


def test_the_fourth_substream_of_the_third_stream() -> None:
    """Substreams of the package are 2^76 draws apart."""
    stream = next(islice(streams(), 2, None))
    for _ in range(4):
        stream = stream.further(76)
    published = [
        0.173454539635811, 0.032863516089416, 0.264316912968158, 0.305940360211673,
        0.547630303517707,
    ]  # fmt: skip
    assert [stream.uniform() for _ in range(5)] == pytest.approx(published, abs=1e-14)


def test_values_follow_the_recurrences_as_they_are_written_in_the_paper() -> None:
    x, y, stream = [12345] * 3, [12345] * 3, Stream()
    for _ in range(2000):
        x.append((1403580 * x[-2] - 810728 * x[-3]) % M1)
        y.append((527612 * y[-1] - 1370589 * y[-3]) % M2)
        z = (x[-1] - y[-1]) % M1
        assert stream.uniform() == pytest.approx((z or M1) / (M1 + 1), abs=1e-15)


@given(st.integers(0, 9), st.integers(1, M2 - 1), st.integers(0, M2 - 1))
def test_a_jump_is_as_many_single_steps(log: int, a: int, b: int) -> None:
    seed: Seed = (a, b, a, b, a, b)
    stepped = Stream(seed)
    for _ in range(2**log):
        stepped.uniform()
    assert Stream(seed).further(log).state == stepped.state


def test_two_half_jumps_are_a_jump() -> None:
    assert Stream().further(JUMP - 1).further(JUMP - 1).state == Stream().further(JUMP).state


@pytest.mark.parametrize("seed", [(0, 0, 0, 1, 1, 1), (1, 1, 1, 0, 0, 0), (M1, 1, 1, 1, 1, 1)])
def test_a_seed_that_would_stand_still_is_refused(seed: Seed) -> None:
    with pytest.raises(ValueError, match="not all 0"):
        Stream(seed)


# --- gamma ---------------------------------------------------------------------------------------


def by_poisson(shape: int, x: float) -> float:
    """Return the share below of a whole shape: so many or more events of a Poisson of mean x."""
    return 1 - math.fsum(math.exp(-x + n * math.log(x) - math.lgamma(n + 1)) for n in range(shape))


@given(st.integers(1, 60), st.floats(0.01, 120))
def test_a_whole_shape_agrees_with_the_poisson_distribution(shape: int, x: float) -> None:
    assert share_below(shape, x) == pytest.approx(by_poisson(shape, x), abs=1e-12)


@given(st.floats(0.2, 200), st.floats(0.001, 0.999))
def test_the_inverse_inverts(shape: float, share: float) -> None:
    assert share_below(shape, below_which(shape, share)) == pytest.approx(share, abs=1e-11)


def test_known_quantiles() -> None:
    """Half a chi-squared with two degrees of freedom is exponential; with one, a squared normal."""
    assert below_which(1.0, 0.5) == pytest.approx(math.log(2), rel=1e-14)
    assert below_which(0.5, 0.95) == pytest.approx(1.959963984540054**2 / 2, rel=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_a_share_that_no_value_has_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        below_which(2.0, share)
