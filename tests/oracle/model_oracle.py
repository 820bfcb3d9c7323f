# What a model predicts, in plain floats: section 16 of docs/contract.md. Twins: none.
"""``predict(model, rows)``: the inputs, outputs, predictions and probabilities of rows."""

import math

import oracle


def level_text(level):
    """A level as text, by which values are found among the levels."""
    if isinstance(level, bool):
        return "TRUE" if level else "FALSE"
    return level if isinstance(level, str) else f"{level:.15g}"


def part_value(part, columns, row):
    """One factor of a term: the number itself, or that of the level in the coding."""
    column = columns[part["column"]]
    value = row[part["column"]]
    if column["kind"] == "numeric":
        return float(value)
    levels = [False, True] if column["kind"] == "logical" else column["levels"]
    return float(part["coding"][[level_text(level) for level in levels].index(level_text(value))])


def encode(inputs, row):
    """The network's inputs for one row, a dict; None if a value is missing."""
    columns = {column["name"]: column for column in inputs["columns"]}
    if any(row.get(name) is None for name in columns):
        return None
    values = [
        math.prod(part_value(part, columns, row) for part in term["parts"])
        for term in inputs["terms"]
    ]
    if inputs["center"] is None:
        return values
    return [(v - c) / s for v, c, s in zip(values, inputs["center"], inputs["scale"])]


def outputs_of(network, x):
    """The network's outputs for one row of inputs."""
    return oracle.forward(network["weights"], network["biases"], network["activations"], x)[1][-1]


def on_their_scale(model, a):
    """A regression's outputs on the scale of the data; others as they are."""
    if model["task"] != "regression" or model["outputs"]["center"] is None:
        return a
    scaling = zip(a, model["outputs"]["center"], model["outputs"]["scale"])
    return [v * s + c for v, c, s in scaling]


def probabilities(model, a):
    """The probabilities of the classes or labels; None where there are none."""
    last = model["network"]["activations"][-1]
    if model["task"] not in ("classification", "multilabel") or last not in ("sigmoid", "softmax"):
        return None
    if model["task"] == "multilabel" or last == "softmax":
        return a
    return [1 - a[0], a[0]] if len(a) == 1 else [v / math.fsum(a) for v in a]


def prediction(model, a):
    """What the model says of one row."""
    if model["task"] == "classification":
        place = int(a[0] > 0.5) if len(a) == 1 else a.index(max(a))
        return model["outputs"]["levels"][place]
    if model["task"] == "multilabel":
        return [int(v > 0.5) for v in a]
    values = on_their_scale(model, a)
    return values[0] if model["task"] == "regression" and len(values) == 1 else values


def predict(model, rows):
    """All that a model says of rows; None for a row that lacks a value."""
    inputs = model["inputs"]
    x = rows if inputs is None else [encode(inputs, row) for row in rows]
    a = [None if row is None else outputs_of(model["network"], row) for row in x]
    return {
        "x": x,
        "raw": a,
        "predictions": [None if row is None else prediction(model, row) for row in a],
        "probabilities": [None if row is None else probabilities(model, row) for row in a],
    }


def with_probes(model, rows):
    """The model with these rows as its probes: lists in the order of the columns."""
    if model["inputs"] is None:
        named = rows
    else:
        names = [column["name"] for column in model["inputs"]["columns"]]
        named = [dict(zip(names, row)) for row in rows]
    raw = predict(model, named)["raw"]
    outputs = [on_their_scale(model, a) for a in raw]
    return {**model, "probes": {"rows": rows, "outputs": outputs}}
