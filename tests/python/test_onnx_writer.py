"""The ONNX graph predicts the same in onnxruntime. Twins: none, as of the writer."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twinprop import InputError, Model, Network, RandomStream, read_model, to_onnx

onnxruntime = pytest.importorskip("onnxruntime")

# All of it is in double: another exp, sums in another order (section 10 of the contract), and
# log(1 + y) for log1p(y), which counts beside numbers of size 1 only.
EQUAL = 1e-12

SHAPES = [
    ([3, 1], "identity"),
    ([2, 4, 1], "sigmoid"),
    ([3, 5, 2], ["tanh", "identity"]),
    ([3, 4, 4, 2], ["relu", "leaky_relu", "tanh"]),
    ([2, 5, 3, 2], ["softplus", "identity", "sigmoid"]),
    ([4, 6, 3], ["sigmoid", "softmax"]),
    ([1, 3, 2], ["leaky_relu", "softplus"]),
]


def run(proto, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto if isinstance(proto, str) else proto.SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def gap(got, want):
    assert got.shape == want.shape
    assert got.dtype == np.float64
    return np.abs(got - want).max() / max(1.0, np.abs(want).max())


@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_onnx_predicts_the_same(layers, activations, tmp_path):
    network = Network(layers, activations, init="uniform", seed=3)
    stream = RandomStream(11)
    x = 8.0 * stream.uniform(40 * layers[0]).reshape(-1, layers[0]) - 4.0
    x[0] = 900.0
    x[1] = -900.0
    x[2] = 0.0
    path = tmp_path / "network.onnx"
    to_onnx(network, path)
    assert gap(run(str(path), {"x": x})["y"], network.predict(x)) <= EQUAL
    assert gap(run(to_onnx(network), {"x": x[:1]})["y"], network.predict(x[:1])) <= EQUAL


def test_bad_model():
    with pytest.raises(InputError, match="model must be a Model, a Network or .* got null"):
        to_onnx(None)


@pytest.mark.parametrize("function", ["to_onnx", "to_torch", "to_sklearn"])
def test_what_is_missing_is_named(function):
    module, extra = {
        "to_onnx": ("onnx", "onnx"),
        "to_torch": ("torch", "torch"),
        "to_sklearn": ("sklearn", "sklearn"),
    }[function]
    code = (
        f"import sys; sys.modules['{module}'] = None\n"
        f"import twinprop\n"
        f"try: twinprop.{function}(twinprop.Network([2, 1]))\n"
        f"except twinprop.EngineError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(f'install it: pip install "twinprop[{extra}]"')


# Models: raw columns in, the predictions of tests/cases/model out.

MODELS = Path(__file__).parents[1] / "cases" / "model"
CASES = sorted(path.stem for path in MODELS.glob("*.json") if path.stem not in ("bare", "errors"))


def columns_of(model, rows):
    """A tensor for each column, NaN and "" where a value is missing."""
    kinds = {about["name"]: about["kind"] for about in model.inputs["columns"]}
    missing = {"numeric": np.nan, "factor": "", "logical": False}
    types = {"numeric": np.float64, "factor": object, "logical": np.bool_}
    result = {}
    for name, kind in kinds.items():
        values = [[missing[kind] if row[name] is None else row[name]] for row in rows]
        result[name] = np.array(values, dtype=types[kind])
    return result


@pytest.mark.parametrize("name", CASES)
def test_model_predicts_the_same(name, tmp_path):
    case = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    model, rows = read_model(case["model"]), case["rows"]
    inputs = (
        {"x1": np.array([[row["x1"]] for row in rows], dtype=float)}
        if model.inputs is None
        else columns_of(model, rows)
    )
    path = str(tmp_path / "model.onnx")
    to_onnx(model, path)
    got = run(path, inputs)
    want = model.predict(rows, na="pass")
    known = np.array([None not in row.values() for row in rows])
    if model.task == "classification":
        text = isinstance(model.classes[0], str)
        assert list(got) == ["class", "probabilities"]
        assert got["class"][known].tolist() == want[known].tolist()
        lacking = got["class"][~known].tolist()
        assert all(value == "" for value in lacking) if text else np.isnan(lacking).all()
        want = model.predict_proba(rows, na="pass")
        got = got["probabilities"]
    elif model.task == "multilabel":
        assert list(got) == ["probabilities"]
        want, got = model.predict_proba(rows), got["probabilities"]
    else:
        assert list(got) == ["prediction"]
        want, got = want.reshape(len(rows), -1), got["prediction"]
    assert gap(got[known], want[known]) <= EQUAL
    assert np.isnan(got[~known]).all()


def test_unknown_levels_are_missing():
    case = json.loads((MODELS / "mixed.json").read_text(encoding="utf-8"))
    rows = [case["rows"][0], {**case["rows"][0], "island": "Elba"}]
    model = read_model(case["model"])
    got = run(to_onnx(model), columns_of(model, rows))["prediction"]
    assert np.isnan(got).tolist() == [[False], [True]]


@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_several_classes(output):
    network = Network([2, 3, 3], ["tanh", output], init="uniform", seed=3)
    outputs = {"names": ["y"], "levels": ["a", "b", "c"], "center": None, "scale": None}
    model = Model(network, "classification", None, outputs)
    x = np.array([[-900.0, -900.0], [1.0, 2.0], [-1.0, 0.5], [np.nan, 1.0]])
    got = run(to_onnx(model), {"x1": x[:, :1], "x2": x[:, 1:]})
    assert got["class"].tolist() == [*model.predict(x[:3]), ""]
    if output == "identity":
        assert list(got) == ["class"]
        return
    assert gap(got["probabilities"][:3], model.predict_proba(x[:3])) <= EQUAL
    assert np.isnan(got["probabilities"][3]).all()


def test_names_of_columns():
    network = Network([2, 1], "identity")
    names = ["v1", 'a "b" \u00e9']
    inputs = {
        "columns": [{"name": name, "kind": "numeric"} for name in names],
        "terms": [{"name": name, "parts": [{"column": name}]} for name in names],
        "center": None,
        "scale": None,
    }
    outputs = {"names": ["y"], "levels": None, "center": None, "scale": None}
    model = Model(network, "regression", inputs, outputs)
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    got = run(to_onnx(model), {names[0]: x[:, :1], names[1]: x[:, 1:]})["prediction"]
    assert gap(got, network.predict(x)) <= EQUAL
    inputs["columns"][0]["name"] = "prediction"
    inputs["terms"][0]["parts"][0]["column"] = "prediction"
    with pytest.raises(InputError, match='have the name of an output, got "prediction"'):
        to_onnx(Model(network, "regression", inputs, outputs))
