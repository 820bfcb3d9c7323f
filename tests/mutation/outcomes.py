"""Writes what came of each test as JSON: a plugin of pytest. Twins: outcomes.R, outcomes.js."""

import json
from pathlib import Path

import pytest

OUTCOMES: dict[str, str] = {}


def pytest_addoption(parser):
    parser.addoption("--outcomes", type=Path)


def pytest_runtest_makereport(item, call):
    if call.excinfo is not None:
        # pytest.fail.Exception: pytest.raises did not see the error that it waits for.
        asserted = call.excinfo.errisinstance((AssertionError, pytest.fail.Exception))
        OUTCOMES[item.name] = "failed" if asserted else "broken"
    elif call.when == "call":
        OUTCOMES[item.name] = "passed"


def pytest_sessionfinish(session):
    if OUTCOMES:
        session.config.option.outcomes.write_text(json.dumps(OUTCOMES), encoding="utf-8")
