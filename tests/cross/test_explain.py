"""The explained step of Python, R and JavaScript: the same tables, words and, from R, reports."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from conformance import AFTER_ONE_UPDATE
from engine_runs import run_on
from twinprop import Network, Optimizer, RandomStream, dataset_names, explain, explain_plan
from twinprop.equations import MATHML, TEXT
from twinprop.plan import read_plan
from twinprop.report import _parts

ROOT = Path(__file__).parents[2]

OUTPUTS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
RULES = ["gradient", "transpose", "proportional_abs", "proportional"]
OPTIMIZERS = {
    "sgd": {},
    "momentum": {"learning_rate": 0.1},
    "nesterov": {"learning_rate": 0.1, "weight_decay": 0.02},
    "rmsprop": {},
    "rmsprop, momentum": {"name": "rmsprop", "momentum": 0.8, "weight_decay": 0.02},
    "adam": {"weight_decay": 0.02},
    "rprop": {"learning_rate": 0.1},
}

#: The columns of the table that hold words and places; the last is the number.
WORDS = ["stage", "sample", "layer", "from", "to", "symbol", "formula", "substitution"]
SUMMARY_WORDS = ["stage", "layer", "symbol", "count"]
SUMMARY_NUMBERS = ["smallest", "mean", "largest"]


def make_problem(layers, activations, cost="half_mse", rule="gradient", **more):
    """A network, samples and settings, all as plain lists; `before` counts the updates before."""
    seed = more.pop("seed", 5)
    network = Network(layers, activations, init="uniform", seed=seed)
    stream = RandomStream(seed + 100)
    rows = more.pop("rows", 2)
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
        "update_order": "simultaneous",
        "optimizer": {"name": "sgd"},
        "before": 0,
        "neurons": None,
        **more,
    }


# In the problems with "output_first" the weights move far: eta = 2.
FAR = {"name": "sgd", "learning_rate": 2.0}
XOR = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}
PROBLEMS = {
    **{
        f"{rule}, {order}": make_problem(
            [2, 3, 2, 2], ["tanh", "softplus", "sigmoid"], rule=rule, update_order=order,
            optimizer=FAR, seed=i,
        )
        for i, rule in enumerate(RULES)
        for order in ("simultaneous", "output_first")
    },
    **{
        f"{output}, one sample": make_problem([2, 3, 2], output, "mse", rows=1, seed=i)
        for i, output in enumerate(OUTPUTS)
    },
    **{
        f"{name}, {before} updates before": make_problem(
            [2, 2, 1], "tanh", "half_sse", rows=3, before=before,
            optimizer={"name": name, **settings},
        )
        for name, settings in OPTIMIZERS.items()
        for before in (0, 2)
    },
    "decay, one sample": make_problem(
        [2, 2, 1], "sigmoid", rows=1, optimizer={"name": "sgd", "weight_decay": 0.1}
    ),
    "decay, output first": make_problem(
        [2, 3, 1], "sigmoid", rule="transpose", update_order="output_first",
        optimizer={"name": "momentum", "weight_decay": 0.1}, before=3,
    ),
    "cross entropy": make_problem([2, 3, 1], ["tanh", "sigmoid"], "cross_entropy"),
    "cross entropy, K = 3": make_problem(
        [2, 3, 3], ["relu", "sigmoid"], "cross_entropy", "proportional_abs", rows=1
    ),
    "softmax": make_problem([2, 3, 3], ["tanh", "softmax"], "cross_entropy"),
    "softmax, a rule": make_problem(
        [2, 3, 3], ["tanh", "softmax"], "cross_entropy", "transpose", rows=1,
        update_order="output_first",
    ),
    "long sums": make_problem([11, 12, 1], "sigmoid", rows=12, neurons=[[1, 11], [2, 12], [3, 1]]),
    "single neurons": make_problem([2, 3, 2], "tanh", rows=3, neurons=[[2, 3], [3, 1]]),
    "the inputs alone": make_problem([2, 3, 2], "tanh", neurons=[[1, 2]]),
    "a summary": make_problem([12, 11, 10], "sigmoid", rows=6),
    "a summary of softmax": make_problem(
        [12, 11, 10], ["relu", "softmax"], "cross_entropy", "proportional", rows=6,
        optimizer={"name": "adam", "weight_decay": 0.01},
    ),
    "no hidden layer": make_problem([2, 2], "tanh", rule="proportional"),
    # the weights are the same, and what cancels is rounding
    "symmetric": make_problem(
        [2, 2, 1], "sigmoid", rule="transpose", weights=[[[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5]]],
        biases=[[0, 0], [0]], **XOR
    ),
    "what cancels": make_problem(
        [3, 2, 1], "identity", weights=[[[0.1, 0.2, -0.3], [0.7, -0.1, 0.6]], [[0.3, -0.3]]],
        biases=[[0, 0], [0.3]], x=[[1, 1, 1], [0.1, 0.1, 0.1]], d=[[0.3], [0]],
    ),
    # halves, which round to even, and powers of ten
    "halves": make_problem(
        [2, 1], "identity", weights=[[[0.1234565, 1000.0005]]], biases=[[-0.0000012345645]],
        x=[[1, 1e5], [1234565, -1e-9]], d=[[1000], [1e6]],
    ),
    # what is remembered of gradients that are rounding and no more: e of layer 3 sums to 0 (rmsprop
    # and adam make whole steps of such gradients, so that no two languages stay together)
    **{
        f"{name} remembers rounding": make_problem(
            [3, 1, 3], ["sigmoid", "softmax"], "cross_entropy", "proportional", before=2, seed=3,
            weights=[[[0.1, 0.2, 0.3]], [[0.3], [0.4], [0.5]]], biases=[[0.1], [0, 0, 0]],
            optimizer={"name": name},
        )
        for name in ("momentum", "nesterov")
    },
    # 0.7 - 0.1 * 7 is rounding, and what goes back through it
    **{
        f"{rule}, a new weight that cancels": make_problem(
            [1, 1, 1], "identity", "half_sse", rule, weights=[[[1]], [[0.7]]],
            biases=[[0], [0.1]], x=[[7]], d=[[4]], rows=1, update_order="output_first",
            optimizer={"name": "sgd", "learning_rate": 0.1},
        )
        for rule in ("gradient", "transpose")
    },
    "a perfect fit": make_problem([1, 1], "identity", weights=[[[2]]], biases=[[1]], x=[[3]],
                                  d=[[7]], rows=1),
    "dead": make_problem([1, 1, 1], "relu", weights=[[[1]], [[1]]], biases=[[-2], [0]], x=[[1]],
                         d=[[1]], rows=1, optimizer={"name": "rprop"}, before=1),
    "unscaled": make_problem([2, 2, 1], ["sigmoid", "identity"], x=[[300, 2], [-4500, 7e8]],
                             d=[[1200], [-3e-7]]),
    "weights of 0": make_problem([2, 2, 1], "tanh", weights=[[[0, 0], [0, 0]], [[0, 0]]],
                                 biases=[[0, 0], [0]]),
}  # fmt: skip

PLANS = {
    **{name: {"source": name} for name in dataset_names()},
    "a sample": {"source": "xor", "sample": 3, "neurons": [[3, 1]]},
    "a plan": {
        "source": {
            "network": {"layers": [4, 3, 3], "activations": ["tanh", "softmax"], "seed": 7},
            "training": {
                "cost": "cross_entropy",
                "rule": "transpose",
                "update_order": "output_first",
                "optimizer": {"name": "rprop", "weight_decay": 0.1},
                "batch_size": 3,
                "shuffle": True,
                "seed": 8,
            },
            "data": {"dataset": "iris"},
        }
    },
    "all rows": {"source": {"training": {"batch_size": None}}},
}

#: The reports that are the same to the byte; JSON has every digit, and the last ones differ.
REPORTS = ["text", "md", "html", "latex"]

IN_R = """
library(twinprop)
args <- commandArgs(TRUE)
given <- jsonlite::fromJSON(args[1], simplifyVector = FALSE)
rows <- function(given) do.call(rbind, lapply(given, unlist))
explained <- function(p) {
  network <- tp_network(
    unlist(p$layers), unlist(p$activations), weights = lapply(p$weights, rows),
    biases = lapply(p$biases, unlist)
  )
  x <- rows(p$x)
  d <- rows(p$d)
  optimizer <- do.call(tp_optimizer, p$optimizer)
  for (i in seq_len(p$before)) {
    step <- tp_step(network, x, d, p$cost, p$rule, p$update_order, optimizer)
    network <- step$network
    optimizer <- step$optimizer
  }
  tp_explain(network, x, d, p$cost, p$rule, p$update_order, optimizer, p$neurons)
}
planned <- function(p) {
  plan <- p$source
  if (is.list(plan)) {
    writeLines(jsonlite::toJSON(plan, auto_unbox = TRUE, null = "null", digits = NA), args[2])
    plan <- args[2]
  }
  tp_explain_plan(plan, p$sample, p$neurons)
}
reports <- c("text", "md", "html", "latex")
whole <- function(one) list(
  table = one$table, summary = one$summary, title = one$title, summarised = one$summarised,
  reports = sapply(reports, function(format) tp_report(one, format), simplify = FALSE)
)
found <- list(
  problems = lapply(given$problems, function(p) whole(explained(p))),
  plans = lapply(given$plans, function(p) whole(planned(p)))
)
json <- jsonlite::toJSON(
  found, dataframe = "rows", na = "null", digits = I(17), auto_unbox = TRUE, null = "null"
)
writeLines(json, args[2], useBytes = TRUE)
"""

IN_JS = """
import { readFileSync, writeFileSync } from "node:fs";
const { explain, explainPlan, Network, Optimizer } = await import(process.argv[2]);
const { camelKeys } = await import(new URL("checks.js", process.argv[2]));
const { problems, plans } = JSON.parse(readFileSync(process.argv[3], "utf8"));
const explained = ({ layers, activations, weights, biases, x, d, ...p }) => {
  const network = new Network(layers, { activations, weights, biases });
  const { name, ...parameters } = camelKeys(p.optimizer);
  const optimizer = new Optimizer(name, parameters);
  const how = { cost: p.cost, rule: p.rule, updateOrder: p.update_order, optimizer };
  for (let i = 0; i < p.before; i++) network.step(x, d, how);
  return explain(network, x, d, { ...how, neurons: p.neurons });
};
// What is not enumerable is written too, under "shown".
const plain = (step) => ({
  ...step,
  shown: step.table.map(({ text, mathml }) => ({ text, mathml })),
  shownSummary: step.summary.map(({ text }) => text),
});
const found = { problems: {}, plans: {} };
for (const [name, p] of Object.entries(problems)) found.problems[name] = plain(explained(p));
for (const [name, { source, ...options }] of Object.entries(plans)) {
  found.plans[name] = plain(await explainPlan(source, options));
}
writeFileSync(process.argv[4], JSON.stringify(found));
"""


def explained(problem):
    """Python's explanation of a problem."""
    network = Network(
        problem["layers"],
        problem["activations"],
        weights=problem["weights"],
        biases=problem["biases"],
    )
    how = {name: problem[name] for name in ("cost", "rule", "update_order")}
    how["optimizer"] = Optimizer(**problem["optimizer"])
    for _ in range(problem["before"]):
        network.step(problem["x"], problem["d"], **how)
    return explain(network, problem["x"], problem["d"], neurons=problem["neurons"], **how)


def _run(folder, script, name, *before):
    problems, code, answer = folder / "problems.json", folder / name, folder / f"{name}.json"
    problems.write_text(json.dumps({"problems": PROBLEMS, "plans": PLANS}), encoding="utf-8")
    code.write_text(script, encoding="utf-8")
    command = [before[0], code, *before[1:], problems, answer]
    subprocess.run([*map(str, command)], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def mine():
    """Python's explanations, in the shape in which the other languages give theirs."""
    return {
        "problems": {name: explained(problem) for name, problem in PROBLEMS.items()},
        "plans": {name: explain_plan(**plan) for name, plan in PLANS.items()},
    }


@pytest.fixture(scope="module")
def r(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))
    return _run(tmp_path_factory.mktemp("r"), IN_R, "explain.R", shutil.which("Rscript"))


@pytest.fixture(scope="module")
def js(tmp_path_factory):
    run_on("js", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    index = (ROOT / "inst" / "js" / "index.js").as_uri()
    return _run(tmp_path_factory.mktemp("js"), IN_JS, "explain.mjs", shutil.which("node"), index)


def plain(frame):
    """A DataFrame as a list of objects, NA as None."""
    values = frame.astype(object)
    return values.where(values.notna(), None).to_dict("records")


def assert_words(found, wanted, names, what):
    for i, (p, q) in enumerate(zip(found, wanted, strict=True)):
        assert [p[name] for name in names] == [q[name] for name in names], f"{what}, row {i}"


def assert_numbers(found, wanted, sizes, what):
    """Compare numbers to 1e-12 of their sizes.

    A number that terms cancelled to is no more precise than the terms: the size is the sum of
    theirs (section 12 of the contract).
    """
    differences = np.abs(np.array(found, dtype=float) - np.array(wanted, dtype=float))
    bad = differences > AFTER_ONE_UPDATE * np.array(sizes, dtype=float)
    assert not bad.any(), f"{what}: {np.flatnonzero(bad)}, {differences[bad]}"


def assert_same(found, wanted, what):
    """Compare an explanation of another language, as plain data, with Python's."""
    table, summary = plain(wanted.table), plain(wanted.summary)
    assert [list(row) for row in found["table"]] == [list(row) for row in table], what
    assert_words(found["table"], table, WORDS, what)
    assert_numbers(
        [row["value"] for row in found["table"]],
        [row["value"] for row in table],
        [max(abs(row.quantity.value), row.quantity.size) for row in wanted.equations],
        what,
    )
    assert [list(row) for row in found["summary"]] == [list(row) for row in summary], what
    assert_words(found["summary"], summary, SUMMARY_WORDS, what)
    for name in SUMMARY_NUMBERS:
        assert_numbers(
            [row[name] for row in found["summary"]],
            [row[name] for row in summary],
            [getattr(row, name).size for row in wanted.layers],
            f"{what}: {name}",
        )
    assert (found["title"], found["summarised"]) == (wanted.title, wanted.summarised), what


@pytest.mark.parametrize("name", PROBLEMS)
def test_r(name, r, mine):
    assert_same(r["problems"][name], mine["problems"][name], name)


@pytest.mark.parametrize("name", PLANS)
def test_r_plans(name, r, mine):
    assert_same(r["plans"][name], mine["plans"][name], name)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("kind", ["problems", "plans"])
def test_r_reports(kind, report, r, mine):
    """A report from R is Python's, to the byte."""
    assert r[kind].keys() == mine[kind].keys()
    for name, wanted in mine[kind].items():
        assert r[kind][name]["reports"][report] == wanted.report(report), name


@pytest.mark.parametrize("name", PROBLEMS)
def test_js(name, js, mine):
    assert_same(js["problems"][name], mine["problems"][name], name)


@pytest.mark.parametrize("name", PLANS)
def test_js_plans(name, js, mine):
    assert_same(js["plans"][name], mine["plans"][name], name)


@pytest.mark.parametrize("kind", ["problems", "plans"])
def test_js_for_a_page(kind, js, mine):
    """What a page shows: the sections with their sentences, and each line as the report has it."""
    for name, wanted in mine[kind].items():
        found = js[kind][name]
        assert [(s["title"], s["notes"]) for s in found["sections"]] == [
            (section.title, section.notes) for section in wanted.sections
        ], name
        assert [row for section in found["sections"] for row in section["rows"]] == found["table"]
        assert [len(section["rows"]) for section in found["sections"]] == [
            len(section.equations) for section in wanted.sections
        ]
        for i, equation in enumerate(wanted.equations):
            assert found["shown"][i]["text"] == _parts(equation, TEXT), f"{name}, row {i}"
            assert found["shown"][i]["mathml"] == _parts(equation, MATHML), f"{name}, row {i}"
        report = wanted.report()
        for row in found["shownSummary"] if wanted.summarised else []:
            assert "  {:<14}{:>9}{:>14}{:>14}{:>14}\n".format(*row) in report, f"{name}: {row}"
        before, after = found["costBefore"], found["costAfter"]
        assert_numbers(
            [before, after],
            [wanted.cost_before, wanted.cost_after],
            [abs(wanted.cost_before) + abs(wanted.cost_after)] * 2,
            name,
        )


def test_the_problems_are_of_every_kind(mine):
    """Every stage, every note and every kind of row is among the problems."""
    found = mine["problems"]
    stages = {row.stage for explanation in found.values() for row in explanation.equations}
    assert stages == {
        "input", "target", "weighted_sum", "activation", "output_error", "sample_cost", "penalty",
        "cost", "scale", "derivative", "delta", "gradient", "denominator", "blame", "share",
        "shares", "error", "setting", "optimizer", "update", "output_error_after",
        "sample_cost_after", "penalty_after", "cost_after", "change",
    }  # fmt: skip
    assert [name for name, one in found.items() if one.summarised] == [
        "a summary",
        "a summary of softmax",
    ]
    last = [explanation.sections[-1].notes[0].split()[-1] for explanation in found.values()]
    assert {"falls.", "rises.", "same."} == set(last)
    formulas = {row for one in found.values() for row in one.table["formula"]}
    assert any("..." in formula for formula in formulas)
    assert len(PROBLEMS) >= 40
