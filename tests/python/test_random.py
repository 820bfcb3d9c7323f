"""R's random numbers. Twins: tests/testthat/test-random.R, tests/js/random.test.js."""

import numpy as np
import pytest

from twinprop import InputError, RandomStream

# What R says, as 17 digits, which read back exactly:
# Rscript -e 'for (seed in c(0, 1, 42, 2026, -5, 2147483647, -2147483647)) {
#   set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection"); u <- runif(1e5)
#   cat(seed, sprintf("%.17g", u[c(1, 2, 3, 625, 1e5)]), "\n") }'
# The 625th is the first after MT19937 has made its state anew.
AT = [0, 1, 2, 624, 99_999]
UNIFORM = {
    0: [
        0.8966972001362592,
        0.26550866314209998,
        0.37212389963679016,
        0.13648758619092405,
        0.09235741151496768,
    ],
    1: [
        0.26550866314209998,
        0.37212389963679016,
        0.57285336335189641,
        0.32486514048650861,
        0.12311414023861289,
    ],
    42: [
        0.91480604349635541,
        0.93707541329786181,
        0.28613953478634357,
        0.15048409905284643,
        0.66766943060792983,
    ],
    2026: [
        0.69867347087711096,
        0.55653050588443875,
        0.14013995765708387,
        0.87652176944538951,
        0.3678810705896467,
    ],
    -5: [
        0.73459476791322231,
        0.33969277143478394,
        0.1910452856682241,
        0.20666268677450716,
        0.57162153022363782,
    ],
    2147483647: [
        0.68966742674820125,
        0.98787517822347581,
        0.19676422467455268,
        0.10062019852921367,
        0.99019713839516044,
    ],
    -2147483647: [
        0.56201667874120176,
        0.57561779324896634,
        0.37009761366061866,
        0.74692390230484307,
        0.82317897770553827,
    ],
}

# The same with cat(seed, order(runif(8)), "\n").
ORDER = {
    0: [6, 2, 3, 4, 1, 7, 5, 8],
    1: [5, 1, 2, 3, 8, 6, 4, 7],
    42: [8, 3, 6, 5, 7, 4, 1, 2],
    2026: [6, 3, 4, 7, 5, 2, 1, 8],
    -5: [3, 8, 2, 7, 6, 4, 1, 5],
    2147483647: [8, 3, 6, 7, 1, 4, 5, 2],
    -2147483647: [4, 6, 7, 3, 8, 1, 2, 5],
}


@pytest.mark.parametrize("seed", UNIFORM)
def test_the_numbers_are_those_of_r(seed):
    assert RandomStream(seed).uniform(100_000)[AT].tolist() == UNIFORM[seed]


def test_a_stream_goes_on_where_it_stopped():
    stream = RandomStream(42)
    parts = [stream.uniform(n) for n in (1, 0, 623, 2, 374)]
    np.testing.assert_array_equal(np.concatenate(parts), RandomStream(42).uniform(1000))


@pytest.mark.parametrize("seed", ORDER)
def test_the_order_is_that_of_r(seed):
    stream = RandomStream(seed)
    assert (stream.order(8) + 1).tolist() == ORDER[seed]
    # An order draws as many numbers as it has rows.
    np.testing.assert_array_equal(stream.uniform(3), RandomStream(seed).uniform(11)[8:])


def test_equal_numbers_keep_their_order():
    # 100,000 of 2^32 values: ties are certain to be rare, so make them.
    stream = RandomStream(1)
    stream.uniform = lambda n: np.array([0.5, 0.25] * 50)[:n]
    assert stream.order(100).tolist() == [*range(1, 100, 2), *range(0, 100, 2)]


class Raw:
    """A generator that gives the 32-bit integers it is told."""

    def __init__(self, *raw):
        self.raw = np.array(raw, dtype=np.uint64)

    def random_raw(self, n):
        return self.raw[:n]


def test_the_smallest_number_is_r_s_and_the_largest_stays_below_1():
    # R's fixup (RNG.c) of a 0: half of 2.328306437080797e-10; the largest integer needs none.
    stream = RandomStream(1)
    stream._generator = Raw(0, 1, 2**32 - 1)
    smallest, second, largest = stream.uniform(3)
    assert smallest == 1.1641532185403985e-10
    assert second == 2.3283064365386963e-10
    assert largest == (2**32 - 1) / 2**32 < 1


def test_streams_do_not_touch_one_another_or_numpy():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = RandomStream(1), RandomStream(1)
    one.uniform(5)
    np.testing.assert_array_equal(two.uniform(2), UNIFORM[1][:2])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("seed", [42.0, np.int64(42), np.float32(42)])
def test_a_whole_number_of_any_type_is_a_seed(seed):
    assert RandomStream(seed).uniform(1)[0] == UNIFORM[42][0]
    assert type(RandomStream(seed).seed) is int


@pytest.mark.parametrize(
    ("seed", "given"),
    [
        (2147483648, "2147483648"),
        (-2147483648, "-2147483648"),
        (1.5, "1.5"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Inf"),
        (10**400, "Inf"),
        ("42", '"42"'),
        (None, "null"),
        (True, "true"),
        ([1, 2], "a list of 2"),
    ],
)
def test_other_seeds_are_refused(seed, given):
    with pytest.raises(InputError) as caught:
        RandomStream(seed)
    assert str(caught.value) == (
        f"seed must be an integer from -2147483647 to 2147483647, got {given}"
    )


@pytest.mark.parametrize("method", ["uniform", "order"])
@pytest.mark.parametrize(("n", "given"), [(-1, "-1"), (1.5, "1.5"), ("3", '"3"'), (None, "null")])
def test_other_counts_are_refused(method, n, given):
    with pytest.raises(InputError) as caught:
        getattr(RandomStream(1), method)(n)
    assert str(caught.value) == f"n must be an integer >= 0, got {given}"


def test_no_numbers():
    stream = RandomStream(1)
    assert stream.uniform(0).shape == stream.order(0).shape == (0,)
    assert stream.uniform(1)[0] == UNIFORM[1][0]
