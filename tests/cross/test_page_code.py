"""The code that the page copies, run by Python and R, gives the numbers of the page."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import AFTER_A_THOUSAND, assert_group
from engine_runs import run_on
from twinprop.plan import check_plan

ROOT = Path(__file__).parents[2]

# A page: changes of its first state, and where it stands.
PAGES = {
    "the start": ({}, 0),
    "after whole epochs": ({}, 8),
    "inside an epoch": ({"shuffle": True, "batchSize": 3, "init": "uniform"}, 5),
    "a data set": (
        {"data": {"dataset": "iris"}, "layers": [4, 3, 3], "batchSize": 16, "shuffle": True},
        20,
    ),
    "all samples at once by adam": (
        {
            "batchSize": None,
            "cost": "cross_entropy",
            "rule": "transpose",
            "optimizer": {"name": "adam", "learningRate": 0.01, "weightDecay": 1e-7},
        },
        3,
    ),
    "its own data, weights and a layer of one": (
        {
            "data": {
                "x": [[1.5], [-1e-7], [3e21]],
                "d": [[0.1], [1 / 3], [1]],
                "inputNames": ['quote " and \\ and\nline'],
                "outputNames": ["</script>"],
            },
            "layers": [1, 1, 1],
            "weights": [[[0.1]], [[-0.0]]],
            "biases": [[0.25], [-1]],
            "updateOrder": "output_first",
            "optimizer": {"name": "rprop", "learningRate": 0.01, "etas": [0.4, 1.3]},
        },
        4,
    ),
}

PROGRAM = """
import { pythonCode, rCode } from "./inst/js/sketch/code.js";
import { loadSamples } from "./inst/js/sketch/data.js";
import { change, DEFAULT_STATE } from "./inst/js/sketch/state.js";
import { Stepper } from "./inst/js/sketch/stepper.js";
const [changes, updates] = JSON.parse(process.argv[1]);
const state = change(DEFAULT_STATE, changes);
const stepper = new Stepper(state, await loadSamples(state.data));
stepper.seek(updates);
console.log(JSON.stringify({
  python: pythonCode(state, updates, stepper.batches),
  r: rCode(state, updates, stepper.batches),
  cost: stepper.cost(),
  weights: stepper.weights,
  biases: stepper.biases,
}));
"""


def page(name):
    run_on("js", check_plan({"training": {"epochs": 0}}))  # skips without node
    done = subprocess.run(
        [shutil.which("node"), "--input-type=module", "-e", PROGRAM, json.dumps(PAGES[name])],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return json.loads(done.stdout)


def assert_numbers(found, expected):
    assert_group(found["cost"], expected["cost"], AFTER_A_THOUSAND, "cost")
    for name in ("weights", "biases"):
        assert_group(found[name], expected[name], AFTER_A_THOUSAND, name)


@pytest.mark.parametrize("name", PAGES)
def test_python_code(name, tmp_path):
    expected = page(name)
    code = tmp_path / "page.py"
    code.write_text(expected["python"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, code], capture_output=True, text=True, check=True, timeout=120
    )
    first, *lines = done.stdout.splitlines()
    found = {"cost": float(first.removeprefix("cost ")), "weights": [], "biases": []}
    for line in lines:
        _, rest = line.split(" weights ")
        weights, biases = rest.split(" biases ")
        found["weights"].append(json.loads(weights))
        found["biases"].append(json.loads(biases))
    assert_numbers(found, expected)


@pytest.mark.parametrize("name", PAGES)
def test_r_code(name, tmp_path):
    expected = page(name)
    run_on("rscript", check_plan({"training": {"epochs": 0}}))  # skips without R
    code = tmp_path / "page.R"
    ending = f"""
kept <- list(
  cost = now${"cost" if "snapshots[[1]]" in expected["r"] else "final_cost"},
  weights = now$weights, biases = lapply(now$biases, as.list)
)
cat("\\n@@", jsonlite::toJSON(kept, digits = NA, auto_unbox = TRUE), sep = "")
"""
    code.write_text(expected["r"] + ending, encoding="utf-8")
    done = subprocess.run(
        [shutil.which("Rscript"), code], capture_output=True, text=True, check=True, timeout=120
    )
    printed, numbers = done.stdout.split("\n@@")
    found = json.loads(numbers)
    assert_numbers(found, expected)
    # what the code itself prints is that, too
    assert printed.startswith("cost ")
    assert float(printed.split()[1]) == pytest.approx(expected["cost"], rel=1e-12)
