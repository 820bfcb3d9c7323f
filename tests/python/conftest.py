"""Fixtures of several files. Twins: none."""

import os

import pytest

from twinprop import kernel

REQUIRED = "python" in os.environ.get("TWINPROP_REQUIRE", "").split(",")


@pytest.fixture
def by_numpy(monkeypatch):
    """Train without the kernel."""
    monkeypatch.setenv("TWINPROP_KERNEL", "off")


@pytest.fixture(params=["kernel", "numpy"])
def way(request, monkeypatch):
    """Train with the kernel, which takes all trainings of these tests, and without."""
    if request.param == "numpy":
        monkeypatch.setenv("TWINPROP_KERNEL", "off")
    elif not kernel.available() and not REQUIRED:
        pytest.skip("the kernel was not compiled")
    return request.param
