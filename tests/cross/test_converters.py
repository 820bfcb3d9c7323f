"""Python and R write the same text of a network or model, and read the same numbers."""

import doctest
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from twinprop import (
    Network,
    convert_cost,
    convert_penalty,
    from_brain_js,
    from_toy_nn,
    read_model,
    to_js_function,
    to_keras_weights,
    to_r_function,
    to_sql,
    write_model,
)

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "tests" / "cases" / "model"
CASES = sorted(path for path in MODELS.glob("*.json") if path.stem != "errors")

# Sums of few products in another order, of weights of size 1 (section 10 of the contract).
FOLDED = 1e-12

NAMES = ["a b", 'say "x"', "it's", "back\\slash", "é 漢 \U0001f600 \u2028", "line\nbreak", "</s>"]


def in_r(code, folder):
    """Run R in a folder; twinprop is the package as it is installed."""
    if shutil.which("Rscript") is None:
        required = "rscript" in os.environ.get("TWINPROP_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("Rscript is missing")
    script = folder / "script.R"
    script.write_text("suppressMessages(library(twinprop))\n" + code, encoding="utf-8")
    done = subprocess.run(
        ["Rscript", str(script)], capture_output=True, text=True, encoding="utf-8", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WRITE = """
write <- function(text, name) writeBin(charToRaw(enc2utf8(text)), name)
read <- function(name) {
  jsonlite::parse_json(paste(readLines(name, encoding = "UTF-8"), collapse = "\\n"))
}
"""


def network_models():
    """Networks of every activation, small numbers, many inputs, as models."""
    yield (
        "all",
        Network(
            [2, 3, 3, 3, 3, 3, 2],
            ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
            init="uniform",
            seed=5,
        ),
    )
    yield (
        "numbers",
        Network([4, 1], "identity", weights=[[[1e-300, -2.5e-7, 1 / 3, 1e22]]], biases=[[-0.0]]),
    )
    yield "wide", Network([230, 1], "tanh", seed=2)


def test_the_same_texts(tmp_path):
    models = {path.stem: read_model(json.loads(path.read_text())["model"]) for path in CASES}
    for name, network in network_models():
        write_model(network, tmp_path / f"{name}.json")
        models[name] = network
    for path in CASES:
        write_model(models[path.stem], tmp_path / path.name)
    (tmp_path / "names.json").write_text(json.dumps(NAMES), encoding="utf-8")
    code = (
        WRITE
        + f"""
    keep <- unlist(read("names.json"))
    for (name in c({", ".join(f'"{name}"' for name in models)})) {{
      model <- tp_read_model(paste0(name, ".json"))
      write(tp_to_js_function(model, "f"), paste0(name, ".js"))
      write(tp_to_r_function(model, "f"), paste0(name, ".R"))
      for (dialect in c("sqlite", "standard")) {{
        query <- tp_to_sql(model, c("main", "tp_d"), keep = keep, dialect = dialect)
        write(query, paste0(name, ".", dialect))
      }}
    }}
    """
    )
    in_r(code, tmp_path)
    for name, model in models.items():
        texts = {
            "js": to_js_function(model, "f"),
            "R": to_r_function(model, "f"),
            **{
                dialect: to_sql(model, ["main", "tp_d"], keep=NAMES, dialect=dialect)
                for dialect in ("sqlite", "standard")
            },
        }
        for ending, text in texts.items():
            written = (tmp_path / f"{name}.{ending}").read_bytes().decode("utf-8")
            assert written == text, f"{name}.{ending}"


def test_the_same_numbers_are_read(tmp_path):
    network = Network([2, 3, 1], "sigmoid", init="uniform", seed=3)
    (w1, w2), (b1, b2) = network.weights, network.biases

    def matrix(values):
        return {"rows": len(values), "cols": len(values[0]), "data": values.tolist()}

    toy = {
        "input_nodes": 2,
        "hidden_nodes": 3,
        "output_nodes": 1,
        "weights_ih": matrix(w1),
        "weights_ho": matrix(w2),
        "bias_h": matrix(b1[:, None]),
        "bias_o": matrix(b2[:, None]),
        "learning_rate": 0.1,
        "activation_function": {},
    }
    brain = {
        "type": "NeuralNetwork",
        "sizes": [2, 3, 1],
        "layers": [
            {"weights": [], "biases": []},
            {"weights": w1.tolist(), "biases": b1.tolist()},
            {"weights": w2.tolist(), "biases": b2.tolist()},
        ],
        "trainOpts": {"activation": "tanh", "timeout": "Infinity"},
    }
    (tmp_path / "toy.json").write_text(json.dumps(toy))
    (tmp_path / "brain.json").write_text(json.dumps(brain))
    code = """
    tp_write_model(tp_from_toy_nn("toy.json"), "toy.out")
    tp_write_model(tp_from_brain_js("brain.json"), "brain.out")
    """
    in_r(code, tmp_path)
    for name, read in {"toy": from_toy_nn, "brain": from_brain_js}.items():
        ours = read(tmp_path / f"{name}.json")
        theirs = read_model(tmp_path / f"{name}.out").network
        assert theirs.activations == ours.activations
        assert theirs.parameters.tolist() == ours.parameters.tolist()


def test_the_same_scaling_in_the_weights(tmp_path):
    model = read_model(json.loads((MODELS / "several.json").read_text())["model"])
    write_model(model, tmp_path / "several.json")
    code = """
    weights <- tp_to_keras_weights(tp_read_model("several.json"))
    cat(sprintf("%.17g", unlist(lapply(weights, t))))
    """
    theirs = [float(text) for text in in_r(code, tmp_path).split()]
    ours = [value for array in to_keras_weights(model) for value in array.ravel().tolist()]
    assert theirs == pytest.approx(ours, rel=FOLDED)


def test_the_same_scales(tmp_path):
    programs = ["twinprop", "nnet", "neuralnet", "scikit-learn", "torch", "keras"]
    settings = [
        ("half_mse", "identity"),
        ("half_sse", "identity"),
        ("mse", "identity"),
        ("cross_entropy", "sigmoid"),
        ("cross_entropy", "softmax"),
    ]
    calls, ours = [], []
    for cost, out in settings:
        for source in programs:
            for target in programs:
                given = {"n": 7, "outputs": 3, "cost": cost, "out_activation": out}
                ours.append(convert_cost(0.3, source, target, **given))
                text = f'"{source}", "{target}", 7, outputs = 3, cost = "{cost}"'
                text += f', out_activation = "{out}"'
                calls.append(f"tp_convert_cost(0.3, {text})")
                if "neuralnet" not in (source, target):
                    ours.append(convert_penalty(0.3, source, target, batch_size=2, **given))
                    calls.append(f"tp_convert_penalty(0.3, {text}, batch_size = 2)")
    code = f'cat(sprintf("%.17g", c({", ".join(calls)})))'
    assert [float(text) for text in in_r(code, tmp_path).split()] == ours


def test_the_example_of_the_page():
    page = (ROOT / "docs" / "converters.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M)
    test = doctest.DocTestParser().get_doctest(block, {}, "converters.md", None, None)
    runner = doctest.DocTestRunner()
    runner.run(test)
    assert runner.summarize().failed == 0
