"""Model files: train in one language, use in another. Twins: r/model_file.R, inst/js/model_file.js.

Section 16 of docs/contract.md; docs/model.schema.json is its schema. A file is JSON: reading it
runs no code. It holds probes, rows with the outputs that the model computed for them when it was
written; the reader computes them anew and refuses the file if they differ.
"""

from __future__ import annotations

import json
import math
import numbers
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from twinprop.activations import ACTIVATIONS
from twinprop.backprop import forward_pass, make_buffers
from twinprop.checks import (
    Array,
    as_list,
    check_choice,
    check_keys,
    check_matrix,
    check_object,
    check_path,
    describe,
)
from twinprop.encoding import (
    NA_ACTIONS,
    TASKS,
    check_all_there,
    encode_inputs,
    unscaled,
)
from twinprop.errors import InputError
from twinprop.json_text import has_odd_string, parse_json
from twinprop.model import Model
from twinprop.network import Network, check_network
from twinprop.plan import read_bytes, write_text
from twinprop.random import RandomStream
from twinprop.version import __version__

MODEL_FORMAT = "twinprop-model/1"

#: The keys of a file, in its order.
MODEL_KEYS = (
    "format",
    "version",
    "task",
    "network",
    "inputs",
    "outputs",
    "na",
    "training",
    "probes",
)

#: By how much a probe's output may differ, of the largest sum of sizes in its net input. Sums in
#: another order and exp in its last bit make 1e-13 of it; a changed digit makes more.
PROBE_TOLERANCE = 1e-9

#: How deep what is known of the training may be nested, so that a reader takes it.
DEEPEST_TRAINING = 90

#: How many probes there are: one for each level of a factor, within these.
FEWEST_PROBES, MOST_PROBES = 4, 20


def read_model(source: str | os.PathLike[str] | Mapping[str, Any]) -> Model:
    """Read a model's file, from whichever language.

    Parameters
    ----------
    source : path, "-" or mapping
        A file, standard input, or what its JSON says.

    Returns
    -------
    Model
        Its `predict` gives what the model gave where it was trained.

    Raises
    ------
    InputError
        If the file cannot be read, is no model, or does not compute the outputs of its probes.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "xor.twinprop.json")
    >>> write_model(Network([2, 4, 1]), path)
    >>> model = read_model(path)
    >>> model
    Model(2-4-1, no task)
    >>> model.predict([[0, 1]]).shape
    (1, 1)
    """
    if isinstance(source, Mapping):
        return model_from_dict(source)
    check_path(source, "path")
    return parse_model(read_bytes(source, "model"))


def parse_model(text: str | bytes) -> Model:
    """Return the model that a file's text says."""
    return model_from_dict(parse_json(text, "model"))


def model_from_dict(value: Any) -> Model:
    """Check what a file says, in the order of its keys, and return the model."""
    check_object(value, "the model")
    found = value.get("format")
    if found != MODEL_FORMAT:
        raise InputError(f'format must be "{MODEL_FORMAT}", got {describe(found)}')
    check_keys(value, "the model", MODEL_KEYS)
    check_all_there(value, "the model", [key for key in MODEL_KEYS if key != "version"])
    if value["task"] is not None:
        check_choice(value["task"], "task", TASKS)
    model = Model(
        _network_from_dict(value["network"]),
        value["task"],
        value["inputs"],
        value["outputs"],
        na=check_choice(value["na"], "na", NA_ACTIONS),
        training=value["training"],
    )
    _check_probes(model, value["probes"])
    return model


def _network_from_dict(value: Any) -> Network:
    keys = ["layers", "activations", "weights", "biases"]
    check_object(value, "network")
    check_keys(value, "network", keys)
    check_all_there(value, "network", keys)
    for key, what in {"weights": "matrix", "biases": "list"}.items():
        if value[key] is None:
            raise InputError(
                f"network.{key} must have one {what} for each layer after the input, got null"
            )
    settings = check_network({**value, "init": "xavier", "seed": 42}, "network.")
    return Network(**settings)


def write_model(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a model's file.

    Parameters
    ----------
    model : Model, Network or estimator
        An estimator that is fitted has its model in `model_`.
    path : path or "-"
        Where to, usually NAME.twinprop.json; "-" is standard output. A file is written beside it
        first and then moved, so that it is never half there.

    Raises
    ------
    InputError
        If it is no model, has an output that is not finite, or cannot be written.

    See Also
    --------
    read_model

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "xor.twinprop.json")
    >>> write_model(Network([2, 4, 1]), path)
    >>> path.read_text().splitlines()[0]
    '{"format": "twinprop-model/1",'
    """
    model = as_model(model)
    check_path(path, "path", 'a path or "-"')
    write_text(format_model(model), path)


def as_model(value: Any) -> Model:
    """Return the model that is, or is in, what a user gives."""
    if isinstance(value, Model):
        return value
    if isinstance(value, Network):
        return Model(value)
    if isinstance(getattr(value, "model_", None), Model):
        return value.model_
    raise InputError(
        f"model must be a Model, a Network or a fitted estimator, got {describe(value)}"
    )


def format_model(model: Model) -> str:
    """Return the text of a model's file: a line for each key, floats to their last bit."""
    fields = model_to_dict(model)
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, allow_nan=False, ensure_ascii=False)}"
        for key, value in fields.items()
    )
    return "{" + ",\n ".join(lines) + "}\n"


def model_to_dict(model: Model) -> dict[str, Any]:
    """Return a model as its file has it."""
    network = model.network
    return {
        "format": MODEL_FORMAT,
        "version": __version__,
        "task": model.task,
        "network": {
            "layers": list(network.layers),
            "activations": list(network.activations),
            "weights": [weights.tolist() for weights in network.weights],
            "biases": [biases.tolist() for biases in network.biases],
        },
        "inputs": model.inputs,
        "outputs": model.outputs,
        "na": model.na,
        "training": plain_json(model.training),
        "probes": _make_probes(model),
    }


def plain_json(value: Any, depth: int = 0) -> Any:
    """Return what JSON can say of a value: arrays as lists, numbers that are not finite as null."""
    if depth > DEEPEST_TRAINING:  # which no reader takes; a list may even hold itself
        raise InputError(f"training must not be nested more than {DEEPEST_TRAINING} deep")
    if isinstance(value, str):
        if has_odd_string(value):
            raise InputError(
                "training must have strings without NUL and without halves of characters"
            )
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {plain_json(str(key)): plain_json(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return plain_json(value.item())
    entries = as_list(value)
    if entries is None:
        raise InputError(
            f"training must be made of numbers, strings, lists and dicts, got {describe(value)}"
        )
    return [plain_json(entry, depth + 1) for entry in entries]


# Probes ---------------------------------------------------------------------------------------


def _make_probes(model: Model) -> dict[str, Any]:
    """Make up rows, none of the user's, and compute their outputs."""
    rows = _probe_rows(model)
    outputs, _ = _probe_outputs(model, rows)
    if not np.isfinite(outputs).all():
        raise InputError("the model has outputs that are not finite")
    return {"rows": rows, "outputs": outputs.tolist()}


def _probe_rows(model: Model) -> list[list[Any]]:
    """Return rows in the order of the columns: numbers about their center, levels in turn."""
    inputs = model.inputs
    if inputs is None:
        count, width = FEWEST_PROBES, model.network.layers[0]
        return (4.0 * RandomStream(1).uniform(count * width).reshape(count, width) - 2.0).tolist()
    columns = inputs["columns"]
    levels = [len(column.get("levels", ())) for column in columns]
    count = min(max(FEWEST_PROBES, *levels), MOST_PROBES)
    moves = 4.0 * RandomStream(1).uniform(count * len(columns)).reshape(count, len(columns)) - 2.0
    return [
        [_probe_value(inputs, column, i, float(move)) for column, move in zip(columns, row)]
        for i, row in enumerate(moves)
    ]


def _probe_value(inputs: Mapping[str, Any], column: Mapping[str, Any], i: int, move: float) -> Any:
    if column["kind"] == "logical":
        return i % 2 == 1
    if column["kind"] == "factor":
        return column["levels"][i % len(column["levels"])]
    if inputs["center"] is not None:
        for j, term in enumerate(inputs["terms"]):
            if [part["column"] for part in term["parts"]] == [column["name"]]:
                return inputs["center"][j] + inputs["scale"][j] * move
    return move


def _probe_outputs(model: Model, rows: list[list[Any]]) -> tuple[Array, Array]:
    """Return the outputs, (n, K), a regression's on its own scale, and their sizes, (K,)."""
    if model.inputs is None:
        x = check_matrix(rows, "probes.rows", model.network.layers[0])
    else:
        x = encode_inputs(model.inputs, rows)
    network = model.network
    forward = make_buffers(network.layers, len(x), [], []).forward
    with np.errstate(over="ignore", invalid="ignore"):
        activations = [ACTIVATIONS[name] for name in network.activations]
        forward_pass(network.weights, network.biases, activations, x, forward)
        sizes = np.abs(forward.a[-2]) @ np.abs(network.weights[-1]).T + np.abs(network.biases[-1])
        size = sizes.max(axis=0)
        outputs = forward.a[-1]
        if model.task == "regression" and model.outputs is not None:
            center, scale = model.outputs["center"], model.outputs["scale"]
            outputs = unscaled(outputs, center, scale)
            if center is not None:
                size = size * np.asarray(scale) + np.abs(np.asarray(center))
    return outputs, size


def _check_probes(model: Model, value: Any) -> None:
    """Compute the outputs of the probes anew and refuse a file in which they differ."""
    check_object(value, "probes")
    check_keys(value, "probes", ["rows", "outputs"])
    check_all_there(value, "probes", ["rows", "outputs"])
    rows = as_list(value["rows"])
    if not rows:
        raise InputError(
            f"probes.rows must be a list of at least 1 rows, got {describe(value['rows'])}"
        )
    wanted = check_matrix(
        value["outputs"], "probes.outputs", model.network.layers[-1], rows=len(rows)
    )
    outputs, size = _probe_outputs(model, rows)
    fits = np.abs(outputs - wanted) <= PROBE_TOLERANCE * size
    if not fits.all():
        i, k = np.argwhere(~fits)[0]
        raise InputError(
            f"the model does not compute the outputs of its probes (row {i + 1}, output {k + 1}: "
            f"{outputs[i, k]:.10g}, in the file {wanted[i, k]:.10g}): "
            "the file was changed or damaged"
        )
