"""A little of what `make fuzz` does for an hour, the same in every run."""

import pytest
from hypothesis import given, settings

from fuzz.properties import PROPERTIES, checked


@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    of = PROPERTIES[name]
    quiet = settings(
        max_examples=of.count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(__import__("hypothesis").HealthCheck),
    )
    quiet(given(of.examples)(checked(name)))()
