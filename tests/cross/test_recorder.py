"""Recordings of Python, R and JavaScript: the same steps, the same tables, and the same words."""

import dataclasses
import importlib.util
import json
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from conformance import AFTER_A_THOUSAND, assert_recording, error_cases, plain
from engine_runs import run_on
from random_plans import random_plan
from twinprop import TwinpropError, crosscheck
from twinprop.plan import read_plan, run_plan, run_to_dict
from twinprop.recorder import RecordedStep, Recorder

ROOT = Path(__file__).parents[2]
JS = ROOT / "inst" / "js"

# The bookkeeping, by itself: which steps are left of updates with these numbers of rows -----------


def make_case(seed):
    """An interval, layers, the numbers of rows of up to 300 updates, and a limit that matters."""
    pick = random.Random(seed)
    layers = [pick.randint(1, 5) for _ in range(pick.randint(2, 4))]
    large = pick.choice([1, 4, 400])
    rows = [pick.choice([1, pick.randint(1, large)]) for _ in range(pick.randint(0, 300))]
    limit = pick.choice([0, 500, 2000, 5000, 20000, 100000])
    return {"interval": pick.randint(1, 7), "layers": layers, "rows": rows, "limit": limit}


CASES = [make_case(seed) for seed in range(200)]

# Trainings, of which R makes tables and prints recordings; the last three fail.
FAILING = ("divergence", "denominator")
ERRORS = [
    case["plan"]
    for case in error_cases().values()
    if case["kind"] in FAILING and "before training" not in case["message"]
]
PLANS = [
    {"training": {"epochs": 8, "record": 3}},
    {"training": {"epochs": 2, "record": "steps", "batch_size": 3, "shuffle": True}},
    {"training": {"epochs": 0, "record": 1}},
    {"network": {"layers": [2, 1]}, "training": {"epochs": 3, "record": 2, "batch_size": None}},
    {
        "network": {"layers": [4, 3, 2, 3], "activations": ["tanh", "relu", "softmax"]},
        "training": {"cost": "cross_entropy", "epochs": 1, "batch_size": 40, "record": 2},
        "data": {"dataset": "iris"},
    },
    *({**plan, "training": {**plan["training"], "record": 2}} for plan in ERRORS),
]

IN_R = """
args <- commandArgs(TRUE)
asked <- jsonlite::read_json(args[1])
kept <- lapply(asked$cases, function(case) {
  recorder <- twinprop:::step_recorder(case$interval, unlist(case$layers), case$limit)
  rows <- unlist(case$rows)
  for (update in seq_along(rows)) {
    if (update == recorder$due()) {
      recorder$keep(list(update = update, rows = seq_len(rows[update])))
    }
  }
  recording <- recorder$recording(length(rows))
  list(
    interval = recording$interval,
    updates = I(vapply(recording$steps, function(step) as.double(step$update), 0))
  )
})
recordings <- lapply(asked$plans, function(plan) {
  text <- as.character(jsonlite::toJSON(plan, auto_unbox = TRUE, null = "null", digits = I(17)))
  recording <- tryCatch(twinprop::tp_run(text), twinprop_error = function(e) e)$recording
  list(
    table = as.data.frame(recording),
    text = paste(utils::capture.output(print(recording)), collapse = "\\n"),
    count = length(recording)
  )
})
json <- jsonlite::toJSON(
  list(kept = kept, recordings = recordings), dataframe = "columns", digits = I(17),
  auto_unbox = TRUE, na = "null"
)
writeLines(json, args[2])
"""

IN_JS = """
import { readFileSync, writeFileSync } from "node:fs";
const { Recorder } = await import(`${process.argv[2]}/recorder.js`);
const { runPlan } = await import(`${process.argv[2]}/index.js`);
const { cases, plans } = JSON.parse(readFileSync(process.argv[3], "utf8"));
const kept = cases.map(({ interval, layers, rows, limit }) => {
  const recorder = new Recorder(interval, layers, limit);
  rows.forEach((m, i) => {
    if (i + 1 === recorder.due) recorder.keep({ update: i + 1, rows: new Array(m).fill(1) });
  });
  const recording = recorder.recording();
  return { interval: recording.interval, updates: recording.steps.map(({ update }) => update) };
});
const recordings = [];
for (const plan of plans) {
  const { recording } = await runPlan(plan).catch((error) => error);
  const of = (key) => recording.steps.map((step) => step[key]);
  recordings.push({ updates: of("update"), epochs: of("epoch"), rows: of("rows") });
}
writeFileSync(process.argv[4], JSON.stringify({ kept, recordings }));
"""


def _ask(folder, script, name, *before):
    asked, code, answer = folder / "asked.json", folder / name, folder / f"{name}.json"
    asked.write_text(json.dumps({"cases": CASES, "plans": PLANS}), encoding="utf-8")
    code.write_text(script, encoding="utf-8")
    subprocess.run([*map(str, [before[0], code, *before[1:], asked, answer])], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def from_r(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    return _ask(tmp_path_factory.mktemp("r"), IN_R, "record.R", shutil.which("Rscript"))


@pytest.fixture(scope="module")
def from_js(tmp_path_factory):
    run_on("js", read_plan({"training": {"epochs": 1}}))
    folder = tmp_path_factory.mktemp("js")
    return _ask(folder, IN_JS, "record.mjs", shutil.which("node"), JS.as_uri())


@pytest.fixture(scope="module")
def oracle():
    path = ROOT / "tests" / "oracle" / "oracle.py"
    spec = importlib.util.spec_from_file_location("oracle_of_recordings", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_python(case):
    recorder = Recorder(case["interval"], case["layers"], case["limit"])
    for update, m in enumerate(case["rows"], 1):
        if update == recorder.due:
            recorder.keep(RecordedStep(update, 1, np.ones(m, int), 0.0, [], [], [], [], []))
    recording = recorder.recording(len(case["rows"]))
    return {"interval": recording.interval, "updates": [step.update for step in recording]}


def test_all_keep_the_steps_that_the_oracle_keeps(oracle, from_r, from_js):
    thinned = 0
    for case, r, js in zip(CASES, from_r["kept"], from_js["kept"], strict=True):
        interval, updates = oracle.recorded_updates(**case)
        wanted = {"interval": interval, "updates": updates}
        assert in_python(case) == wanted, f"python: {case}"
        assert r == wanted, f"R: {case}"
        assert js == wanted, f"JavaScript: {case}"
        thinned += interval > case["interval"]
        # What the contract promises, whoever computes it.
        first = range(1, len(case["rows"]) + 1, case["interval"])
        assert set(updates) <= set(range(1, len(case["rows"]) + 1, interval))
        assert len(updates) >= min(2, len(first))
    assert 60 < thinned < 180


# Trainings ---------------------------------------------------------------------------------------


def recording_of(plan):
    """Python's recording of a plan, or that of the error in which it ends."""
    try:
        return run_plan(plan).recording
    except TwinpropError as error:
        return error.recording


def test_the_plans_are_of_every_kind():
    found = [recording_of(plan) for plan in PLANS]
    assert len(ERRORS) >= 5
    assert sum(len(recording) == 0 for recording in found) >= 1
    assert sum(len(recording) > 2 for recording in found) >= 6
    # Some of the steps of a training that fails are not finite.
    failed = [step for recording in found[-len(ERRORS) :] for step in recording]
    assert not all(np.isfinite(values).all() for step in failed for values in step.grad_weights)


@pytest.mark.parametrize("i", range(len(PLANS)))
class TestTheSame:
    def test_text_from_r(self, i, from_r):
        mine = recording_of(PLANS[i])
        assert from_r["recordings"][i]["text"] == str(mine)
        assert from_r["recordings"][i]["count"] == len(mine)

    def test_table_from_r(self, i, from_r):
        mine, found = recording_of(PLANS[i]).table, from_r["recordings"][i]["table"]
        assert list(found) == list(mine.columns)
        for name in found:
            if name == "value":
                continue
            column = mine[name].astype(object)
            assert found[name] == column.where(column.notna(), None).tolist(), name
        p, q = np.array(found["value"], dtype=object), mine["value"].to_numpy()
        # toJSON writes what is not finite as a string.
        p = np.array([np.nan if v is None else float(v) for v in p])
        np.testing.assert_array_equal(np.isfinite(p), np.isfinite(q))
        finite = np.isfinite(q)
        if finite.any():
            off = np.abs(p[finite] / 2 - q[finite] / 2).max()  # the largest numbers may overflow
            assert off <= AFTER_A_THOUSAND * np.abs(q[finite]).max()

    def test_steps_from_js(self, i, from_js):
        mine, found = recording_of(PLANS[i]), from_js["recordings"][i]
        assert found["updates"] == [step.update for step in mine]
        assert found["epochs"] == [step.epoch for step in mine]
        assert found["rows"] == [step.rows.tolist() for step in mine]


@pytest.mark.parametrize("seed", range(30))
def test_random_plan(seed):
    # Two epochs: too few for rounding to grow.
    plan = random_plan(seed)
    settings = {"record": 1 + seed % 3, "epochs": 2, "snapshots": ()}
    plan = dataclasses.replace(plan, training=plan.training | settings)
    try:
        reference = run_to_dict(run_plan(plan))
    except TwinpropError as stopped:
        pytest.skip(f"it stops: {stopped}")
    expected = {"run": reference, "recording": plain_recording(reference)}
    for name in ["r", "js"] + (["rscript"] if seed % 10 == 0 else []):
        found = run_to_dict(run_on(name, plan))
        assert_recording(plain_recording(found), expected, f"{name}, plan {seed}")


def test_the_cross_check_of_a_plan_leaves_its_recording_out(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"training": {"epochs": 300, "record": "steps"}}), encoding="utf-8")
    for name in ("js", "torch"):
        run_on(name, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    check = crosscheck([str(path)], engines=["js", "torch"])
    assert check.agrees, check.to_text()


def plain_recording(run):
    return {
        "interval": run["recording"]["interval"],
        "steps": [
            {key: plain(value) for key, value in step.items()} for step in run["recording"]["steps"]
        ],
    }
