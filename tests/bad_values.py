"""Values that hardly any argument of the package takes, and every public call with good ones."""

import datetime
import decimal

import numpy as np
import pandas as pd

import twinprop
from twinprop import Model, Network, Optimizer, RandomStream

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
D = [[0.0], [1.0], [1.0], [0.0]]


class Odd:
    """An object of a class that nobody knows."""

    __slots__ = ()


class Lengthy:
    """An object that says it is a sequence and has more in it than any memory."""

    def __len__(self):
        return 2**62

    def __getitem__(self, place):
        return 0.5


def circle():
    """Return a list that holds itself."""
    value = []
    value.append(value)
    return value


def deep():
    """Return a list of one list of one list, and so on, 20,000 deep."""
    value = []
    for _ in range(20_000):
        value = [value]
    return value


#: By their names; nothing changes them.
BAD = {
    "null": None,
    "nan": float("nan"),
    "inf": float("inf"),
    "minus": -1,
    "fraction": 0.3,
    "huge": 10**400,
    "large": 1e300,
    "true": True,
    "text": "no such thing",
    "empty text": "",
    "nul": "a\0b",
    "half": "\ud800",
    "bytes": b"bytes",
    "list": [],
    "list of lists": [[]],
    "list of null": [None],
    "list of text": ["a"],
    "ragged": [[1.0, 2.0], [3.0]],
    "circle": circle(),
    "deep": deep(),
    "object": {},
    "object of text": {"a": 1},
    "object of numbers": {1: 2},
    "set": {1, 2},
    "function": print,
    "class": Odd,
    "odd": Odd(),
    "lengthy": Lengthy(),
    "complex": 1 + 2j,
    "decimal": decimal.Decimal("NaN"),
    "date": datetime.date(2020, 1, 1),
    "array of objects": np.array([[Odd(), None]], dtype=object),
    "array of text": np.array([["a", "b"]]),
    "array of nan": np.full((4, 2), np.nan),
    "array of complex": np.zeros((4, 2), complex),
    "array of dates": np.zeros((4, 2), "datetime64[s]"),
    "array of 0": np.array(3.5),
    "array of 3": np.zeros((2, 2, 2)),
    "empty array": np.zeros((0, 2)),
    "structured": np.zeros(4, [("a", float), ("b", int)]),
    "na": pd.NA,
    "nat": pd.NaT,
    "frame of text": pd.DataFrame({"a": ["x"] * 4, "b": [1.0] * 4}),
    "empty frame": pd.DataFrame(),
    "series": pd.Series([None, None]),
}


def network():
    """Return a network that fits X and D."""
    return Network([2, 3, 1])


def model():
    """Return a model of a regression."""
    return Model(
        network(),
        "regression",
        {
            "columns": [{"name": "a", "kind": "numeric"}, {"name": "b", "kind": "numeric"}],
            "terms": [
                {"name": "a", "parts": [{"column": "a"}]},
                {"name": "b", "parts": [{"column": "b"}]},
            ],
            "center": None,
            "scale": None,
        },
        {"names": ["y"], "levels": None, "center": None, "scale": None},
    )


def run():
    """Return a short run."""
    return network().train(X, D, epochs=1)


_SAMPLES = {"x": X, "d": D}
_EVALUATED = {"x": X, "arithmetic": "fast"}
_COST_AND_RULE = {"cost": "half_mse", "rule": "gradient"}
_BACKWARD = {**_COST_AND_RULE, "arithmetic": "fast"}
_EXPLAIN = {**_COST_AND_RULE, "update_order": "simultaneous", "optimizer": None}
_STEP = {**_BACKWARD, "update_order": "simultaneous", "optimizer": None}
_TRAINING = {
    **_STEP, "batch_size": 1, "epochs": 1, "shuffle": False, "seed": 42, "snapshots": (),
    "record": None, "sample_weight": None, "dropout": 0.0, "clip_norm": None, "schedule": None,
    "progress": False,
}  # fmt: skip
_NETWORK = {
    "layers": [2, 3, 1], "activations": "sigmoid", "init": "xavier", "seed": 42, "weights": None,
    "biases": None,
}  # fmt: skip
_MODEL = {
    "network": network(), "task": None, "inputs": None, "outputs": None, "na": "error",
    "training": None,
}  # fmt: skip
_PREDICT = {"data": X, "na": None, "extra": "ignore"}
_PENALTY = {
    "value": 0.1, "source": "twinprop", "target": "scikit-learn", "n": 4, "outputs": 1,
    "cost": "half_mse", "out_activation": None,
}  # fmt: skip


def calls(folder):
    """Every public call: by its name the function and arguments that are allowed."""
    path = folder / "written"
    plan = {"training": {"epochs": 1}}
    step_of = network().forward(X)
    task = twinprop.exercise(1)
    comparison = twinprop.compare_rules(network(), X, D, epochs=1)
    explanation = twinprop.explain(network(), X[:1], D[:1])
    estimator = twinprop.to_sklearn(Network([2, 3, 1], ["tanh", "identity"]))
    module = twinprop.to_torch(network())
    keras = twinprop.to_keras_weights(network())
    return {
        "Model": (Model, _MODEL),
        "Model.predict": (lambda **given: model().predict(**given), _PREDICT),
        "Model.predict_proba": (
            lambda **given: Model(
                Network([2, 1]), "multilabel", None,
                {"names": ["y"], "levels": None, "center": None, "scale": None},
            ).predict_proba(**given),
            _PREDICT,
        ),
        "Model.raw": (lambda **given: model().raw(**given), _PREDICT),
        "Network": (Network, _NETWORK),
        "Network.forward": (lambda **given: network().forward(**given), _EVALUATED),
        "Network.backward": (
            lambda **given: network().backward(**given),
            {"forward": step_of, "d": D, **_BACKWARD},
        ),
        "Network.update": (
            lambda **given: network().update(**given),
            {"backward": network().backward(step_of, D), "optimizer": "sgd"},
        ),
        "Network.step": (lambda **given: network().step(**given), {**_SAMPLES, **_STEP}),
        "Network.predict": (lambda **given: network().predict(**given), _EVALUATED),
        "Network.mean_cost": (
            lambda **given: network().mean_cost(**given),
            {**_SAMPLES, "cost": "half_mse", "weight_decay": 0.0},
        ),
        "Network.train": (lambda **given: network().train(**given), {**_SAMPLES, **_TRAINING}),
        "Optimizer": (Optimizer, {"name": "sgd", "learning_rate": 0.1, "momentum": 0.0}),
        "Optimizer adam": (
            Optimizer, {"name": "adam", "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.0}
        ),
        "Optimizer rprop": (
            Optimizer, {"name": "rprop", "etas": (0.5, 1.2), "step_sizes": (1e-6, 50.0)}
        ),
        "RandomStream": (RandomStream, {"seed": 1}),
        "RandomStream.uniform": (lambda **given: RandomStream(1).uniform(**given), {"n": 3}),
        "RandomStream.order": (lambda **given: RandomStream(1).order(**given), {"n": 3}),
        "Exercise.sheet": (task.sheet, {"format": "text", "key": False}),
        "Explanation.report": (explanation.report, {"format": "text"}),
        "Explanation.write_report": (explanation.write_report, {"path": folder / "step.txt"}),
        "check_answer": (
            twinprop.check_answer,
            {"exercise": task, "question": 1, "answer": 0.5, "earlier": None},
        ),
        "check_gradient": (
            twinprop.check_gradient,
            {"network": network(), **_SAMPLES, **_COST_AND_RULE, "weight_decay": 0.0},
        ),
        "compare_rules": (
            twinprop.compare_rules,
            {
                "network": network(), **_SAMPLES, "rules": None, "cost": "half_mse",
                "update_order": "simultaneous", "optimizer": None, "batch_size": 1, "epochs": 1,
                "shuffle": False, "seed": 42, "along": "own", "every": None, "progress": False,
            },
        ),
        "convert_cost": (twinprop.convert_cost, _PENALTY),
        "convert_penalty": (twinprop.convert_penalty, {**_PENALTY, "batch_size": None}),
        "crosscheck": (
            twinprop.crosscheck,
            {"datasets": ["xor"], "engines": ["python"], "require": (), "on_progress": None},
        ),
        "diagnose": (twinprop.diagnose, {"model": network(), **_SAMPLES, "cost": None}),
        "exercise": (
            twinprop.exercise,
            {
                "seed": 1, "level": 1, "layers": None, "activations": "sigmoid",
                "cost": "half_mse", "rule": "gradient", "learning_rate": 0.5,
            },
        ),
        "explain": (
            twinprop.explain,
            {"network": network(), "x": X[:1], "d": D[:1], **_EXPLAIN, "neurons": None},
        ),
        "explain_plan": (twinprop.explain_plan, {"source": plan, "sample": 1, "neurons": None}),
        "from_brain_js": (twinprop.from_brain_js, {"data": _BRAIN}),
        "from_keras_weights": (
            twinprop.from_keras_weights, {"weights": keras, "activations": "sigmoid"}
        ),
        "from_sklearn": (twinprop.from_sklearn, {"mlp": estimator}),
        "from_torch": (twinprop.from_torch, {"module": module, "activations": None}),
        "from_toy_nn": (twinprop.from_toy_nn, {"data": _TOY, "activations": "sigmoid"}),
        "fingerprint": (twinprop.fingerprint, {"source": run(), "engine": "python"}),
        "load_dataset": (twinprop.load_dataset, {"name": "xor"}),
        "plot_cost": (twinprop.plot_cost, {"runs": run(), "log": False, "ax": None}),
        "plot_decision": (
            twinprop.plot_decision,
            {"network": network(), **_SAMPLES, "columns": (1, 2), "resolution": 4, "ax": None},
        ),
        "plot_network": (
            twinprop.plot_network,
            {
                "network": network(), **_SAMPLES, "cost": None, "rule": "gradient", "sample": 1,
                "values": None, "input_names": None, "output_names": None, "ax": None,
            },
        ),
        "plot_rules": (
            twinprop.plot_rules, {"comparison": comparison, "what": "cost", "ax": None}
        ),
        "read_model": (twinprop.read_model, {"source": _model_file(folder)}),
        "read_plan": (twinprop.read_plan, {"source": plan}),
        "run_plan": (twinprop.run_plan, {"plan": plan, "progress": False}),
        "run_plan_on": (twinprop.run_plan_on, {"plan": plan, "engine": "python"}),
        "starting_weights": (
            twinprop.starting_weights, {"layers": [2, 1], "init": "xavier", "seed": 1}
        ),
        "play": (twinprop.play, {"network": network(), **_SAMPLES, "cost": None, "p5": None}),
        "to_html": (
            twinprop.to_html,
            {"network": network(), **_SAMPLES, "path": path, "cost": None, "p5": None},
        ),
        "to_js_function": (twinprop.to_js_function, {"model": network(), "name": "predict"}),
        "to_keras_weights": (twinprop.to_keras_weights, {"model": network()}),
        "to_onnx": (
            twinprop.to_onnx,
            {"model": Network([2, 3, 1], ["tanh", "identity"]), "path": folder / "a.onnx"},
        ),
        "to_r_function": (twinprop.to_r_function, {"model": network(), "name": "predict"}),
        "to_sklearn": (
            twinprop.to_sklearn,
            {"model": Network([2, 3, 1], ["tanh", "identity"]), "classes": None},
        ),
        "to_sql": (
            twinprop.to_sql,
            {
                "model": network(), "table": "data", "columns": ["a", "b"], "keep": (),
                "dialect": "sqlite",
            },
        ),
        "to_torch": (twinprop.to_torch, {"model": network()}),
        "write_model": (twinprop.write_model, {"model": network(), "path": path}),
        "write_run": (twinprop.write_run, {"run": run(), "output": path}),
    }  # fmt: skip


_TOY = {
    "input_nodes": 1,
    "hidden_nodes": 1,
    "output_nodes": 1,
    "weights_ih": {"rows": 1, "cols": 1, "data": [[0.5]]},
    "weights_ho": {"rows": 1, "cols": 1, "data": [[0.5]]},
    "bias_h": {"rows": 1, "cols": 1, "data": [[0.5]]},
    "bias_o": {"rows": 1, "cols": 1, "data": [[0.5]]},
}

_BRAIN = {
    "type": "NeuralNetwork",
    "sizes": [1, 1],
    "layers": [{"weights": [], "biases": []}, {"weights": [[0.5]], "biases": [0.5]}],
    "options": {"activation": "sigmoid"},
}


def _model_file(folder):
    path = folder / "given.twinprop.json"
    twinprop.write_model(network(), path)
    return path
