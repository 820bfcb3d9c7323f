"""Every conformance case, every error and random plans of any kind, through every engine."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from conformance import (
    AFTER_A_THOUSAND,
    AFTER_ONE_UPDATE,
    assert_group,
    assert_recording,
    assert_run,
    assert_snapshots,
    cases,
    error_cases,
    is_exact,
    plain,
    write_plan,
)
from engine_runs import run_on
from random_plans import random_plan
from twinprop import DenominatorError, DivergenceError, EngineError, Network, TwinpropError
from twinprop.engines import ENGINES, run_plan_on
from twinprop.plan import read_plan, run_to_dict, train_plan

CASES = cases()
TRAINING_ERRORS = {
    name: case
    for name, case in error_cases().items()
    if case["kind"] in ("divergence", "denominator")
}
# How far a change of the starting weights in the last bit may move the results, for a plan to count
# as well-conditioned: what rounding can do then stays far below the tolerance.
WELL_CONDITIONED = 1e-12


@pytest.mark.parametrize("name", CASES)
def test_conformance_case(engine, name):
    case = CASES[name]
    plan, expected, exact = read_plan(case["plan"]), case["expected"], is_exact(case)
    if exact and engine.name == "torch":
        plan = dataclasses.replace(plan, training=plan.training | {"record": None})
        with pytest.raises(TwinpropError, match='^engine "torch" has no arithmetic "portable"$'):
            engine(plan)
        return
    if "recording" in expected and engine.name == "torch":
        with pytest.raises(EngineError, match='^engine "torch" keeps no recording$'):
            engine(plan)
        plan = dataclasses.replace(plan, training=plan.training | {"record": None})
        expected = {key: value for key, value in expected.items() if key != "recording"}
    run = run_to_dict(engine(plan))
    assert_run(run, expected["run"], name, exact)
    assert_snapshots(run.get("snapshots", []), expected["snapshots"], name, exact)
    assert_recording(run.get("recording"), expected, name, exact)


@pytest.mark.parametrize("name", TRAINING_ERRORS)
def test_training_error(engine, name, tmp_path):
    case = TRAINING_ERRORS[name]
    kind = {"divergence": DivergenceError, "denominator": DenominatorError}[case["kind"]]
    with pytest.raises(kind) as caught:
        engine(read_plan(write_plan(case, tmp_path)))
    assert str(caught.value) == case["message"]


@pytest.mark.parametrize("seed", range(60))
def test_random_plan(seed):
    plan = random_plan(seed)
    engines = ["r", "js", "torch"] + (["rscript"] if seed % 10 == 0 else [])
    try:
        reference = train_plan(plan)
    except TwinpropError as stopped:
        for name in engines:
            with pytest.raises(type(stopped), match=f"^{re.escape(str(stopped))}$"):
                run_on(name, plan)
        return
    steady = _sensitivity(plan, reference) <= WELL_CONDITIONED
    for name in engines:
        run = run_on(name, plan)
        _assert_snapshot(run, reference, f"{name}, plan {seed}")
        if steady:
            _assert_same(run, reference, f"{name}, plan {seed}")


def test_most_random_plans_are_well_conditioned():
    steady = 0
    for seed in range(60):
        plan = random_plan(seed)
        try:
            steady += _sensitivity(plan, train_plan(plan)) <= WELL_CONDITIONED
        except TwinpropError:
            continue
    assert steady >= 45


def _sensitivity(plan, reference):
    """How far a change of the starting weights by 1e-15 moves the final ones, relative to them."""
    network = Network(**plan.network)
    sign = np.random.default_rng(1).choice([-1.0, 1.0], network.parameters.size)
    network.parameters *= 1.0 + 1e-15 * sign
    moved = {**plan.network, "weights": network.weights, "biases": network.biases}
    try:
        run = train_plan(dataclasses.replace(plan, network=moved))
    except TwinpropError:
        return np.inf
    p, q = (
        np.concatenate([v.ravel() for v in [*which.weights, *which.biases]])
        for which in (run, reference)
    )
    return np.abs(p - q).max() / np.abs(q).max()


def _assert_snapshot(run, reference, what):
    first, wanted = run.snapshots[0], reference.snapshots[0]
    assert_group(
        [first.weights, first.biases],
        plain([wanted.weights, wanted.biases]),
        AFTER_ONE_UPDATE,
        f"{what}: after one update",
    )


def _assert_same(run, reference, what):
    assert run.updates == reference.updates
    assert_group(
        [run.weights, run.biases],
        plain([reference.weights, reference.biases]),
        AFTER_A_THOUSAND,
        f"{what}: weights",
    )
    size = np.abs(reference.outputs).max()
    assert_group(run.outputs, plain(reference.outputs), AFTER_A_THOUSAND, f"{what}: outputs")
    assert_group(
        run.errors, plain(reference.errors), AFTER_A_THOUSAND, f"{what}: errors", scale=size
    )
    costs = [reference.initial_cost, reference.cost.tolist(), reference.final_cost]
    assert_group(
        [run.initial_cost, run.cost, run.final_cost], costs, AFTER_A_THOUSAND, f"{what}: costs"
    )


@pytest.mark.parametrize("name", ["r", "rscript", "js", "torch"])
def test_engine_by_name(name):
    plan = {"training": {"epochs": 3}}
    run_on(name, read_plan(plan))  # skips or fails where it is missing
    run = run_plan_on(plan, name)
    assert run.engine == ("r" if name == "rscript" else name)
    assert run.updates == 12


def test_unknown_engine():
    with pytest.raises(TwinpropError, match='engine must be one of "python", "r", "rscript"'):
        run_plan_on({}, "julia")


@pytest.mark.parametrize(
    ("name", "program"), [("js", "node"), ("rscript", "Rscript"), ("r", "Rscript")]
)
def test_a_program_that_is_not_there_is_named(monkeypatch, tmp_path, name, program):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install" in ENGINES[name].missing()
    # One that is too old, or lacks the package, says no.
    (tmp_path / program).write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "install" in ENGINES[name].missing()


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.parametrize("name", ["python", "r", "js", "torch"])
def test_control_c_stops_an_engine_and_writes_nothing(name, tmp_path):
    run_on(name, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    plan, output = tmp_path / "plan.json", tmp_path / "run.json"
    plan.write_text('{"network": {"layers": [2, 40, 1]}, "training": {"epochs": 3000000}}')
    command = [sys.executable, "-m", "twinprop", "run", str(plan), "-o", str(output)]
    with subprocess.Popen(
        [*command, "--engine", name], stderr=subprocess.PIPE, text=True
    ) as process:
        # It must be training by then; if it is still starting, it stops all the sooner.
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        try:
            _, printed = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 130
    assert printed.splitlines()[-1] == "interrupted"
    assert list(tmp_path.iterdir()) == [plan]
