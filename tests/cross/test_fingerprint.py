"""Portable arithmetic: every engine computes the same bits, and says so by the same fingerprint."""

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine_runs import run_on
from random_plans import random_plan
from twinprop import TwinpropError, fingerprint, write_run
from twinprop.__main__ import main
from twinprop.plan import read_plan, run_to_dict, train_plan
from twinprop.r_bridge import r_environment

ROOT = Path(__file__).parents[2]
PORTABLE = ["r", "rscript", "js"]
PLANS = 80


def portable(seed):
    plan = random_plan(seed)
    return dataclasses.replace(plan, training=plan.training | {"arithmetic": "portable"})


def numbers(run):
    """All that a run has computed, as its file has it: text, in which a -0 is not 0."""
    kept = {
        key: value for key, value in run_to_dict(run).items() if key not in ("engine", "seconds")
    }
    return json.dumps(kept)


@pytest.mark.parametrize("seed", range(PLANS))
def test_a_random_plan_gives_the_same_bits(seed):
    plan = portable(seed)
    engines = PORTABLE if seed % 10 == 0 else ["r", "js"]
    try:
        reference = train_plan(plan)
    except TwinpropError as stopped:
        for name in engines:
            with pytest.raises(type(stopped), match=f"^{re.escape(str(stopped))}$"):
                run_on(name, plan)
        return
    for name in engines:
        run = run_on(name, plan)
        assert numbers(run) == numbers(reference), name
        assert run.fingerprint == reference.fingerprint


def test_the_random_plans_have_every_choice():
    plans = [portable(seed) for seed in range(PLANS)]
    for key, count in (("rule", 4), ("update_order", 2), ("cost", 4)):
        assert len({plan.training[key] for plan in plans}) == count
    assert len({name for plan in plans for name in plan.network["activations"]}) == 7
    assert len({plan.training["optimizer"]["name"] for plan in plans}) == 6
    sizes = {
        (plan.training["batch_size"] == 1, plan.training["batch_size"] == len(plan.x))
        for plan in plans
    }
    assert len(sizes) >= 3
    for key in ("dropout", "clip_norm", "schedule", "shuffle"):
        assert any(plan.training[key] for plan in plans)
    assert any(plan.sample_weight is not None for plan in plans)


def test_fast_arithmetic_does_not(monkeypatch):
    """Or the tests above would prove nothing; the kernel knows portable arithmetic alone."""
    monkeypatch.setenv("TWINPROP_KERNEL", "off")
    plan = read_plan({"training": {"epochs": 100}})
    assert run_on("js", plan).fingerprint != train_plan(plan).fingerprint


def by_r(path):
    code = "cat(twinprop::tp_fingerprint(commandArgs(TRUE)[[1L]]))"
    command = ["Rscript", "-e", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=r_environment())
    return done.stdout


def by_js(path, what):
    code = f"""
      import {{ readFileSync }} from "node:fs";
      import {{ fingerprint, MLP }} from "{(ROOT / "inst/js/index.js").as_uri()}";
      const text = readFileSync(process.argv[1], "utf8");
      process.stdout.write(fingerprint({what}));"""
    command = [shutil.which("node"), "--input-type=module", "-e", code, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["python", *PORTABLE, "torch"])
def test_a_run_file_has_one_in_every_language(name, tmp_path):
    run = run_on(name, read_plan({"training": {"epochs": 3}}))
    path = tmp_path / "run.json"
    write_run(run, path)
    mark = json.loads(path.read_text())["fingerprint"]
    assert fingerprint(path) == by_r(path) == by_js(path, "JSON.parse(text)") == mark


def test_a_model_file_has_one_in_every_language(tmp_path):
    run_on("rscript", read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    paths = [tmp_path / f"{name}.twinprop.json" for name in ("python", "r")]
    how = ["--target", "Species", "--epochs", "9", "-o", str(paths[0]), "--quiet"]
    main(["train", str(ROOT / "data" / "iris.csv"), *how])
    fit = "suppressWarnings(twinprop::twinprop(mpg ~ wt + hp, mtcars, epochs = 9, seed = 1))"
    code = f'twinprop::tp_write_model({fit}, "{paths[1]}")'
    subprocess.run(["Rscript", "-e", code], check=True, env=r_environment())
    for path in paths:
        mark = json.loads(path.read_text())["training"]["fingerprint"]
        assert fingerprint(path) == by_r(path) == by_js(path, "MLP.fromJSON(text)") == mark


@pytest.mark.parametrize("name", PORTABLE)
def test_the_command_gives_a_plan_one_on_every_engine(name, tmp_path, capsys):
    run_on(name, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    path = tmp_path / "plan.json"
    plan = {"data": {"dataset": "iris"}, "network": {"layers": [4, 5, 3]}}
    path.write_text(json.dumps({**plan, "training": {"epochs": 2, "arithmetic": "portable"}}))
    assert main(["fingerprint", str(path)]) == 0
    assert main(["fingerprint", str(path), "--engine", name]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    if name == "rscript":  # R by itself
        assert by_r(path) == first
