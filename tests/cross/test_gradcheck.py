"""The gradient check of Python, R and JavaScript: the same tables, and the same words."""

import json
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest

from conformance import AFTER_ONE_UPDATE
from engine_runs import run_on
from twinprop import Network, RandomStream, TwinpropWarning, check_gradient
from twinprop.plan import read_plan

ROOT = Path(__file__).parents[2]

# A difference of costs C holds roundings of about 2^-52 C, beside steps h of 2^-17 and less: 3e-11
# C. Differences of two languages share none of these. The largest derivatives here are 0.01 C and
# more: 3e-9 of them.
DIFFERENCES = 1e-8

# Below this a relative error is rounding (section 11 of the contract); above it has that of the
# differences.
RELATIVE = 1e-6

OUTPUTS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
RULES = ["gradient", "transpose", "proportional_abs", "proportional"]


def make_problem(layers, activations, cost="half_mse", rule="gradient", weight_decay=0.0, **more):
    seed = more.pop("seed", 5)
    network = Network(layers, activations, init="uniform", seed=seed)
    stream = RandomStream(seed + 100)
    rows = more.pop("rows", 4)
    x = 2.0 * stream.uniform(rows * layers[0]).reshape(rows, -1) - 1.0
    d = 0.1 + 0.8 * stream.uniform(rows * layers[-1]).reshape(rows, -1)
    if network.activations[-1] == "softmax":
        d /= d.sum(axis=1, keepdims=True)
    return {
        "layers": layers,
        "activations": list(network.activations),
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        "x": x.tolist(),
        "d": d.tolist(),
        "cost": cost,
        "rule": rule,
        "weight_decay": weight_decay,
        **more,
    }


XOR = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}
PROBLEMS = {
    **{
        f"{rule}, {output}": make_problem([2, 3, 2], ["tanh", output], rule=rule, seed=i)
        for rule in RULES
        for i, output in enumerate(OUTPUTS)
    },
    **{
        f"{rule}, deep, decay": make_problem(
            [3, 4, 3, 2], "sigmoid", "mse", rule, weight_decay=0.1, rows=7
        )
        for rule in RULES
    },
    "half_sse": make_problem([2, 3, 3], ["softplus", "identity"], "half_sse"),
    "cross entropy": make_problem([2, 3, 1], ["tanh", "sigmoid"], "cross_entropy"),
    "cross entropy, K = 3": make_problem([2, 3, 3], ["relu", "sigmoid"], "cross_entropy"),
    "softmax": make_problem([2, 3, 3], ["tanh", "softmax"], "cross_entropy", weight_decay=0.01),
    # the sample (0, 0) puts every hidden neuron on its kink
    "kinks": make_problem([2, 3, 1], ["relu", "sigmoid"], biases=[[0, 0, 0], [0.1]], **XOR),
    "kinks and a rule": make_problem(
        [2, 3, 1], "leaky_relu", rule="transpose", biases=[[0, 0, 0], [0.1]], **XOR
    ),
    "all at kinks": make_problem(
        [1, 1], "relu", weights=[[[1]]], biases=[[-1]], x=[[1]], d=[[3]]
    ),
    "unscaled": make_problem([2, 2, 1], ["softplus", "identity"], x=[[300, 2], [-450, 7], [20, -3]],
                             d=[[1200], [-3], [40]]),
    "no hidden layer": make_problem([2, 2], "tanh", rule="proportional"),
    "symmetric": make_problem(
        [2, 2, 1], "sigmoid", rule="transpose", weights=[[[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5]]],
        biases=[[0, 0], [0]], **XOR
    ),
}  # fmt: skip

IN_R = """
args <- commandArgs(TRUE)
problems <- jsonlite::read_json(args[1])
rows <- function(value) do.call(rbind, lapply(value, unlist))
found <- lapply(problems, function(p) {
  network <- twinprop::tp_network(
    unlist(p$layers), unlist(p$activations), weights = p$weights, biases = p$biases
  )
  warning <- NULL
  check <- withCallingHandlers(
    twinprop::tp_check_gradient(
      network, rows(p$x), rows(p$d), p$cost, p$rule, p$weight_decay
    ),
    twinprop_warning = function(w) {
      warning <<- conditionMessage(w)
      invokeRestart("muffleWarning")
    }
  )
  list(
    table = check$table, worst = check$worst, passes = check$passes, verdict = check$verdict,
    text = paste(utils::capture.output(print(check)), collapse = "\\n"), warning = warning
  )
})
json <- jsonlite::toJSON(
  found, dataframe = "rows", digits = I(17), auto_unbox = TRUE, na = "null", null = "null"
)
writeLines(json, args[2])
"""

IN_JS = """
import { readFileSync, writeFileSync } from "node:fs";
const { checkGradient, Network } = await import(process.argv[2]);
const problems = JSON.parse(readFileSync(process.argv[3], "utf8"));
const found = Object.fromEntries(Object.entries(problems).map(([name, p]) => {
  const { layers, activations, weights, biases, x, d, cost, rule } = p;
  const network = new Network(layers, { activations, weights, biases });
  return [name, checkGradient(network, x, d, { cost, rule, weightDecay: p.weight_decay })];
}));
writeFileSync(process.argv[4], JSON.stringify(found));
"""


def check(problem):
    """Python's check of a problem, and the warning that it gave."""
    network = Network(
        problem["layers"],
        problem["activations"],
        weights=problem["weights"],
        biases=problem["biases"],
    )
    settings = {name: problem[name] for name in ("cost", "rule", "weight_decay")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TwinpropWarning)
        found = check_gradient(network, problem["x"], problem["d"], **settings)
    return found, [str(warning.message) for warning in caught]


def _run(folder, script, name, *before):
    problems, code, answer = folder / "problems.json", folder / name, folder / f"{name}.json"
    problems.write_text(json.dumps(PROBLEMS), encoding="utf-8")
    code.write_text(script, encoding="utf-8")
    command = [before[0], code, *before[1:], problems, answer]
    subprocess.run([*map(str, command)], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def r_checks(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    return _run(tmp_path_factory.mktemp("r"), IN_R, "check.R", shutil.which("Rscript"))


@pytest.fixture(scope="module")
def js_checks(tmp_path_factory):
    run_on("js", read_plan({"training": {"epochs": 1}}))
    index = (ROOT / "inst" / "js" / "index.js").as_uri()
    return _run(tmp_path_factory.mktemp("js"), IN_JS, "check.mjs", shutil.which("node"), index)


def plain(frame):
    """A DataFrame as a list of objects, NA as None."""
    values = frame.astype(object)
    return values.where(values.notna(), None).to_dict("records")


def assert_rows(found, wanted, what):
    """Compare two tables: words and places exactly, numbers each to its own tolerance."""
    assert [list(row) for row in found] == [list(row) for row in wanted], what
    for name in ("layer", "from", "to", "parameter", "kink", "passes"):
        assert [row[name] for row in found] == [row[name] for row in wanted], f"{what}: {name}"

    def column(rows, name):
        return np.array([row[name] for row in rows], dtype=float)

    for name, tolerance in (("backprop", AFTER_ONE_UPDATE), ("difference", DIFFERENCES)):
        p, q = column(found, name), column(wanted, name)
        assert np.abs(p - q).max() <= tolerance * np.abs(q).max(), f"{what}: {name}"
    largest = np.abs(column(wanted, "difference")).max()
    p, q = column(found, "absolute"), column(wanted, "absolute")
    assert np.abs(p - q).max() <= DIFFERENCES * largest, f"{what}: absolute"
    p, q = column(found, "relative"), column(wanted, "relative")
    assert np.abs(p - q).max() <= RELATIVE, f"{what}: relative"


def assert_worst(found, wanted):
    """The worst are rows of their own table, and those of the other language."""
    assert all(row in found["table"] for row in found["worst"])
    places = [
        [(row["layer"], row["from"], row["to"]) for row in p] for p in (found["worst"], wanted)
    ]
    assert places[0] == places[1]


@pytest.mark.parametrize("name", PROBLEMS)
class TestTheSame:
    def test_table_from_r(self, name, r_checks):
        mine, _ = check(PROBLEMS[name])
        assert_rows(r_checks[name]["table"], plain(mine.table), name)
        assert_worst(r_checks[name], plain(mine.worst))
        assert r_checks[name]["passes"] == mine.passes

    def test_table_from_js(self, name, js_checks):
        mine, _ = check(PROBLEMS[name])
        assert_rows(js_checks[name]["table"], plain(mine.table), name)
        assert_worst(js_checks[name], plain(mine.worst))
        assert js_checks[name]["passes"] == mine.passes

    def test_text_from_r(self, name, r_checks):
        mine, caught = check(PROBLEMS[name])
        assert r_checks[name]["text"] == str(mine)
        assert r_checks[name]["verdict"] == mine.verdict
        assert ([] if r_checks[name]["warning"] is None else [r_checks[name]["warning"]]) == caught

    def test_words_from_js(self, name, js_checks):
        mine, _ = check(PROBLEMS[name])
        assert js_checks[name]["verdict"] == mine.verdict
        assert js_checks[name]["warning"] == mine.warning


def test_the_problems_are_of_every_kind():
    found = {name: check(problem) for name, problem in PROBLEMS.items()}
    verdicts = {name: mine.verdict.split(":")[0] for name, (mine, _) in found.items()}
    assert {verdicts[name] for name in PROBLEMS if PROBLEMS[name]["rule"] == "gradient"} == {
        "PASSES",
        "NOT CHECKED",
    }
    assert verdicts["all at kinks"] == "NOT CHECKED"
    fails = [name for name in PROBLEMS if verdicts[name] == "FAILS"]
    assert len(fails) >= 20
    assert [name for name, (_, caught) in found.items() if caught] == fails
    kinks = [name for name, (mine, _) in found.items() if mine.columns["kink"].any()]
    assert kinks == ["kinks", "kinks and a rule", "all at kinks"]
