"""A little of what `make fuzz` does for an hour, the same in every run."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fuzz.properties import PROPERTIES, SEEN, checked

# Plans of which rounding explains a difference say little.
MOST_EXCUSED = 0.2


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
    assert SEEN["excused"] <= MOST_EXCUSED * SEEN["plans"]
