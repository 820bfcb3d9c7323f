"""A model trained in one language predicts the same in the others: all six directions."""

import json
import shutil
import subprocess
from itertools import permutations
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from engine_runs import run_on
from twinprop import InputError, Model, Network, load_dataset, read_model, write_model
from twinprop.encoding import (
    encode_inputs,
    encode_outputs,
    learn_inputs,
    learn_outputs,
    n_outputs,
    scale_inputs,
    scale_outputs,
)
from twinprop.plan import read_plan
from twinprop.r_bridge import r_environment
from twinprop.resources import js_folder

ROOT = Path(__file__).parents[2]
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "docs" / "model.schema.json").read_text(encoding="utf-8"))
)
# Section 10: exp and tanh in their last bit, sums in another order; relative to the largest.
TOLERANCE = 1e-12
LANGUAGES = ("python", "r", "js")
TASKS = {
    "classes": ("classification", ["species"]),
    "binary": ("classification", ["sex"]),
    "booleans": ("classification", ["heavy"]),
    "numbers": ("classification", ["year"]),
    "regression": ("regression", ["body_mass_g"]),
    "several": ("regression", ["body_mass_g", "flipper_length_mm"]),
    "labels": ("multilabel", ["heavy", "long"]),
}
COLUMNS = ["island", "bill_length_mm", "bill_depth_mm", "size", "late", "note"]


def penguins():
    """Columns of every kind: a factor, numbers, an ordered factor, a logical, strings."""
    frame = load_dataset("penguins").frame.dropna().reset_index(drop=True)
    mass, flipper = frame["body_mass_g"], frame["flipper_length_mm"]
    frame["size"] = pd.cut(mass, [0, 3500, 4000, 5000, 9000], labels=["S", "M", "L", "XL"])
    frame["late"] = frame["year"] > 2008
    notes = ["Å", "ähnlich", "Zebra", "apple", "\U0001f427", "語", 'a "b" \\ c\n']
    frame["note"] = [notes[i % len(notes)] for i in range(len(frame))]
    frame["heavy"], frame["long"] = mass > 4000, flipper > 200
    return frame


FRAME = penguins()


def unseen_rows():
    """New combinations, beyond the range of the training, and columns that no model needs."""
    stream = np.random.default_rng(7)
    return [
        {
            "year": 2010,
            "note": str(stream.choice(FRAME["note"])),
            "late": bool(stream.integers(2)),
            "size": str(stream.choice(["S", "M", "L", "XL"])),
            "bill_depth_mm": float(stream.normal(17, 4)),
            "bill_length_mm": float(stream.normal(44, 10)),
            "island": str(stream.choice(["Biscoe", "Dream", "Torgersen"])),
        }
        for _ in range(40)
    ]


ROWS = unseen_rows()


BAD_ROWS = {
    "missing column": [{k: v for k, v in row.items() if k != "size"} for row in ROWS],
    "missing columns": [{"late": True}],
    "unseen level": [*ROWS[:3], {**ROWS[3], "island": "Anvers"}],
    "level in other case": [{**ROWS[0], "size": "xl"}],
    "number for a level": [{**ROWS[0], "note": 3}],
    "string for a number": [{**row, "bill_depth_mm": "17"} for row in ROWS],
    "logical for a number": [{**row, "bill_depth_mm": True} for row in ROWS],
    "number for a logical": [{**row, "late": 1} for row in ROWS],
    "missing value": [*ROWS[:5], {**ROWS[5], "bill_length_mm": None}],
    "missing level": [*ROWS[:5], {**ROWS[5], "island": None}, ROWS[6]],
}

R_MAKE = """
library(twinprop)
internal <- asNamespace("twinprop")
given <- jsonlite::read_json("frame.json")
column <- function(name) unlist(lapply(given, `[[`, name))
frame <- as.data.frame(setNames(lapply(names(given[[1]]), column), names(given[[1]])))
frame$island <- factor(frame$island)
frame$size <- factor(frame$size, c("S", "M", "L", "XL"), ordered = TRUE)
tasks <- jsonlite::fromJSON("tasks.json", simplifyVector = FALSE)
formula <- ~ island * bill_length_mm + size:late + bill_depth_mm + I(bill_depth_mm^2) + note
for (name in names(tasks)) {
  task <- tasks[[name]][[1]]
  found <- internal$frame_inputs(model.frame(formula, frame), frame)
  inputs <- internal$scale_inputs(found$inputs, found$x)
  targets <- unlist(tasks[[name]][[2]])
  y <- if (length(targets) == 1) frame[[targets]] else frame[targets]
  outputs <- internal$learn_outputs(y, task, targets)
  d <- internal$encode_outputs(outputs, y, task)
  last <- "identity"
  if (task == "regression") {
    outputs <- internal$scale_outputs(outputs, d)
    d <- internal$encode_outputs(outputs, y, task)
  } else {
    last <- if (ncol(d) > 2) "softmax" else "sigmoid"
  }
  network <- tp_network(c(length(inputs$terms), 5, ncol(d)), c("tanh", last), seed = 3)
  x <- internal$scaled(found$x, inputs$center, inputs$scale)
  run <- tp_train(
    network, x, d, if (task == "regression") "half_mse" else "cross_entropy",
    optimizer = tp_optimizer("adam", 0.01), batch_size = 32, epochs = 3
  )
  model <- internal$make_model(
    run$network, task, inputs, outputs, "pass", list(seed = 3, loss_curve = run$cost)
  )
  tp_write_model(model, file.path("r", paste0(name, ".json")))
}
tp_write_model(tp_network(c(3, 1, 2), "softplus", seed = 9), file.path("r", "bare.json"))
"""

R_PREDICT = """
library(twinprop)
rows <- jsonlite::fromJSON("rows.json")
value <- asNamespace("twinprop")$json_value
for (language in c("python", "r", "js")) {
  for (path in list.files(language, "^[a-z]+[.]json$")) {
    model <- tp_read_model(file.path(language, path))
    bare <- is.null(model$task)
    data <- if (bare) as.matrix(rows[c("bill_length_mm", "bill_depth_mm", "year")]) else rows
    raw <- unname(predict(model, data, type = "raw"))
    response <- predict(model, data)
    if (is.factor(response)) response <- as.character(response)
    found <- list(raw = raw, response = if (is.matrix(response)) unname(response) else response)
    if (!bare && model$task != "regression") {
      found$prob <- unname(predict(model, data, type = "prob"))
    }
    writeLines(enc2utf8(value(found)), file.path(language, paste0("r-", path)), useBytes = TRUE)
    again <- file.path(language, paste0("again-", path))
    tp_write_model(model, again)
    stopifnot(identical(tp_read_model(again), model))
  }
}
bad <- jsonlite::fromJSON("bad.json", simplifyVector = FALSE)
model <- tp_read_model(file.path("r", "classes.json"))
say <- function(rows) {
  rows <- jsonlite::fromJSON(value(rows))
  tryCatch(
    as.character(predict(model, rows, na = "error")), twinprop_input_error = conditionMessage
  )
}
messages <- lapply(bad, say)
messages[["extra column"]] <- tryCatch(
  predict(model, rows, extra = "error"), twinprop_input_error = conditionMessage
)
writeLines(enc2utf8(value(messages)), "messages-r.json", useBytes = TRUE)
"""

JS_MAKE = """
import { readFileSync, writeFileSync } from "node:fs";
import { MLP, formatModel, Network, Optimizer } from "INDEX";
import { encodeInputs } from "FOLDER/encoding.js";
const read = (path) => readFileSync(path, "utf8");
const frame = JSON.parse(read("frame.json"));
for (const name of Object.keys(JSON.parse(read("tasks.json")))) {
  // the encoding is Python's: JavaScript learns none; the network is trained here
  const { task, inputs, outputs } = MLP.fromJSON(read(`python/${name}.json`));
  const x = encodeInputs(inputs, frame);
  const d = JSON.parse(read(`targets-${name}.json`));
  const last = task === "regression" ? "identity" : d[0].length > 2 ? "softmax" : "sigmoid";
  const network = new Network([x[0].length, 4, d[0].length], {
    activations: ["softplus", last],
    seed: 5,
  });
  network.train(x, d, {
    cost: task === "regression" ? "half_mse" : "cross_entropy",
    optimizer: new Optimizer("adam", { learningRate: 0.02 }),
    batchSize: 32,
    epochs: 20,
  });
  const model = new MLP(network, { task, inputs, outputs, training: { seed: 5, by: ["node"] } });
  writeFileSync(`js/${name}.json`, formatModel(model));
}
writeFileSync("js/bare.json", formatModel(new MLP(new Network([3, 1, 2], { seed: 9 }))));
"""

JS_PREDICT = """
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { MLP, formatModel } from "INDEX";
const rows = JSON.parse(readFileSync("rows.json", "utf8"));
for (const language of ["python", "r", "js"]) {
  for (const path of readdirSync(language).filter((one) => /^[a-z]+[.]json$/.test(one))) {
    const text = readFileSync(`${language}/${path}`, "utf8");
    const model = MLP.fromJSON(text);
    const data = model.inputs === null
      ? rows.map((row) => [row.bill_length_mm, row.bill_depth_mm, row.year])
      : rows;
    const found = { raw: model.raw(data), response: model.predict(data) };
    if (model.task === "classification" || model.task === "multilabel") {
      found.prob = model.predictProba(data);
    }
    writeFileSync(`${language}/js-${path}`, JSON.stringify(found));
    writeFileSync(`${language}/again-js-${path}`, formatModel(model));
  }
}
const model = MLP.fromJSON(readFileSync("r/classes.json", "utf8"));
const say = (compute) => {
  try {
    return compute();
  } catch (error) {
    return error.message;
  }
};
const bad = JSON.parse(readFileSync("bad.json", "utf8"));
const predict = ([name, list]) => [name, say(() => model.predict(list, { na: "error" }))];
const messages = Object.fromEntries(Object.entries(bad).map(predict));
messages["extra column"] = say(() => model.predict(rows, { extra: "error" }));
writeFileSync("messages-js.json", JSON.stringify(messages));
"""


def make_in_python(folder):
    """A model for each task, written into the folder, and the targets that JavaScript trains on."""
    for name, (task, targets) in TASKS.items():
        inputs = learn_inputs(FRAME[COLUMNS])
        inputs = scale_inputs(inputs, encode_inputs(inputs, FRAME))
        x = encode_inputs(inputs, FRAME)
        y = FRAME[targets[0]] if len(targets) == 1 else FRAME[targets]
        outputs = learn_outputs(y, task)
        if task == "regression":
            outputs = scale_outputs(outputs, encode_outputs(outputs, y, task))
        d = encode_outputs(outputs, y, task)
        last = "identity" if task == "regression" else "softmax" if d.shape[1] > 2 else "sigmoid"
        network = Network([x.shape[1], 6, n_outputs(outputs, task)], ["tanh", last], seed=1)
        run = network.train(
            *(x, d),
            cost="half_mse" if task == "regression" else "cross_entropy",
            optimizer="adam",
            batch_size=32,
            epochs=3,
        )
        training = {"seed": 1, "loss_curve": run.cost}
        write_model(
            Model(network, task, inputs, outputs, training=training),
            folder / "python" / f"{name}.json",
        )
        (folder / f"targets-{name}.json").write_text(json.dumps(d.tolist()))
    write_model(Network([3, 1, 2], "tanh", seed=9), folder / "python" / "bare.json")


def run_r(code, folder):
    subprocess.run(["Rscript", "-e", code], check=True, cwd=folder, env=r_environment())


def run_js(code, folder):
    code = code.replace("INDEX", (js_folder() / "index.js").as_uri())
    code = code.replace("FOLDER", js_folder().as_uri())
    node = shutil.which("node")
    subprocess.run([node, "--input-type=module", "-e", code], check=True, cwd=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the models of all languages, and what all languages say of the rows."""
    for engine in ("rscript", "js"):  # skips or fails where one is missing
        run_on(engine, read_plan({"training": {"epochs": 0}}))
    folder = tmp_path_factory.mktemp("models")
    for language in LANGUAGES:
        (folder / language).mkdir()
    given = {
        "frame": json.loads(FRAME.to_json(orient="records", double_precision=15)),
        "tasks": TASKS,
        "rows": ROWS,
        "bad": BAD_ROWS,
    }
    for name, value in given.items():
        text = json.dumps(value, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    make_in_python(folder)
    run_r(R_MAKE, folder)
    run_js(JS_MAKE, folder)
    run_r(R_PREDICT, folder)
    run_js(JS_PREDICT, folder)
    return folder


def said_in_python(path):
    """What Python says of the rows, as the other languages wrote it."""
    model = read_model(path)
    rows = pd.DataFrame(ROWS)
    data = rows if model.inputs else rows[["bill_length_mm", "bill_depth_mm", "year"]]
    found = {"raw": model.raw(data), "response": model.predict(data)}
    if model.task in ("classification", "multilabel"):
        found["prob"] = model.predict_proba(data)
    return {key: value.tolist() for key, value in found.items()}


def as_text(values):
    """Classes as R writes them, whose factors have strings as levels."""
    return [{"True": "TRUE", "False": "FALSE"}.get(str(value), str(value)) for value in values]


@pytest.mark.parametrize("task", [*TASKS, "bare"])
@pytest.mark.parametrize(("writer", "reader"), list(permutations(LANGUAGES, 2)))
def test_predictions_agree(folder, writer, reader, task):
    def said_in(language):
        if language == "python":
            return said_in_python(folder / writer / f"{task}.json")
        path = folder / writer / f"{language}-{task}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    wanted, found = said_in(writer), said_in(reader)
    assert set(found) == set(wanted)
    for key in wanted:
        if key == "response" and TASKS.get(task, "?")[0] == "classification":
            assert as_text(found[key]) == as_text(wanted[key])
            assert len(set(as_text(found[key]))) > 1  # otherwise this says little
            continue
        p, q = np.array(found[key], dtype=float), np.array(wanted[key], dtype=float)
        assert p.shape == q.shape
        assert len(p) == len(ROWS)
        np.testing.assert_allclose(p, q, rtol=0, atol=TOLERANCE * np.abs(q).max())


@pytest.mark.parametrize("task", [*TASKS, "bare"])
@pytest.mark.parametrize("writer", LANGUAGES)
def test_a_file_goes_through_all_languages_unchanged(folder, writer, task):
    original = read_model(folder / writer / f"{task}.json")
    for path in (f"{task}.json", f"again-{task}.json", f"again-js-{task}.json"):
        text = (folder / writer / path).read_text(encoding="utf-8")
        SCHEMA.validate(json.loads(text))
        model = read_model(folder / writer / path)
        assert model.network.parameters.tobytes() == original.network.parameters.tobytes()
        assert model.network.activations == original.network.activations
        for part in ("task", "inputs", "outputs", "na", "training"):
            assert getattr(model, part) == getattr(original, part), (path, part)


def test_messages_agree(folder):
    model = read_model(folder / "r" / "classes.json")
    said = {
        language: json.loads((folder / f"messages-{language}.json").read_text(encoding="utf-8"))
        for language in ("r", "js")
    }
    assert set(said["r"]) == set(said["js"]) == {*BAD_ROWS, "extra column"}
    for name, rows in BAD_ROWS.items():
        for data in (rows, pd.DataFrame(rows)):
            with pytest.raises(InputError) as caught:
                model.predict(data, na="error")
            assert said["r"][name] == said["js"][name] == str(caught.value), name
    with pytest.raises(InputError) as caught:
        model.predict(ROWS, extra="error")
    assert said["r"]["extra column"] == said["js"]["extra column"] == str(caught.value)


def test_a_missing_value_predicts_what_the_file_says(folder):
    rows = [ROWS[0], {**ROWS[1], "note": None}]
    assert read_model(folder / "r" / "regression.json").na == "pass"
    found = read_model(folder / "r" / "regression.json").predict(rows)
    assert np.isnan(found).tolist() == [False, True]
    with pytest.raises(InputError, match='column "note" row 2 is missing'):
        read_model(folder / "python" / "regression.json").predict(rows)
