"""Breaks a copy of the code and runs its language's conformance suite on it. Twins: none.

A suite of one language is run in a temporary folder that holds the code, the suite and its cases,
laid out as in the repository. What came of each test is written as JSON by a reporter of that
language: "passed", "failed" (an assertion was not met) or "broken" (anything else went wrong).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mutation.table import Mutation

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
# The longest is R's whole suite, half a minute on a busy machine.
TIMEOUT_SECONDS = 300

Outcomes = dict[str, str]


class Suite(NamedTuple):
    """How the conformance suite of a language is run."""

    program: str
    #: What is copied, beside tests/cases.
    paths: tuple[str, ...]
    #: ``command(outcomes)``: run in the copy, it writes the outcomes to that file.
    command: Callable[[Path], list[str]]


SUITES = {
    "python": Suite(
        sys.executable,
        (
            "pyproject.toml",
            "data",
            "inst/js",
            "python/twinprop",
            "tests/conformance.py",
            "tests/python/conftest.py",
            "tests/python/test_conformance.py",
        ),
        lambda outcomes: [
            *(sys.executable, "-m", "pytest", "tests/python/test_conformance.py"),
            *("-p", "no:cacheprovider", "-p", "mutation.outcomes", "--tb=short"),
            f"--outcomes={outcomes}",
        ],
    ),
    "r": Suite(
        "Rscript",
        ("DESCRIPTION", "NAMESPACE", "data", "inst", "r", "tests/testthat"),
        lambda outcomes: ["Rscript", str(HERE / "outcomes.R"), str(outcomes)],
    ),
    "js": Suite(
        "node",
        (
            "package.json",
            "inst/js",
            "data",
            "tests/js/conformance.test.js",
            "tests/js/helpers.js",
        ),
        lambda outcomes: [
            "node",
            f"--test-reporter={(HERE / 'outcomes.js').as_uri()}",
            f"--test-reporter-destination={outcomes}",
            "tests/js/conformance.test.js",
        ],
    ),
}


def missing(language: str) -> bool:
    """Whether the language's program is not there."""
    return shutil.which(SUITES[language].program) is None


def run_suite(language: str, mutation: Mutation | None = None) -> Outcomes:
    """The outcome of each test of a language, with its code mutated or not.

    Only the mutation's own cases are replayed; without a mutation, all are.
    """
    suite = SUITES[language]
    with tempfile.TemporaryDirectory(prefix="twinprop-mutation-") as folder:
        copy = Path(folder)
        for path in suite.paths:
            copy_path(path, copy)
        if mutation is None:
            copy_path("tests/cases", copy)
        else:
            for case in mutation.cases:
                copy_path(f"tests/cases/{case}.json", copy)
            (copy / "tests/cases/errors").mkdir(exist_ok=True)
            mutate(copy, mutation, language)
        outcomes = copy / "outcomes.json"
        done = subprocess.run(
            suite.command(outcomes),
            cwd=copy,
            env=environment(copy),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if not outcomes.exists():
            raise RuntimeError(f"the suite of {language} did not run:\n{done.stdout}{done.stderr}")
        return json.loads(outcomes.read_text(encoding="utf-8"))


def copy_path(path: str, copy: Path) -> None:
    """Copy a file or folder of the repository to the same place in the copy."""
    source, target = ROOT / path, copy / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def mutate(copy: Path, mutation: Mutation, language: str) -> None:
    """Change the one place in the copy."""
    edit = mutation.edits[language]
    path = copy / edit.file
    text = path.read_text(encoding="utf-8")
    found = text.count(edit.original)
    if found != 1:
        raise LookupError(
            f"{edit.file} has the snippet of mutation {mutation.name!r} {found} times, not once; "
            f"update tests/mutation/table.py:\n{edit.original}"
        )
    path.write_text(text.replace(edit.original, edit.mutated), encoding="utf-8")


def environment(copy: Path) -> dict[str, str]:
    """The environment in which the copy's code is found before what is installed."""
    python = os.pathsep.join([str(copy / "python"), str(HERE.parent)])
    return {**os.environ, "PYTHONPATH": python, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def caught(outcomes: Outcomes, case: str) -> list[str]:
    """The tests that replay a case, or one of a file of error cases, and failed by an assertion."""
    names = [Path(case).name]
    if case.startswith("errors/"):
        text = (ROOT / f"tests/cases/{case}.json").read_text(encoding="utf-8")
        names += [one["name"] for one in json.loads(text)]
    return [
        test
        for test, outcome in outcomes.items()
        if outcome == "failed" and any(name in test for name in names)
    ]
