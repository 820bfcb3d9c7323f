"""A little of what `make fuzz` does for an hour, the same in every run."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fuzz.properties import PROPERTIES, SEEN, TIED, check_random, checked
from twinprop import RandomStream

# Plans of which rounding explains a difference say little.
MOST_EXCUSED = 0.2
# Of fewer than these it is chance how many there are.
ENOUGH_TO_COUNT = 100


@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    of = PROPERTIES[name]
    limits = settings(
        max_examples=of.count,
        phases=[Phase.generate, Phase.shrink],
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    SEEN.clear()
    limits(given(of.examples)(checked(name)))()
    if SEEN["plans"] >= ENOUGH_TO_COUNT:
        assert SEEN["excused"] <= MOST_EXCUSED * SEEN["plans"]


def test_tied_numbers_keep_their_order():
    u = RandomStream(TIED["seed"]).uniform(TIED["draws"][0][1])
    assert len(np.unique(u)) < len(u)
    check_random(TIED)
