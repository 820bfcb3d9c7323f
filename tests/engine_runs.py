"""Engines that must be there, or may be missing: a missing one skips, or fails where
TWINPROP_REQUIRE names it."""

import functools
import os

import pytest

from twinprop.engines import ENGINES


@functools.cache
def _missing(name):
    return ENGINES[name].missing()


def run_on(name, plan):
    """Train a plan on an engine that must be there, or may be missing."""
    missing = _missing(name)
    if missing is not None:
        required = os.environ.get("TWINPROP_REQUIRE", "").split(",")
        (pytest.fail if name in required else pytest.skip)(f"engine {name}: {missing}")
    return ENGINES[name].run(plan)
