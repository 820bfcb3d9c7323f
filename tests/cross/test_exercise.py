"""Exercises in Python, R and JavaScript: the same sheets and keys, and the same verdicts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from conformance import AFTER_ONE_UPDATE
from engine_runs import run_on
from twinprop import RandomStream, check_answer, exercise
from twinprop.exercise import _Numbers, _place, _ways
from twinprop.plan import read_plan

ROOT = Path(__file__).parents[2]

SETTINGS = [
    {},
    {"level": 2},
    {"level": 3, "learning_rate": 0.1},
    {"level": 2, "rule": "transpose", "cost": "half_sse"},
    {"level": 2, "rule": "proportional", "cost": "mse"},
    {"level": 3, "rule": "proportional_abs", "activations": ["tanh", "identity"]},
    {"level": 2, "activations": ["softplus", "softmax"], "cost": "cross_entropy"},
    {"layers": [2, 3, 3, 1], "activations": ["relu", "leaky_relu", "sigmoid"]},
    {"layers": [3, 3], "activations": "relu"},
    {"layers": [1, 2, 1], "cost": "cross_entropy"},
]
SEEDS = [1, 2, 10, -2147483647]
TASKS = [{"seed": seed, **how} for seed in SEEDS for how in SETTINGS]

#: Answers to each exercise, of the many that there are.
ANSWERS = 18

IN_R = """
library(twinprop)
args <- commandArgs(TRUE)
tasks <- jsonlite::fromJSON(args[1], simplifyVector = FALSE)
found <- lapply(tasks, function(one) {
  how <- one$exercise
  how$layers <- unlist(how$layers)
  how$activations <- unlist(how$activations)
  task <- do.call(tp_exercise, how)
  sheets <- list()
  for (format in c("text", "md")) {
    for (key in c(FALSE, TRUE)) sheets <- c(sheets, format(task, format, key))
  }
  list(
    sheets = sheets, questions = task$questions, key = task$key,
    verdicts = lapply(one$answers, function(answer) {
      verdict <- tp_check_answer(task, answer[[1]], answer[[2]], answer[[3]])
      list(verdict$right, as.list(verdict$mistakes), verdict$message)
    })
  )
})
json <- jsonlite::toJSON(found, dataframe = "rows", digits = I(17), auto_unbox = TRUE)
writeLines(json, args[2], useBytes = TRUE)
"""

IN_JS = """
import { readFileSync, writeFileSync } from "node:fs";
const { checkAnswer, exercise } = await import(process.argv[2]);
const { camelKeys } = await import(new URL("checks.js", process.argv[2]));
const found = JSON.parse(readFileSync(process.argv[3], "utf8")).map((one) => {
  const { seed, ...how } = one.exercise;
  const task = exercise(seed, camelKeys(how));
  const sheets = ["text", "md"].flatMap((format) =>
    [false, true].map((key) => task.sheet({ format, key })));
  const verdicts = one.answers.map(([question, answer, earlier]) => {
    const { right, mistakes, message } = checkAnswer(task, question, answer, { earlier });
    return [right, mistakes, message];
  });
  return { sheets, questions: task.questions, key: task.key, verdicts };
});
writeFileSync(process.argv[4], JSON.stringify(found));
"""


def make(how):
    how = dict(how)
    return exercise(how.pop("seed"), **how)


def candidates(task, stream):
    """Answers to an exercise, right ones and wrong ones: (question, answer, earlier)."""
    found, given = [], {_place(task._rows[0]): 0.5}
    for number, row in enumerate(task._rows, 1):
        value = float(row.quantity.value)
        numbers = [value, -value, 0.7 * value, 1.015 * value, 1.0]
        for _, way, layer in _ways(len(task.network.layers)):
            numbers += [
                _Numbers(task, {}, way, layer).formula(*_place(row)),
                _Numbers(task, _Numbers(task, {}).known, way, layer).formula(*_place(row)),
            ]
        for answer in numbers:
            texts = [answer, f"{answer:.2e}", f"{answer:.4f}", f"{answer:.7f}"]
            found += [(number, text, None) for text in texts]
        follows = _Numbers(task, given).formula(*_place(row))
        for answer in (follows, f"{follows:.4e}", -follows, 1.01 * follows):
            found += [(number, answer, {"1": "0.5"})] * 2
    picked = stream.order(len(found))[:ANSWERS]
    return [list(found[i]) for i in picked]


@pytest.fixture(scope="module")
def mine():
    """Python's exercises, answers and verdicts, in the shape in which the others give theirs."""
    found, stream = [], RandomStream(1)
    for how in TASKS:
        task = make(how)
        answers = candidates(task, stream)
        verdicts = [
            check_answer(task, question, answer, earlier=earlier)
            for question, answer, earlier in answers
        ]
        found.append(
            {
                "exercise": how,
                "answers": answers,
                "sheets": [task.sheet(f, key) for f in ("text", "md") for key in (False, True)],
                "questions": task.questions.to_dict("records"),
                "key": task.key.to_dict("records"),
                "verdicts": [[v.right, list(v.mistakes), v.message] for v in verdicts],
            }
        )
    return found


def _run(folder, mine, script, name, *before):
    tasks, code, answer = folder / "tasks.json", folder / name, folder / f"{name}.json"
    tasks.write_text(json.dumps(mine), encoding="utf-8")
    code.write_text(script, encoding="utf-8")
    command = [before[0], code, *before[1:], tasks, answer]
    subprocess.run([*map(str, command)], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def r(tmp_path_factory, mine):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    return _run(tmp_path_factory.mktemp("r"), mine, IN_R, "exercise.R", shutil.which("Rscript"))


@pytest.fixture(scope="module")
def js(tmp_path_factory, mine):
    run_on("js", read_plan({"training": {"epochs": 1}}))
    index = (ROOT / "inst" / "js" / "index.js").as_uri()
    folder = tmp_path_factory.mktemp("js")
    return _run(folder, mine, IN_JS, "exercise.mjs", shutil.which("node"), index)


@pytest.mark.parametrize("language", ["r", "js"])
@pytest.mark.parametrize("i", range(len(TASKS)), ids=[str(how) for how in TASKS])
def test_the_same(i, language, mine, request):
    found, wanted = request.getfixturevalue(language)[i], mine[i]
    assert found["sheets"] == wanted["sheets"]
    assert found["questions"] == wanted["questions"]
    for p, q in zip(found["key"], wanted["key"], strict=True):
        assert {**p, "value": None} == {**q, "value": None}
        # the numbers are of the size of 1
        assert abs(p["value"] - q["value"]) <= AFTER_ONE_UPDATE
    for answer, p, q in zip(wanted["answers"], found["verdicts"], wanted["verdicts"], strict=True):
        assert p == q, answer


def test_the_answers_are_of_every_kind(mine):
    verdicts = [verdict for one in mine for verdict in one["verdicts"]]
    assert len({name for _, mistakes, _ in verdicts for name in mistakes}) == 12
    beginnings = {message.split(":")[0].split(".")[0] for *_, message in verdicts}
    assert beginnings == {
        "Right",
        "Right, with your earlier answers",
        "Not right",
        "Nearly right",
    }
