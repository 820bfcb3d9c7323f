"""The rules compared in Python, R and JavaScript: the same tables, and the same words."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine_runs import run_on
from rules_conformance import assert_tables, rules_cases
from twinprop import Network, Optimizer, RandomStream, compare_rules
from twinprop.plan import read_plan

ROOT = Path(__file__).parents[2]
OUTPUTS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
ALONG = ["own", "gradient", "transpose", "proportional_abs"]


def make_problem(layers, activations, **more):
    """A problem whose weights, inputs and targets are random."""
    seed = more.pop("seed", 5)
    network = Network(layers, activations, init="uniform", seed=seed)
    stream = RandomStream(seed + 100)
    rows = more.pop("n", 4)
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
        "optimizer": {"name": "sgd", "learning_rate": 0.2},
        "epochs": 10,
        **more,
    }


def from_case(case):
    """A case as a problem."""
    network = Network(**case["plan"]["network"])
    training = dict(case["plan"]["training"])
    optimizer = Optimizer(**training.pop("optimizer", {})).settings
    return {
        "layers": list(network.layers),
        "activations": list(network.activations),
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        **case["plan"]["data"],
        "optimizer": optimizer,
        **training,
        **{key: case[key] for key in ("rules", "along", "every") if key in case},
    }


XOR = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}
# The proportional rule passes by denominators of nearly 0, where no two languages stay together
# (section 10 has no more to say of chaos): it is kept to few epochs, or away from them.
PROBLEMS = {
    **{name: from_case(case) for name, case in rules_cases().items()},
    **{
        f"{output}, {along}": make_problem([2, 3, 2], ["tanh", output], along=along, seed=i + 2)
        for i, output in enumerate(OUTPUTS)
        for along in ALONG
    },
    "deep": make_problem([3, 4, 3, 2], "sigmoid", n=9, batch_size=4, shuffle=True, epochs=5),
    "decay": make_problem(
        [3, 4, 2], "sigmoid", optimizer={"name": "sgd", "weight_decay": 0.1}, epochs=20
    ),
    "softmax": make_problem([2, 3, 3], ["tanh", "softmax"], cost="cross_entropy", seed=9),
    "rprop": make_problem(
        [2, 3, 1], "sigmoid", optimizer={"name": "rprop"}, batch_size=None, seed=4, epochs=5
    ),
    # what cancels, ties and rounds: symmetric weights, a perfect fit, numbers of a few bits
    "symmetric": make_problem(
        [2, 2, 1], "sigmoid", weights=[[[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5]]],
        biases=[[0, 0], [0]], epochs=30, **XOR
    ),
    "a zero gradient": make_problem(
        [2, 2, 1], "tanh", weights=[[[0, 0], [0, 0]], [[0, 0]]], biases=[[0, 0], [0]],
        rules=["gradient", "transpose"], x=[[0, 1], [1, 0]], d=[[0.5], [-0.5]], batch_size=None
    ),
    "a perfect fit": make_problem(
        [1, 1], "identity", weights=[[[0.5]]], biases=[[0]], x=[[0.3], [-0.7], [0.9]],
        d=[[0.28], [-0.32], [0.64]], optimizer={"name": "sgd", "learning_rate": 0.5}, epochs=400
    ),
    # the length ratio of "proportional" is 13 / 8 = 1.625, its smallest denominator 2^-7
    "halves": make_problem(
        [1, 2, 1], "identity", weights=[[[1], [1]], [[0.4, 8 / 13 - 0.4]]], biases=[[0, 0], [0]],
        x=[[1]], d=[[0]], epochs=0
    ),
    "halves of denominators": make_problem(
        [1, 2, 1], "identity", weights=[[[1], [1]], [[129 / 256, -127 / 256]]],
        biases=[[0, 0], [0]], x=[[1]], d=[[1]], epochs=0
    ),
    "opposite signs": make_problem(
        [1, 2, 1], "identity", weights=[[[1], [2]], [[1, -3]]], biases=[[0, 0], [0]], x=[[1]],
        d=[[5]], rules=["proportional"], epochs=1, optimizer={"name": "sgd", "learning_rate": 0.01}
    ),
    "few bits": make_problem(
        [1, 2, 1], "identity", weights=[[[1], [1]], [[0.5, 0.125]]], biases=[[0, 0], [0]],
        x=[[1]], d=[[0]], optimizer={"name": "sgd", "learning_rate": 0.125}, epochs=2
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
  optimizer <- do.call(twinprop::tp_optimizer, lapply(p$optimizer, unlist))
  given <- p[!names(p) %in% c("layers", "activations", "weights", "biases", "x", "d", "optimizer")]
  if (!is.null(given$rules)) given$rules <- unlist(given$rules)
  found <- do.call(
    twinprop::tp_compare_rules,
    c(list(network, rows(p$x), rows(p$d), optimizer = optimizer), given)
  )
  printed <- paste(utils::capture.output(print(found)), collapse = "\\n")
  change <- found$steps$change
  found$steps$change <- ifelse(is.infinite(change), "Inf", sprintf("%.17g", change))
  found$steps$change[is.na(change)] <- NA
  c(lapply(unclass(found)[c("table", "steps", "costs", "summary")], as.list), text = printed)
})
json <- jsonlite::toJSON(
  found, digits = I(17), auto_unbox = FALSE, na = "null", null = "null"
)
writeLines(json, args[2])
"""

IN_JS = """
import { readFileSync, writeFileSync } from "node:fs";
const { compareRules, Network, Optimizer } = await import(process.argv[2]);
const { camelKeys } = await import(new URL("checks.js", process.argv[2]));
const problems = JSON.parse(readFileSync(process.argv[3], "utf8"));
const found = Object.fromEntries(Object.entries(problems).map(([name, p]) => {
  const { layers, activations, weights, biases, x, d, optimizer, ...options } = p;
  const network = new Network(layers, { activations, weights, biases });
  const { name: kind, ...parameters } = camelKeys(optimizer);
  return [name, compareRules(network, x, d, {
    ...camelKeys(options), optimizer: new Optimizer(kind, parameters),
  })];
}));
const words = (key, value) => (value === Infinity ? "Inf" : value);
writeFileSync(process.argv[4], JSON.stringify(found, words));
"""


def compare(problem):
    """Python's comparison of a problem."""
    given = dict(problem)
    names = ("layers", "activations", "weights", "biases")
    layers, activations, weights, biases = (given.pop(name) for name in names)
    network = Network(layers, activations, weights=weights, biases=biases)
    optimizer = Optimizer(**given.pop("optimizer"))
    return compare_rules(network, given.pop("x"), given.pop("d"), optimizer=optimizer, **given)


def _run(folder, script, name, *before):
    problems, code, answer = folder / "problems.json", folder / name, folder / f"{name}.json"
    problems.write_text(json.dumps(PROBLEMS), encoding="utf-8")
    code.write_text(script, encoding="utf-8")
    command = [before[0], code, *before[1:], problems, answer]
    subprocess.run([*map(str, command)], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def r_comparisons(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    found = _run(tmp_path_factory.mktemp("r"), IN_R, "compare.R", shutil.which("Rscript"))
    for tables in found.values():
        change = tables["steps"]["change"]
        tables["steps"]["change"] = [v if v in (None, "Inf") else float(v) for v in change]
    return found


@pytest.fixture(scope="module")
def js_comparisons(tmp_path_factory):
    run_on("js", read_plan({"training": {"epochs": 1}}))
    index = (ROOT / "inst" / "js" / "index.js").as_uri()
    return _run(tmp_path_factory.mktemp("js"), IN_JS, "compare.mjs", shutil.which("node"), index)


def snake_case(name):
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def columns(rows):
    """JavaScript's rows as columns, with Python's names."""
    return {snake_case(key): [row[key] for row in rows] for key in rows[0]}


@pytest.mark.parametrize("name", PROBLEMS)
class TestTheSame:
    def test_tables_from_r(self, name, r_comparisons):
        tables = {key: value for key, value in r_comparisons[name].items() if key != "text"}
        assert_tables(tables, compare(PROBLEMS[name]).columns, name)

    def test_text_from_r(self, name, r_comparisons):
        assert r_comparisons[name]["text"] == [compare(PROBLEMS[name]).text]

    def test_tables_from_js(self, name, js_comparisons):
        found = js_comparisons[name]
        tables = {key: columns(rows) for key, rows in found.items() if key != "text"}
        assert_tables(tables, compare(PROBLEMS[name]).columns, name)

    def test_text_from_js(self, name, js_comparisons):
        assert js_comparisons[name]["text"] == compare(PROBLEMS[name]).text


def test_the_problems_are_of_every_kind():
    found = {name: compare(problem) for name, problem in PROBLEMS.items()}
    texts = "\n".join(one.text for one in found.values())
    assert "sum to 0 or nearly 0" in texts
    assert "the cost or a weight became NaN or Inf" in texts
    assert ", weight decay 0.1, " in texts
    assert all(f"along the training by {rule}" in texts for rule in ALONG[1:])
    lowers = [v for one in found.values() for v in one.columns["steps"]["lowers_cost"]]
    assert {True, False, None} <= set(lowers)
    fit = found["a perfect fit"]
    assert "0.00e+00" in fit.text
    assert fit.columns["summary"]["final_cost"][0] > 0.0
    assert "1.62e+00" in found["halves"].text
    assert "0.007812" in found["halves of denominators"].text
